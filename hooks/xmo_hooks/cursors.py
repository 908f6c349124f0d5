"""The three usual ways through a vendor's changes, as bodies for `Source.fetch`: each yields pages, oldest change
first, whose cursor says where the next run goes on. `get`, which a plugin brings, fetches one page. All of them raise
`Unavailable` when a vendor returns the same page, or empty ones, for ever."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from xmo_hooks.errors import BadRecord, Unavailable
from xmo_hooks.records import Json, Page, Row

__all__ = ["by_keyset", "by_token", "by_window"]
Rows = Sequence[Row]
Place = tuple[datetime, str]
Timed = Callable[[Row], Place]
Behind = Callable[[Place | None], Rows]
Asked = Callable[[datetime | None, Json], tuple[Rows, Json]]
_LATE = timedelta(minutes=5)  # what a vendor's clocks, and the index that it answers from, are usually off by
_EMPTY = 1_000  # pages in a row: a vendor may leave out what an account may not see, but hardly so much
_REMEMBERED = 1_000  # rows of an overlap, by key; those past it are yielded again, which changes nothing in the store


class _Turns:
    """Notices a way that comes round again, by one remembered step, moved at 1, 2, 4, 8 … (Brent, BIT 20, 1980)."""

    def __init__(self, start: Json) -> None:
        self._start, self._rows, self._taken, self._until = start, list[Row](), 0, 1
        self._empty = 0

    def take(self, step: Json, rows: Rows) -> None:
        if step == self._start or (rows and list(rows) == self._rows):
            hint = "Look whether what `get` is handed reaches the vendor, in the vendor's own words."
            raise Unavailable("The vendor returns the same page again and again.", hint=hint)
        self._empty = 0 if rows else self._empty + 1
        if self._empty == _EMPTY:
            hint = "Let `get` return None in place of a token for what comes next where nothing does."
            raise Unavailable(f"The vendor returned {_EMPTY} empty pages, each with a token for the next.", hint=hint)
        self._rows, self._taken = list(rows), self._taken + 1
        if self._taken == self._until:
            self._start, self._until = step, 2 * self._until


def by_token(get: Callable[[Json], tuple[Rows, Json]], cursor: Json) -> Iterator[Page]:
    """Follow tokens: `get(token)` returns the rows behind a token (None: from the beginning) and the vendor's next one.
    Ends where that is None, or the same and the page empty. The last token is kept: the next run asks with it again."""
    turns = _Turns(cursor)
    while True:
        rows, after = get(cursor)
        if after is None or (after == cursor and not rows):
            if rows:
                yield Page(rows=rows, cursor=cursor)
            return
        turns.take(after, rows)
        yield Page(rows=rows, cursor=after)
        cursor = after


def by_keyset(get: Behind, place: Timed, cursor: Json, overlap: timedelta = _LATE) -> Iterator[Page]:
    """Go on behind the last row: `place(row)` is its (time of change in UTC, key); `get((time, key))` returns what
    changed later, or then with a greater key, sorted by both (None: from the beginning). A run begins `overlap` before
    the newest row of the last one: in the instant up to which was read, and shortly before, rows may have changed
    since. So rows come again, and none is lost. Ends with an empty page, or with one row that does not say where it
    stands."""
    newest = (datetime.fromisoformat(cursor[0]), cursor[1]) if cursor else None
    last = (newest[0] - overlap, newest[1]) if newest else None
    turns = _Turns(last)
    while rows := get(last):
        found = [at for row in rows if (at := _placed(place, row))]
        if not found:
            yield Page(rows=rows, cursor=cursor)
            if len(rows) == 1:  # the newest one, for quarantine: the next run goes on once another has changed
                return
            raise Unavailable("A whole page of rows does not say when they changed: what lies behind is out of reach.")
        last = found[-1]
        turns.take(last, rows)
        if newest is None or last[0] >= newest[0]:  # in the overlap it stays: runs that are cut off must not go back
            newest, cursor = last, [last[0].isoformat(), last[1]]
        yield Page(rows=rows, cursor=cursor)


def by_window(get: Asked, place: Timed, cursor: Json, since: datetime | None, overlap: timedelta) -> Iterator[Page]:
    """Ask for what changed at a time or later, sorted by it: `get(start, token)` returns rows, and the vendor's token
    for the next page of the same question (None: it is the last). `place(row)` is (time of change in UTC, key). The
    question moves on with the rows, so pages may be offsets. A run begins `overlap` before the newest row of the last
    one, for an index that lags; rows that were seen in it and are word for word the same are left out."""
    known = _Known(cursor, overlap)
    start, token, turns = known.at - overlap if known.at else since, None, _Turns(None)
    while True:
        rows, token = get(start, token)
        times = [placed[0] for row in rows if (placed := _placed(place, row))]
        if times != sorted(times):
            raise Unavailable("A page is not sorted by time of change, oldest first: rows would be lost.")
        if fresh := [row for row in rows if known.is_news(row, _placed(place, row))]:
            yield Page(rows=fresh, cursor=known.cursor())
        if token is None:
            return
        if times and (start is None or times[-1] > start):
            start, token, turns = times[-1], None, _Turns(None)
        else:
            turns.take(token, rows)


class _Known:
    """How far a window was read, and what was seen in its overlap."""

    def __init__(self, cursor: Json, overlap: timedelta) -> None:
        self.at = datetime.fromisoformat(cursor["at"]) if cursor else None
        self._seen: dict[str, list[str]] = dict(cursor["seen"]) if cursor else {}
        self._overlap = overlap

    def is_news(self, row: Row, placed: Place | None) -> bool:
        if placed is None:
            return True
        (on, key), self.at = placed, max(placed[0], self.at or placed[0])
        # the time alone would not do: a row may change again within the instant in which it was read
        before, self._seen[key] = self._seen.get(key), [on.isoformat(), _digest(row)]
        return self._seen[key] != before

    def cursor(self) -> Json:
        first = (self.at - self._overlap).isoformat() if self.at else ""
        kept = sorted((seen, key) for key, seen in self._seen.items() if seen[0] >= first)[-_REMEMBERED:]
        self._seen = {key: seen for seen, key in kept}
        return {"at": self.at.isoformat(), "seen": dict(self._seen)} if self.at else None


def _digest(row: Row) -> str:
    return blake2b(json.dumps(dict(row), sort_keys=True, default=str).encode(), digest_size=8).hexdigest()


def _placed(place: Callable[[Row], Any], row: Row) -> Any:
    """Return the place of a row, or None where it does not say: that is for `parse` to refuse, one row by itself."""
    try:
        return place(row)
    except (ArithmeticError, BadRecord, LookupError, TypeError, ValueError):
        return None
