"""The config section `[insights]`: which question is scored, and by what the figures are cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

CUTS = ("service", "category", "priority", "channel", "month")


@dataclass(frozen=True, kw_only=True, slots=True)
class Insights:
    """What the scores and figures are made of: the code of the `question` about feeling, and the `cuts` (columns of
    the reader), each of which becomes a table of its own."""

    question: str = "feeling"
    cuts: tuple[str, ...] = CUTS


def _each_once(cuts: Sequence[str]) -> None:
    twice = sorted({cut for cut in cuts if cuts.count(cut) > 1})
    if twice:
        raise ValidationError(f"named twice: {', '.join(twice)}")


class InsightsSchema(Schema):
    """Check `[insights]` and load it to `Insights`. Called when the config is read; a column that does not exist is
    found later, where the columns are known."""

    question = fields.String(
        load_default="feeling",
        validate=validate.Length(min=1),
        metadata={"example": '"feeling"', "meaning": "the question that is scored"},
    )
    cuts = fields.List(
        fields.String(validate=validate.Length(min=1)),
        load_default=CUTS,
        validate=_each_once,
        metadata={
            "example": '["service", "category", "priority", "channel", "month"]',
            "meaning": "what figures are grouped by; attribute.NAME is one of your own fields",
        },
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Insights:
        return Insights(question=data["question"], cuts=tuple(data["cuts"]))
