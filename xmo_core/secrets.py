"""Values that nobody may read in a log, an error or a traceback, and the filter that takes them out of any text."""

import hmac
import json
import re
from urllib.parse import quote, urlsplit

_NAMES = frozenset({"password", "token", "key", "secret", "api_key", "private_key"})
_ENDINGS = ("_password", "_token", "_secret")
_SHORTEST = 4  # shorter ones would black out half of every text, and protect nothing
_HEADER = re.compile(r"\b(basic|bearer)\s+[\w+/=.~-]{8,}", re.IGNORECASE)
_INVITED = re.compile(r"(?<![\w-])[\w-]{16}\.[\w-]{24}(?![\w-])")  # the token of an invitation: see `Keys.token`
_USERINFO = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
_known: dict[str, None] = {}


class Secret:
    """A value that prints `***`. `reveal` gives it to whoever has to send or sign with it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        learn(value)

    def reveal(self) -> str:
        """Return the value itself; called where it is used, never where it is shown."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not copied to disk or to another process")


def is_secret(option: str) -> bool:
    """Tell by its name whether a config option holds a secret."""
    return option in _NAMES or option.endswith(_ENDINGS)


def learn(value: str) -> None:
    """Remember a value that `redact` takes out from now on, also as it looks in a URL, in JSON and in a `repr`."""
    if len(value) >= _SHORTEST:
        in_json = (json.dumps(value, ensure_ascii=plain)[1:-1] for plain in (True, False))
        _known.update(dict.fromkeys((value, quote(value), quote(value, safe=""), repr(value)[1:-1], *in_json)))


def learn_url(url: str) -> None:
    """Remember the password of a URL (store, proxy), where it has one."""
    if password := urlsplit(url).password:
        learn(password)


def redact(text: str) -> str:
    """Return the text with every known secret, credential header, URL password and invitation's token replaced by
    `***`: a server that fails logs the path that was asked for, and whoever reads it there could answer."""
    for value in sorted(_known, key=len, reverse=True):
        if value in text:
            text = text.replace(value, "***")
    return _INVITED.sub("***", _USERINFO.sub("***", _HEADER.sub(r"\1 ***", text)))
