"""The cursor of a source: where each of its streams stands, and what must be known of what went before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xmo_hooks import Json, XmoError
from xmo_zendesk.slas import Ledger
from xmo_zendesk.surveys import Place as Surveyed
from xmo_zendesk.timed import Place


@dataclass(slots=True)
class Cursor:
    """Where the streams stand. `tickets` is the vendor's own cursor, before the first one they begin at `start`;
    `answered` are the tickets in which the desk has spoken last."""

    start: int = 0
    tickets: str | None = None
    metrics: Place = field(default_factory=Place)
    updates: Place = field(default_factory=Place)
    surveys: Surveyed = field(default_factory=Surveyed)
    slas: Ledger = field(default_factory=Ledger)
    answered: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, second: int) -> "Cursor":
        """Begin all streams at a second."""
        places = Place(second), Place(second), Surveyed(begin=second * 1000)
        return cls(second, None, *places, Ledger(horizon=second))

    @classmethod
    def read(cls, json: Json) -> "Cursor":
        """Read a cursor that was kept; raises `XmoError` for one that is not of this plugin."""
        try:
            return cls(
                start=int(json["start"]),
                tickets=_text(json["tickets"]),
                metrics=_timed(json["metrics"]),
                updates=_timed(json["updates"]),
                surveys=Surveyed(**json["surveys"]),
                slas=Ledger(json["slas"], json["news"], int(json["horizon"])),
                answered=[str(one) for one in json["answered"]],
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise XmoError(
                "The cursor of this Zendesk source cannot be read.",
                hint="Run `xmo sync --full` to read everything again.",
            ) from None

    def json(self) -> Json:
        """Return the cursor as it is stored."""
        return {
            "start": self.start,
            "tickets": self.tickets,
            "metrics": self.metrics.json(),
            "updates": self.updates.json(),
            "surveys": self.surveys.json(),
            "slas": self.slas.text(),
            "news": self.slas.news,
            "horizon": self.slas.horizon,
            "answered": list(self.answered),
        }


def _timed(json: Mapping[str, Any]) -> Place:
    return Place(int(json["second"]), frozenset(str(one) for one in json["seen"]))


def _text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    return value
