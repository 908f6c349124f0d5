"""The mail that carries one question."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from xmo_hooks import Message
from xmo_mail.addresses import one_line

# For words that came without a subject. It tells nobody who looks over a shoulder what the question is about.
SUBJECT = "One question"


def reference(marker: str, sender: Address) -> str:
    """Return the Message-ID: always the same for one question, so that who gets it twice by any chance sees it once."""
    part = "".join(each for each in marker.removeprefix("xmo:") if each.isascii() and (each.isalnum() or each in "-_"))
    return f"<xmo.{part}@{sender.domain}>"


def build(message: Message, *, sender: Address, to: Address, reply_to: Address | None, at: datetime) -> EmailMessage:
    """Build the mail: plain text, which every reader shows, and headers that keep absence notes away (RFC 3834)."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = to
    if reply_to is not None:
        mail["Reply-To"] = reply_to
    mail["Subject"] = one_line(message.subject) or SUBJECT
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = reference(message.marker, sender)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    # quoted-printable: 7 bits and short lines, which every server on the way takes as they are
    text = message.text.encode("utf-8", "replace").decode("utf-8")
    mail.set_content(text, charset="utf-8", cte="quoted-printable")
    return mail
