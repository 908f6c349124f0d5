"""Made-up people: whether and what each answers, from the facts of a real ticket and by one rule. Pure.

Nobody knows how the people behind the incidents felt. So the rule is a choice of ours, `RULE` states it wherever its
results are shown, and every run gives the same: chance is a hash of the ticket's number and of how often it has ended.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

Deed = Literal["answer", "decline", "never", "nothing"]

ANSWER, DECLINE, NEVER = 0.58, 0.05, 0.01  # shares of those asked; the others do nothing
START = 4.5  # between good (4) and very good (5)
PER_HAND_OFF, MOST_HAND_OFFS = 1.0, 3
PER_DAY, MOST_DAYS = 0.5, 4
REOPENED = 1.0
MISSED = 0.3
MOOD = 1.0
PLANTED, WEAK = 1.5, "Category 32"  # its SLA is kept best: green outside, red inside
WILLING = 0.7  # share of the unhappy

RULE = (
    f"Of those asked, {ANSWER:.0%} answer, {DECLINE:.0%} would rather not say and {NEVER:.0%} never want to be asked "
    f"again; who does what is drawn. Whoever answers starts at {START:g} on the scale from 1 (very bad) to 5 (very "
    f"good) and loses {PER_HAND_OFF:g} for each hand-off (of at most {MOST_HAND_OFFS}), {PER_DAY:g} for each day the "
    f"ticket was open (of at most {MOST_DAYS}), {REOPENED:g} if it was opened again and {MISSED:g} if its SLA was "
    f"missed. A drawn mood adds or takes up to {MOOD:g}. One weakness is planted, for the report to find: {WEAK} loses "
    f"{PLANTED:g} more. Of the unhappy, {WILLING:.0%} answer the further questions, "
    "from the same facts."
)

_FEELINGS = ("very_bad", "bad", "neither", "good", "very_good")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the vendor shows of a ticket that has ended; `days` is how long it was open."""

    number: str
    reopens: int
    hand_offs: int
    days: float
    missed: bool
    service: str


def deed(facts: Facts) -> Deed:
    """Tell what the requester does with the question."""
    drawn = _draw(facts, "deed")
    if drawn < ANSWER:
        return "answer"
    if drawn < ANSWER + DECLINE:
        return "decline"
    return "never" if drawn < ANSWER + DECLINE + NEVER else "nothing"


def feeling(facts: Facts) -> int:
    """Tell how the requester felt, from 1 (very bad) to 5 (very good)."""
    lost = PER_HAND_OFF * min(facts.hand_offs, MOST_HAND_OFFS) + PER_DAY * min(facts.days, MOST_DAYS)
    lost += REOPENED * (facts.reopens > 0) + MISSED * facts.missed
    lost += PLANTED * (facts.service == WEAK)
    mood = MOOD * (2 * _draw(facts, "mood") - 1)
    return min(5, max(1, round(START - lost + mood)))


def say(facts: Facts, question: str) -> str | None:
    """Return the code that the requester chooses for a question of the page, None to leave it out."""
    felt = _FEELINGS[feeling(facts) - 1]
    said = {
        "feeling": felt,
        "more": "yes" if _draw(facts, "more") < WILLING else "no",
        "resolved_completely": "partly" if facts.reopens else "yes",
        "time_promised": "no" if facts.missed else "yes",
        "choices": felt,
    }
    return said.get(question)


def _draw(facts: Facts, what: str) -> float:
    """Draw a number from 0 up to 1, always the same for this end of this ticket."""
    digest = sha256(f"{facts.number} {facts.reopens} {what}".encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48
