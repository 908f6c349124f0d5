"""The channel: whom it reaches, and one mail for one question."""

from collections.abc import Iterable

from xmo_hooks import Contact, Finding, Message, NotFound, Occasion, Receipt, Tools
from xmo_mail.addresses import Mailbox, address, mailbox
from xmo_mail.message import build, reference
from xmo_mail.options import Options
from xmo_mail.server import Server

_SAFE = {"starttls": "encrypted (STARTTLS)", "tls": "encrypted (TLS)", "none": "unencrypted, on this machine"}


class Mail:
    """A mailbox that questions are sent from."""

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options, self._tools = options, tools
        self._server = Server(options)

    def check(self) -> Iterable[Finding]:
        """Connect, log in and ask whether the sender may send; deliver nothing."""
        options = self._options
        with self._server.connected() as conversation:
            conversation.try_sender(options.sender.addr_spec)
        whom = "with the log-in" if options.username else "without a log-in"
        text = f"{self._server.name} takes mail of the sender: {_SAFE[options.security]}, {whom}."
        yield Finding(level="ok", text=text)
        if options.domains:
            only, fix = ", ".join(sorted(options.domains)), "Take domains out when the first try has gone well."
            yield Finding(level="note", text=f"Only addresses at {only} are written to.", fix=fix)

    def reaches(self, to: Contact, occasion: Occasion) -> bool:  # noqa: ARG002 - the contract's; mail carries any
        """Say whether the person has an address that can be written to, in one of the domains."""
        return self._box(to) is not None

    def deliver(self, to: Contact, message: Message) -> Receipt:
        """Send one mail on a connection of its own; the reference is its Message-ID."""
        box, options = self._box(to), self._options
        if box is None:
            raise NotFound("The person has no address that this channel writes to.")
        now = self._tools.now()
        receiver = address(to.name, box)
        mail = bytes(build(message, sender=options.sender, to=receiver, reply_to=options.reply_to, at=now))
        with self._server.connected() as conversation:
            conversation.hand_over(options.sender.addr_spec, str(box), mail)
        return Receipt(reference=reference(message.marker, options.sender), at=now)

    def _box(self, to: Contact) -> Mailbox | None:
        box, domains = mailbox(to.email), self._options.domains
        return box if box and (not domains or box.domain in domains) else None
