"""The texts in each language, and which language a person reads. A further language is one more file."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "de")  # the first is spoken where no other fits


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The words of one question: its text, and the label of each option by code."""

    text: str
    options: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """How dates are written: the names, from Monday and January on, and the order of the parts."""

    weekdays: Sequence[str]
    months: Sequence[str]
    day: str
    day_and_year: str

    def write(self, day: date, *, year: bool) -> str:
        """Write a day in words, with its year where that helps."""
        form = self.day_and_year if year else self.day
        weekday, month = self.weekdays[day.weekday()], self.months[day.month - 1]
        return form.format(weekday=weekday, day=day.day, month=month, year=day.year)


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalogue:
    """All texts in one language: `page` and `notices` for the pages, `comment` for the ticket, with `subject` for a
    mail."""

    language: str
    subject: str
    comment: str
    dates: Dates
    page: Mapping[str, str]
    notices: Mapping[str, Mapping[str, str]]
    questions: Mapping[str, Wording]


@cache
def catalogue(language: str) -> Catalogue:
    """Read the texts of one of `LANGUAGES` from the package."""
    text = (files("xmo_surveys") / "languages" / f"{language}.toml").read_text(encoding="utf-8")
    content = tomllib.loads(text)
    return Catalogue(
        language=language,
        subject=content["subject"],
        comment=content["comment"],
        dates=Dates(**content["dates"]),
        page=content["page"],
        notices=content["notices"],
        questions={key: Wording(**each) for key, each in content["questions"].items()},
    )


def pick(*wanted: str | None) -> Catalogue:
    """Return the texts in the first wanted language that is spoken here ("de-AT" is "de"), else in English."""
    spoken = (tag.replace("_", "-").partition("-")[0].strip().lower() for tag in wanted if tag)
    return catalogue(next((each for each in spoken if each in LANGUAGES), LANGUAGES[0]))
