"""Listening to what a plugin says of itself: what it raises, and where something stands in it."""

import base64
import binascii
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from xmo_hooks import BadRecord

SHORTEST = 4  # shorter values stand in half of all words
# Where something may be heard, and what to do about what must not be.
MEND = {
    "an error": "Raise one in words of your own, and `from None` where the one below it holds more.",
    "a log": "Leave it out of what you log, and keep libraries below you from logging it.",
    "stdout": "Print nothing.",
    "stderr": "Print nothing.",
    "`repr` of the channel": "Keep it out of that.",
}
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")


def raised(action: Callable[[], Any]) -> Iterator[str]:
    """Do something that may fail, and yield all that the error says: its traceback, its causes, its hint."""
    try:
        action()
    except BadRecord as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is: what it says is listened to
        yield "".join(traceback.format_exception(error)) + getattr(error, "hint", "")


def decoded(text: str) -> str:
    """Return what stands in a text in base64, as log-ins and mails are sent."""
    return "\n".join(_plain(found) for found in _BASE64.findall(text.replace("\\r", "\r").replace("\\n", "\n")))


def standing(heard: Mapping[str, str], value: str) -> str:
    """Say in what a value stands of all that was heard, show the place without it, and say what to do; "" for
    nowhere."""
    return next((f"{where}: {around(text, value)} {MEND[where]}" for where, text in heard.items() if value in text), "")


def around(text: str, found: str) -> str:
    """Show the place where something was found, without it."""
    at = text.index(found)
    return f"…{text[max(0, at - 80) : at]}***{text[at + len(found) : at + len(found) + 40]}…"


def _plain(words: str) -> str:
    try:
        return base64.b64decode(words, validate=True).decode("utf-8", "replace").replace("\0", "\n")
    except binascii.Error:
        return ""
