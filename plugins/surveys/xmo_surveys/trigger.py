"""The survey trigger: whether to ask about one occasion. Pure: no clock, no store, no chance."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from xmo_hooks import ENDED, Ask, Ledger, Occasion, Skip, Wait
from xmo_surveys.options import Survey

Rule = Callable[[Occasion, Ledger, datetime, Survey], Skip | Wait | None]
_YEAR = timedelta(days=365)
_LAST = datetime.max.replace(tzinfo=UTC)


def decide(occasion: Occasion, ledger: Ledger, now: datetime, survey: Survey) -> Ask | Skip | Wait:
    """Vote on one occasion: the first rule that says never, else the one that says later, else ask a sample.

    Called before the decision and again before the question goes out, so a ticket that was reopened meanwhile,
    or a person who opted out, is not asked after all.
    """
    votes = (rule(occasion, ledger, now, survey) for rule in _RULES)
    return next((vote for vote in votes if vote), Ask(rule="surveys.resolution", probability=survey.sample))


def _opted_out(_occasion: Occasion, ledger: Ledger, _now: datetime, _survey: Survey) -> Skip | None:
    return Skip(rule="surveys.opted_out", reason="The person asked never to be asked.") if ledger.opted_out else None


def _kind(occasion: Occasion, _ledger: Ledger, _now: datetime, survey: Survey) -> Skip | None:
    if occasion.ticket.kind in survey.kinds:
        return None
    return Skip(rule="surveys.kind", reason=f'Tickets of the kind "{occasion.ticket.kind}" are not asked about.')


def _state(occasion: Occasion, _ledger: Ledger, _now: datetime, survey: Survey) -> Skip | None:
    state = occasion.ticket.state
    if state not in ENDED:
        return Skip(rule="surveys.state", reason=f'The ticket has not ended: it is "{state}".')
    if state in survey.skip_states:
        return Skip(rule="surveys.state", reason=f'Tickets that end as "{state}" are not asked about.')
    return None


def _stale(occasion: Occasion, _ledger: Ledger, now: datetime, survey: Survey) -> Skip | None:
    if now - occasion.at <= survey.stale:
        return None
    return Skip(rule="surveys.stale", reason=f"It ended longer than {length(survey.stale)} ago.")


def _quiet(_occasion: Occasion, ledger: Ledger, now: datetime, survey: Survey) -> Skip | None:
    # After as well as before: a late run, or a clock set back, must not slip a second question in.
    if all(abs(now - at) >= survey.quiet_period for at in ledger.asked_at):
        return None
    return Skip(rule="surveys.quiet", reason=f"The person was asked within {length(survey.quiet_period)}.")


def _budget(_occasion: Occasion, ledger: Ledger, now: datetime, survey: Survey) -> Skip | None:
    asked = sum(abs(now - at) < _YEAR for at in ledger.asked_at)
    if not survey.per_year or asked < survey.per_year:
        return None
    return Skip(rule="surveys.budget", reason=f"The person was asked {asked} times within a year.")


def _settle(occasion: Occasion, _ledger: Ledger, now: datetime, survey: Survey) -> Wait | None:
    until = _LAST if occasion.at > _LAST - survey.settle else occasion.at + survey.settle
    if now >= until:
        return None
    return Wait(rule="surveys.settle", reason=f"An end must stand for {length(survey.settle)}.", until=until)


def length(duration: timedelta) -> str:
    """Write a duration as the config does, in the greatest unit that keeps it whole: "14d", "36h", "90m"."""
    minutes = duration // timedelta(minutes=1)
    for unit, size in (("d", 1440), ("h", 60)):
        if minutes and not minutes % size:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


# Never comes before later: whoever will not be asked need not wait for it.
_RULES: tuple[Rule, ...] = (_opted_out, _kind, _state, _stale, _quiet, _budget, _settle)
