"""How numbers, times and names are written, in one place, so that they are written alike everywhere."""

import re
import unicodedata
from calendar import month_abbr, month_name
from datetime import datetime
from textwrap import wrap

from xmo_hooks import Figure

HIDDEN = "hidden"
EMPTY = "no answers yet"
TOO_FEW = "too few answers to tell"
MINUS, THIN = "\N{MINUS SIGN}", "\N{NARROW NO-BREAK SPACE}"
INTERVAL = f"95{THIN}% interval"
FEELINGS = {"very_bad": "very bad", "bad": "bad", "neither": "neither", "good": "good", "very_good": "very good"}
MEASURES = {
    "net": "net feeling",
    "positive": "good",
    "negative": "bad",
    "in_time": "in time",
    "unhappy_in_time": "in time, yet unhappy",
    "judged": "ended, with an SLA verdict",
}
_TURNS_TEXT_ROUND = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z")


def clean(text: str) -> str:
    """Return a vendor's word as one line that can be shown anywhere: no control characters, nothing that turns the
    direction of the text around it, no half characters."""
    kept = (" " if unicodedata.category(c) == "Cc" else c for c in text if unicodedata.category(c) != "Cs")
    return " ".join(_TURNS_TEXT_ROUND.sub("", "".join(kept)).split())


def shorten(text: str, columns: float) -> str:
    """Cut a text to about `columns` average letters, with an ellipsis; wide letters count for more."""
    room = columns
    for at, letter in enumerate(text):
        room -= _width(letter)
        if room < 0:
            return text[: max(at - 1, 1)].rstrip() + "…"
    return text


def measure(name: str) -> str:
    """Name a measure in words."""
    return MEASURES.get(name, clean(name.replace("_", " ")))


def headed(text: str) -> str:
    """Write a word as the head of a column: `Service`, but `SLA`."""
    return text[:1].upper() + text[1:]


def number(value: float, unit: str) -> str:
    """Write a number of a figure's unit: `+47`, `61 %`, `1,986`."""
    if unit == "net":
        whole = round(value)
        return "0" if whole == 0 else f"{whole:+d}".replace("-", MINUS)
    if unit == "share":
        return percent(value)
    return f"{value:,.0f}".replace("-", MINUS)


def percent(share: float) -> str:
    """Write a fraction as a whole percentage."""
    return f"{share * 100:.0f}{THIN}%"


def value(figure: Figure) -> str:
    """Write a figure's number; where it is hidden, missing or without an interval, say so instead."""
    if figure.hidden:
        return HIDDEN
    if figure.value is None:
        return EMPTY
    alone = figure.unit != "count" and None in (figure.low, figure.high)
    return TOO_FEW if alone else number(figure.value, figure.unit)


def interval(figure: Figure) -> str:
    """Write the 95 % interval of a figure, empty where it has none (a count of rows)."""
    if figure.hidden or figure.unit == "count" or figure.low is None or figure.high is None:
        return ""
    if figure.unit == "share":
        return f"{figure.low * 100:.0f} to {figure.high * 100:.0f}{THIN}%"
    return f"{number(figure.low, figure.unit)} to {number(figure.high, figure.unit)}"


def answers(n: int) -> str:
    """Write how many answers stand behind a number."""
    return "1 answer" if n == 1 else f"{n:,} answers"


def is_month(key: str) -> bool:
    """Tell whether a key names a calendar month, as 2026-06."""
    return _MONTH.match(key) is not None


def month(key: str, *, short: bool = False) -> str:
    """Write a month's key out: `June 2026`, or `Jun`."""
    year, of_year = key.split("-")
    return month_abbr[int(of_year)] if short else f"{month_name[int(of_year)]} {year}"


def moment(at: datetime) -> str:
    """Write when the report was made: `8 July 2026, 06:00 UTC`."""
    return f"{at.day} {month_name[at.month]} {at.year}, {at:%H:%M} UTC"


def joined(names: list[str], *, most: int) -> str:
    """Join names as one says them, `A and B` or `A, B and 2 more`; quoted where a name would be taken for two."""
    if len(names) == 1:
        return names[0]
    if any(" and " in name or "," in name for name in names):
        names = [f"“{name}”" for name in names]
    more = [f"{len(names) - most} more"] if len(names) > most else []
    *first, last = names[:most] + more
    return f"{', '.join(first)} and {last}"


def wrapped(text: str, columns: int) -> list[str]:
    """Break a name into two lines at most; the second is cut where it is too long."""
    first, *more = wrap(text, columns, break_long_words=False) or [text]
    return [shorten(first, columns + 1), *([shorten(" ".join(more), columns)] if more else [])]


def _width(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 1.35 if letter.isupper() or letter in "mw@%" else 1
