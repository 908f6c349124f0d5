"""Which mail addresses a message is handed over for, in the form in which SMTP carries them."""

import re
from dataclasses import dataclass
from email.headerregistry import Address

import idna

# The plain form of RFC 5321, 4.1.2, without quotes: what people have, and nothing that two servers read in two ways.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+(?!\d+\Z){_LABEL}")
_WRITTEN = re.compile(r'(?:"?(?P<name>[^"<>]*?)"?\s*<(?P<inner>[^<>]*)>|(?P<bare>[^<>]*))')
_LONGEST_LOCAL, _LONGEST = 64, 254
_ENCODED = "=?"  # begins an encoded word (RFC 2047): decoded, it may hold a line break, and behind it a header
# In bytes; a name that fits one line: where it needs two, the library may put a space into the middle of a word, and
# take away the quotes around a comma, behind which another address would begin.
_LONGEST_NAME = 45


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address in ASCII: what stands before the @, and the domain behind it in small letters."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def domain(text: str) -> str | None:
    """Return a domain in ASCII and small letters, or None where it is none that mail goes to. Never raises."""
    try:
        # the rules of 2008: by the older ones of the standard library, ß is ss, which may be somebody else's domain
        plain = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError:
        return None
    return plain if _DOMAIN.fullmatch(plain) else None


def mailbox(text: str | None) -> Mailbox | None:
    """Return the address, or None where it does not look like one that can be written to. Never raises."""
    local, _, behind = (text or "").rpartition("@")
    found = domain(behind)
    if found is None or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local) or _ENCODED in local:
        return None
    return Mailbox(local, found) if len(local) + len(found) < _LONGEST else None


def named(text: str) -> Address | None:
    """Read an address as a config has it, `NAME <ADDRESS>` or the address alone; None where it is none."""
    written = _WRITTEN.fullmatch(text.strip())
    box = mailbox(written["inner"] or written["bare"]) if written else None
    if written is None or box is None:
        return None
    name = written["name"] or ""
    return address(name, box) if fits(name) else None


def address(name: str | None, box: Mailbox) -> Address:
    """Return what stands in a header: the address, and the name before it where that fits on a line."""
    shown = one_line(name or "")
    return Address(shown if fits(shown) else "", addr_spec=str(box))


def fits(name: str) -> bool:
    """Tell whether a name can stand in a header as it is."""
    return len(name.encode("utf-8", "replace")) <= _LONGEST_NAME


def one_line(text: str) -> str:
    """Return the text for a header: one line, nothing unprintable, and nothing that is taken for an encoded word."""
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.replace(_ENCODED, "= ?").split())
