"""The vendor's three ways through a list: by cursor (`page[size]`), by page number, and by the stamp of an export."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from flask import request

from xmo_zendesk.sandbox.answers import TOO_DEEP, Failure, invalid

T = TypeVar("T")
Json = dict[str, Any]
Place = list[Any]
_PAGE = 100
_DEEPEST = 100


def number(name: str, default: int, least: int = 1) -> int:
    """Return a number of the query; raises the failure of one that is none."""
    text = request.args.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        shown = name.replace("[", ".").replace("]", "")
        raise invalid(shown, f"must be a number that is at least {least}")
    return int(text)


def names(parameter: str) -> list[str]:
    """Return the names in a comma-separated parameter."""
    return [name.strip() for name in request.args.get(parameter, "").split(",") if name.strip()]


def ids(parameter: str = "ids") -> list[int]:
    """Return the ids in a comma-separated parameter, at most 100 of them."""
    found = names(parameter)
    if len(found) > _PAGE or not all(each.isdecimal() for each in found):
        raise invalid(parameter, f"must be at most {_PAGE} ids with commas between them")
    return [int(each) for each in found]


def url(**changes: object) -> str:
    """Return the address of this request with some parameters changed, or left out where the change is None."""
    args = {**request.args.to_dict(), **changes}
    return f"{request.base_url}?{urlencode({name: value for name, value in args.items() if value is not None})}"


def pages(
    key: str, rows: Sequence[T], show: Callable[[Sequence[T]], Sequence[Json]], place: Callable[[T], Place]
) -> Json:
    """Return one page of a list whose rows lie in ascending order of `place`, by cursor or by number."""
    if "page[size]" in request.args or "page[after]" in request.args:
        return cursor_pages(key, rows, show, place)
    return _by_number(key, rows, show)


def cursor_pages(
    key: str, rows: Sequence[T], show: Callable[[Sequence[T]], Sequence[Json]], place: Callable[[T], Place]
) -> Json:
    """Return one page of such a list by cursor alone; `sort` with a minus goes through it from its end."""
    size = number("page[size]", _PAGE)
    if size > _PAGE:
        raise invalid("page.size", f"must be a number that is at most {_PAGE}")
    backwards = request.args.get("sort", "").startswith("-")
    after = request.args.get("page[after]")
    if after is not None:
        there = _decoded(after)
        rows = [row for row in rows if (place(row) < there if backwards else place(row) > there)]
    shown = (rows[::-1] if backwards else rows)[:size]
    more = len(rows) > len(shown)
    before, behind = (_encoded(place(shown[0])), _encoded(place(shown[-1]))) if shown else (None, None)
    following = url(**{"page[after]": behind}) if more else None
    meta = {"has_more": more, "after_cursor": behind, "before_cursor": before}
    return {key: show(shown), "meta": meta, "links": {"prev": None, "next": following}}


def _by_number(key: str, rows: Sequence[T], show: Callable[[Sequence[T]], Sequence[Json]]) -> Json:
    size, page = min(number("per_page", _PAGE), _PAGE), number("page", 1)
    if page > _DEEPEST:
        raise Failure(400, TOO_DEEP)
    if request.args.get("sort_order") == "desc":
        rows = rows[::-1]
    shown = rows[(page - 1) * size : page * size]
    following = url(page=page + 1) if len(rows) > page * size else None
    previous = url(page=page - 1) if page > 1 else None
    return {key: show(shown), "next_page": following, "previous_page": previous, "count": len(rows)}


def stamped(cursor: str) -> tuple[int, int]:
    """Return the change stamp and the id behind which an export goes on. Cursors stay good for ever."""
    stamp, _, key = _opened(cursor).removesuffix("|").partition("||")
    try:
        return int(float(stamp)), int(key)
    except ValueError as error:
        raise invalid("cursor", "is not a cursor") from error


def stamp_cursor(place: tuple[int, int]) -> str:
    """Return the cursor of a place in an export."""
    return _closed(f"{place[0]}.0||{place[1]}|")


def _encoded(place: Place) -> str:
    return _closed(orjson.dumps(place).decode())


def _decoded(cursor: str) -> Place:
    try:
        place = orjson.loads(_opened(cursor))
    except orjson.JSONDecodeError as error:
        raise invalid("page.after", "is not a cursor") from error
    return list(place) if isinstance(place, list) else [place]


def _closed(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(cursor: str) -> str:
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError as error:
        raise invalid("cursor", "is not a cursor") from error


def root() -> str:
    """Return the address of the account, with a slash at its end."""
    return request.host_url
