"""What a request asks for, read from its address or its body, and the tokens that lead to further pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any

import orjson
from flask import request

from xmo_jira.sandbox.answers import INVALID, Failure
from xmo_jira.sandbox.clock import DAY
from xmo_jira.sandbox.shape import EVERY

TOKEN_LIFE = 7 * DAY
MOST_PROPERTIES = 5


def root(*, cloud: bool) -> str:
    """Return the address that links begin with: on the Cloud the site's own, whichever gateway the request came by."""
    return request.host_url if cloud else request.root_url


def body(known: Collection[str] = (), needed: Collection[str] = ()) -> dict[str, Any]:
    """Return the JSON object that was sent. Raises `Failure`: 415 for another type, 400 for what is no object, holds a
    key that the API does not know (`known`; empty: all) or lacks one."""
    if request.mimetype != "application/json":
        raise Failure(415, "Content-Type must be application/json.")
    try:
        sent = orjson.loads(request.get_data())
    except orjson.JSONDecodeError as error:
        raise Failure(400, INVALID) from error
    if not isinstance(sent, dict) or (known and set(sent) - set(known)) or set(needed) - set(sent):
        raise Failure(400, INVALID)
    return sent


def words(value: Any) -> list[str]:
    """Return a list of words from an address (`a,b`, or repeated) or from a body (an array, or `a,b`)."""
    if value is None:
        return []
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    if not isinstance(value, Sequence) or any(isinstance(word, (dict, list)) for word in value):
        raise Failure(400, INVALID)
    return [word for each in value for word in words(str(each))]


def listed(name: str) -> list[str]:
    """Return a list of words from the address."""
    return words(request.args.getlist(name))


def number(value: Any, name: str, default: int) -> int:
    """Return a number that is not negative, else `default` where there is none. Raises `Failure` (400)."""
    if value is None:
        return default
    if isinstance(value, bool) or not str(value).isdecimal():
        raise Failure(400, f"The value for {name} must be a number that is not negative.")
    return int(value)


def flag(name: str, *, default: bool) -> bool:
    """Return a truth value from the address."""
    return request.args.get(name, str(default)).lower() == "true"


def fields(wanted: Sequence[str], default: Sequence[str]) -> list[str]:
    """Return the fields that are asked for: names, `*all`, `*navigable`, and `-name` for one to leave out. A name that
    is none is left out without a word, as the vendor does."""
    chosen = [name for name in wanted if not name.startswith("-")] or list(default if not wanted else EVERY)
    if "*all" in chosen:
        chosen = list(EVERY)
    elif "*navigable" in chosen:
        chosen = [name for name in EVERY if name != "comment"] + chosen
    left_out = {name[1:] for name in wanted if name.startswith("-")}
    return [name for name in dict.fromkeys(chosen) if name in EVERY and name not in left_out]


def properties(wanted: Sequence[str]) -> list[str]:
    """Return the issue properties that are asked for. Raises `Failure` (400) for more than the vendor allows."""
    if len(wanted) > MOST_PROPERTIES:
        raise Failure(400, f"The number of properties must not exceed {MOST_PROPERTIES}.")
    return list(wanted)


def token(about: str, place: Any, now: int) -> str:
    """Return an opaque token for the page behind `place`; it is good for the same question alone, for seven days."""
    told = orjson.dumps([place, now])
    return urlsafe_b64encode(_seal(about, told) + told).decode().rstrip("=")


def place(text: str, about: str, now: int) -> Any:
    """Return the place that a token leads to. Raises `Failure` (400) for a token of another question, or too old."""
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    if not raw or raw[:8] != _seal(about, raw[8:]):
        raise Failure(400, "The provided nextPageToken is not valid for this request.")
    found, issued = orjson.loads(raw[8:])
    if now - issued > TOKEN_LIFE:
        raise Failure(400, "The provided nextPageToken has expired.")
    return found


def _seal(about: str, told: bytes) -> bytes:
    return blake2b(about.encode() + b"\0" + told, digest_size=8).digest()
