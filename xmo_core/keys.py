"""The one secret of a site, and what hangs on it: pseudonyms, the draw, invitation ids and the tokens in links."""

import base64
import hmac

from xmo_hooks import Contact


class Keys:
    """Derives a key of its own for each purpose, so that none gives away another."""

    def __init__(self, secret: str) -> None:
        purposes = ("person", "draw", "invitation", "token")
        keys = (hmac.digest(secret.encode(), f"xmo {purpose}".encode(), "sha256") for purpose in purposes)
        person, self._draw, self._invitation, self._token = keys
        self._person = hmac.new(person, digestmod="sha256")

    def pseudonym(self, source: str, contact: Contact) -> str:
        """Return the same 32 hex digits for the same e-mail address in every source; without one, for the same key in
        this source."""
        who = f"mail\0{contact.email.strip().lower()}" if contact.email else f"{source}\0{contact.key}"
        digest = self._person.copy()  # half of the work is done for all
        digest.update(who.encode())
        return digest.hexdigest()[:32]

    def draw(self, occasion: str) -> float:
        """Return a number from 0 up to 1 that is always the same for this occasion, so that replays agree."""
        return int.from_bytes(hmac.digest(self._draw, occasion.encode(), "sha256")[:6]) / 2**48

    def invitation(self, occasion: str) -> str:
        """Return the opaque id of this occasion's invitation: the same one after a restored backup, so that its marker
        is found again."""
        return _text(hmac.digest(self._invitation, occasion.encode(), "sha256")[:12])

    def token(self, invitation: str) -> str:
        """Sign an invitation's id for its link. When it ends stands in the store, and obeys the run's clock."""
        return f"{invitation}.{self._signature(invitation)}"

    def invitation_of(self, token: str) -> str | None:
        """Return the invitation's id of a token that we signed, else None."""
        invitation, _, signature = token.partition(".")
        ours = self._signature(invitation)
        return invitation if hmac.compare_digest(signature.encode(errors="surrogatepass"), ours.encode()) else None

    def _signature(self, invitation: str) -> str:
        return _text(hmac.digest(self._token, invitation.encode(errors="surrogatepass"), "sha256")[:18])


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
