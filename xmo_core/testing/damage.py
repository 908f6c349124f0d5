"""Damaging raw rows: every value of a row in turn, in every way that vendors, imports and proxies have."""

import re
from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta, timezone
from typing import Any

MISSING = object()
JUNK: tuple[Any, ...] = (
    MISSING,
    None,
    "",
    "?",
    0,
    -1,
    10**20,
    1.5,
    True,
    [],
    {},
    ["?"],
    {"?": "?"},
    "0001-01-01T00:00:00+14:00",
)
_DATED = re.compile(r"\d{4}-\d\d-\d\d")
_ZONED = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_ELSEWHERE = (timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-3)))
_WIDTH, _DEPTH = 3, 5
Path = tuple[Any, ...]


def paths(value: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the place of each value inside a row; of long lists the first ones."""
    inner: Iterator[Any] = iter(())
    if isinstance(value, Mapping):
        inner = iter(value)
    elif isinstance(value, list):
        inner = iter(range(min(len(value), _WIDTH)))
    for step in inner if len(at) < _DEPTH else ():
        yield (*at, step)
        yield from paths(value[step], (*at, step))


def put(value: Any, path: Path, new: Any) -> Any:
    """Return a copy with another value at a place; the original stays as it is."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, Mapping) else list(value)
    if new is MISSING and len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = put(copy[path[0]], path[1:], new)
    return copy


def names(value: Any) -> Iterator[str]:
    """Yield every name that stands in an answer: what else is in a row, the plugin has written there itself."""
    if isinstance(value, Mapping):
        yield from value
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from names(inner)


def damaged(row: Mapping[str, Any], sent: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield where the row was damaged and how, and the row. Damaged is what the vendor sent, by these names."""
    for path in paths(row):
        if not all(step in sent for step in path if isinstance(step, str)):
            continue
        for junk in JUNK:
            words = "missing" if junk is MISSING else repr(junk)
            yield f"{'.'.join(map(str, path))} = {words}", put(row, path, junk)


def undated(found: Any, row: Mapping[str, Any], keys: Set[str]) -> Any:
    """Return an answer in which no date of one row can be read: the row as it came out of a fetch, perhaps with more
    in it than the vendor sent, and the keys of the tickets that it is about."""
    if isinstance(found, list):
        return [_broken(one) if _is_one(one, row, keys) else undated(one, row, keys) for one in found]
    if isinstance(found, dict):
        return {name: undated(one, row, keys) for name, one in found.items()}
    return found


def moved(value: Any) -> Any:
    """Return a row with each time that names its offset written in another one: the same instants."""
    if isinstance(value, Mapping):
        return {name: moved(one) for name, one in value.items()}
    if isinstance(value, list):
        return [moved(one) for one in value]
    found = _ZONED.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    known = datetime.fromisoformat(f"{found[1]}{found[3]}")
    at = known.astimezone(next(zone for zone in _ELSEWHERE if zone.utcoffset(None) != known.utcoffset()))
    written = at.isoformat(timespec="seconds")
    offset = written[19:].replace(":", "") if found[3] != "Z" and ":" not in found[3] else written[19:]
    return f"{written[:19]}{found[2] or ''}{offset}"


def _is_one(sent: Any, row: Mapping[str, Any], keys: Set[str]) -> bool:
    """Tell whether this is what the row was made of: it names the ticket, and most of its values stand in the row."""
    plain = {k: v for k, v in sent.items() if isinstance(v, str | int)} if isinstance(sent, dict) else {}
    same = {str(value) for name, value in plain.items() if row.get(name) == value}
    shared = sum(row.get(name) == value for name, value in plain.items())
    return bool(same & keys) and shared > len(plain) / 2


def _broken(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _broken(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_broken(one) for one in value]
    return "yesterday" if isinstance(value, str) and _DATED.match(value) else value
