"""The config section `[survey]`: when people are asked, and how the page looks."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from xmo_hooks import ENDED

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_TEN_YEARS = timedelta(days=3650)


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """The section as loaded. `per_year` counts questions to one person in any 365 days, 0 for no limit; `settle` is
    how long an end must have stood before anybody is asked, `stale` how old it may be; `accent` is `#rrggbb`."""

    quiet_period: timedelta = timedelta(days=14)
    sample: float = 1.0
    per_year: int = 6
    kinds: tuple[str, ...] = ("incident", "request")
    skip_states: tuple[str, ...] = ("cancelled",)
    settle: timedelta = timedelta(0)
    stale: timedelta = timedelta(days=7)
    accent: str | None = None
    we_did: str | None = None
    contact: str | None = None


class Duration(fields.Field[timedelta]):
    """A length of time in the config: a whole number with d, h or m behind it, ten years at most."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> timedelta:
        match = re.fullmatch(r"([0-9]{1,7})([dhm])", value) if isinstance(value, str) else None
        if match is None:
            raise ValidationError('Write a length of time as "14d", "36h" or "90m".')
        duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
        if duration > _TEN_YEARS:
            raise ValidationError("Ten years (3650d) are the most.")
        return duration


def _shown(example: str, meaning: str) -> dict[str, str]:
    """Say how an option stands in the config that `xmo init` writes."""
    return {"example": example, "meaning": meaning}


class SurveySchema(Schema):
    """Check the section and load it to a `Survey`; what is left out takes the default that stands there."""

    quiet_period = Duration(metadata=_shown('"14d"', "nobody is asked again within this time"))
    sample = fields.Float(validate=validate.Range(0, 1), metadata=_shown("1.0", "the share of resolutions asked about"))
    per_year = fields.Integer(
        strict=True,
        validate=validate.Range(0),
        metadata=_shown("6", "how often one person is asked in a year; 0: no limit"),
    )
    kinds = fields.List(
        fields.String(validate=validate.Length(1)),
        validate=validate.Length(1),
        metadata=_shown('["incident", "request"]', "the kinds of tickets that are asked about"),
    )
    skip_states = fields.List(
        fields.String(validate=validate.OneOf(sorted(ENDED))),
        metadata=_shown('["cancelled"]', "ends that are not asked about"),
    )
    settle = Duration(metadata=_shown('"0m"', "how long a resolution must stand before it is asked about"))
    stale = Duration(metadata=_shown('"7d"', "a resolution first seen later than this is not asked about"))
    accent = fields.String(
        validate=validate.Regexp(r"#[0-9a-fA-F]{6}\Z", error='Write a colour as "#0b5f66".'),
        metadata=_shown('"#0b5f66"', "the colour of the pages"),
    )
    we_did = fields.String(
        validate=validate.Length(1, 400), metadata=_shown('""', "one true sentence on what earlier answers changed")
    )
    contact = fields.String(validate=validate.Length(1, 200), metadata=_shown('""', "whom to turn to about the survey"))

    @validates_schema(skip_on_field_errors=True)
    def _settle_before_stale(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("settle", Survey().settle) >= data.get("stale", Survey().stale):
            raise ValidationError("settle must be shorter than stale, or nobody would ever be asked.", "settle")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Survey:
        for key in ("kinds", "skip_states"):
            if key in data:
                data[key] = tuple(data[key])
        return Survey(**data)
