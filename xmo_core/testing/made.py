"""Made-up records for rules: with everything, with nothing that may be missing, and with all sorts between.

They are made from the types of the contract, so that a field that is added is tried at once. The same ones each time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from xmo_hooks import Answer, Experience, Invitation, Ledger, Occasion

T = TypeVar("T")
MANY = 200
_MIDDLE = datetime(2026, 3, 1, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_YEARS = timedelta(days=3 * 365)
# Texts that people and vendors write; some fields have words of their own.
_TEXTS = ("", "x", "No mail", "Kein Netz – schon wieder…", "密码", "{0} %s {link}", "a\nb", "'; --", "𝔘𝔫𝔦", "x" * 300)
_WORDS: Mapping[str, Sequence[str]] = {
    "kind": ("incident", "request", "problem", "change", "task", "question"),
    "language": ("de", "en", "pt-BR", "zh-Hant", "de_AT", "xx", "not a language", ""),
    "email": ("ash@example.com", "elm@example.com"),
    "name": ("Ash Example", "Elm Example"),
    "title": ("My password is lost", "Cannot print", "Tür klemmt", ""),
    "priority": ("low", "high", "critical"),
}
_ID = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"


class Maker:
    """Makes records. `share` is how many of the optional values are there, from 0 to 1."""

    def __init__(self, seed: int, share: float) -> None:
        self._draw, self._share = Random(seed), share  # noqa: S311 - play data, no secret

    def record(self, type_: type[T], **fixed: Any) -> T:
        """Make a record; `fixed` are fields that are not made up."""
        hints = get_type_hints(type_)
        made = {one.name: self._value(one.name, hints[one.name]) for one in fields(type_)}  # type: ignore[arg-type]
        return type_(**{**made, **fixed})

    def time(self) -> datetime:
        """Make a time, within some years."""
        return _MIDDLE + _YEARS * self._draw.uniform(-1, 1)

    def near(self, at: datetime) -> datetime:
        """Make a time about that one: seldom before it, mostly within days behind it, now and then long after."""
        return at + _DAY * self._draw.choice((-0.5, 0.0, 0.01, 0.5, 1.0, 3.0, 6.0, 20.0, 400.0))

    def ledger(self) -> Ledger:
        """Make a ledger."""
        ledger = self.record(Ledger)
        return replace(ledger, asked_at=sorted(ledger.asked_at))

    def answer(self, known: Sequence[Answer]) -> Answer:
        """Make an answer: a known one, one to the same question with other values, or one to any question."""
        answer = self.record(Answer)
        if not known or self._draw.random() < 0.3:
            return answer
        one = self._draw.choice(known)
        return self._draw.choice((one, replace(answer, question=one.question, version=one.version)))

    def experience(self, known: Sequence[Answer] = ()) -> Experience:
        """Make an occasion with one to four answers."""
        answers = [self.answer(known) for _ in range(self._draw.randint(1, 4))]
        return Experience(occasion=self.record(Occasion), answers=answers)

    def invitation(self) -> Invitation:
        """Make an invitation on its way, with a marker and a link such as the core makes."""
        marker, token = (("".join(self._draw.choices(_ID, k=length))) for length in (16, 41))
        link = f"https://feedback.example.com/a/{token}"
        return self.record(Invitation, marker=f"xmo:{marker}", link=link, state="claimed", answers=())

    def _value(self, name: str, hint: Any) -> Any:
        origin, args = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            there = self._draw.random() < self._share
            return self._value(name, next(arg for arg in args if arg is not NoneType)) if there else None
        if origin is Literal:
            return self._draw.choice(args)
        if origin is Mapping:
            return {text: text for text in self._draw.sample(_TEXTS, round(2 * self._share))}
        if origin is Sequence:
            return [self._value(name, args[0]) for _ in range(round(self._draw.uniform(0, 4) * self._share))]
        return self.record(hint) if is_dataclass(hint) and isinstance(hint, type) else self._plain(name, hint)

    def _plain(self, name: str, hint: type) -> Any:
        if hint is datetime:
            return self.time()
        if hint is bool:
            return self._draw.random() < self._share / 4
        if hint is int:
            return self._draw.randint(-1, 9)
        return self._draw.choice(_WORDS.get(name, _TEXTS[1:] if name == "key" else _TEXTS))


def makers() -> list[Maker]:
    """Return what makes all sorts: records without anything optional, with everything, and between."""
    return [Maker(seed, share) for seed, share in enumerate([0.0, 1.0, *(n / MANY for n in range(MANY))])]
