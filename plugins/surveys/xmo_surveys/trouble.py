"""Which trouble is meant, in words that the person knows it by."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from xmo_hooks import Invitation
from xmo_surveys.catalogue import Catalogue

_SHOWN = 150  # letters of a title that are never cut off


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What the page says about the occasion; `title` is the person's own words where the vendor has them, `number` None
    where they name it already."""

    title: str | None
    number: str | None
    span: str
    expires: str


def describe(invitation: Invitation, words: Catalogue) -> Trouble:
    """Name the ticket and the days on which it began and ended, as the person's calendar shows them."""
    ticket, zone = invitation.occasion.ticket, _zone(invitation.occasion.person.timezone)
    opened, ended = _day(ticket.opened_at, zone), _day(invitation.occasion.at, zone)
    began = words.dates.write(opened, year=opened.year != ended.year)
    form = words.page["one_day" if opened == ended else "span"]
    return Trouble(
        title=ticket.title,
        number=None if _names(ticket.title or "", ticket.number) else ticket.number,
        span=form.format(opened=began, ended=words.dates.write(ended, year=opened.year != ended.year)),
        expires=words.page["expires"].format(date=words.dates.write(_day(invitation.expires_at, zone), year=False)),
    )


def _names(title: str, number: str) -> bool:
    """Tell whether the number stands in the part of the title that the page shows."""
    return re.search(rf"(?<!\w){re.escape(number)}(?!\w)", title[:_SHOWN], re.IGNORECASE) is not None


def _zone(name: str | None) -> tzinfo:
    """Return the person's zone, or UTC where the vendor names one that this machine does not know."""
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()
