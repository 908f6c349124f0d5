from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.surveys.conftest import NOW, STEADY, Fixed, occasion
from xmo_hooks import Ask, Ledger, Occasion, Person, Skip, Wait
from xmo_surveys.options import Survey
from xmo_surveys.plugin import xmo_decide
from xmo_surveys.trigger import length

NOBODY = Ledger()
DAY = timedelta(days=1)


def vote(
    about: Occasion | None = None, ledger: Ledger = NOBODY, *, now: datetime = NOW, survey: Survey | None = None
) -> Ask | Skip | Wait:
    return xmo_decide(occasion=about or occasion(), ledger=ledger, now=now, settings=Fixed(survey or Survey()))


def test_a_fresh_resolution_is_asked_about_with_the_probability_of_the_sample() -> None:
    assert vote() == Ask(rule="surveys.resolution", probability=1.0)
    assert vote(survey=Survey(sample=0.3)) == Ask(rule="surveys.resolution", probability=0.3)


def test_whoever_opted_out_is_never_asked() -> None:
    assert vote(ledger=Ledger(opted_out=True)) == Skip(
        rule="surveys.opted_out", reason="The person asked never to be asked."
    )


def test_a_kind_that_nobody_listed_is_not_asked_about() -> None:
    assert vote(occasion(kind="change")) == Skip(
        rule="surveys.kind", reason='Tickets of the kind "change" are not asked about.'
    )


@pytest.mark.parametrize("state", ["new", "in_progress", "waiting", "on_hold", "unknown"])
def test_a_ticket_that_was_opened_again_is_not_asked_about(state: str) -> None:
    assert vote(occasion(state=state)) == Skip(
        rule="surveys.state", reason=f'The ticket has not ended: it is "{state}".'
    )


def test_a_cancelled_ticket_is_asked_about_only_where_the_config_says_so() -> None:
    assert vote(occasion(state="cancelled")) == Skip(
        rule="surveys.state", reason='Tickets that end as "cancelled" are not asked about.'
    )
    assert isinstance(vote(occasion(state="cancelled"), survey=Survey(skip_states=())), Ask)
    assert isinstance(vote(occasion(state="closed")), Ask)


def test_an_end_older_than_the_stale_time_is_not_asked_about() -> None:
    assert isinstance(vote(occasion(at=NOW - 7 * DAY)), Ask)
    assert vote(occasion(at=NOW - 7 * DAY - timedelta(seconds=1))) == Skip(
        rule="surveys.stale", reason="It ended longer than 7d ago."
    )


@pytest.mark.parametrize("side", [-1, 1])
def test_the_quiet_period_holds_before_and_after_to_the_second(side: int) -> None:
    edge = NOW + side * 14 * DAY
    assert isinstance(vote(ledger=Ledger(asked_at=[edge])), Ask)
    assert vote(ledger=Ledger(asked_at=[edge - side * timedelta(seconds=1)])) == Skip(
        rule="surveys.quiet", reason="The person was asked within 14d."
    )


def test_the_budget_of_a_year_is_counted_over_any_365_days() -> None:
    asked = [NOW - days * DAY for days in (30, 60, 364)]
    assert vote(ledger=Ledger(asked_at=asked), survey=Survey(per_year=3)) == Skip(
        rule="surveys.budget", reason="The person was asked 3 times within a year."
    )
    assert isinstance(vote(ledger=Ledger(asked_at=[*asked[:2], NOW - 365 * DAY]), survey=Survey(per_year=3)), Ask)


def test_a_budget_of_nothing_means_no_limit() -> None:
    asked = [NOW - days * DAY for days in range(14, 365, 14)]
    assert isinstance(vote(ledger=Ledger(asked_at=asked), survey=Survey(per_year=0)), Ask)


def test_an_end_that_must_settle_is_decided_later() -> None:
    patient = Survey(settle=timedelta(hours=4))
    assert vote(survey=patient) == Wait(
        rule="surveys.settle", reason="An end must stand for 4h.", until=NOW + timedelta(hours=4)
    )
    assert isinstance(vote(now=NOW + timedelta(hours=4), survey=patient), Ask)


def test_nobody_is_asked_before_the_end_where_the_vendors_clock_is_ahead() -> None:
    ahead = occasion(at=NOW + timedelta(seconds=5))
    assert vote(ahead) == Wait(rule="surveys.settle", reason="An end must stand for 0m.", until=ahead.at)


def test_never_wins_over_later() -> None:
    patient = Survey(settle=timedelta(hours=4))
    assert isinstance(vote(ledger=Ledger(opted_out=True), survey=patient), Skip)


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0m"), (1, "1m"), (90, "90m"), (60, "1h"), (2160, "36h"), (1440, "1d"), (20160, "14d")]
)
def test_a_duration_is_written_as_the_config_writes_it(minutes: int, text: str) -> None:
    assert length(timedelta(minutes=minutes)) == text


def test_an_end_at_the_end_of_time_waits_until_then() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    given_vote = vote(occasion(at=last - DAY), survey=Survey(settle=4 * DAY))
    assert isinstance(given_vote, Wait)
    assert given_vote.until == last


ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu")]
moments = st.builds(
    lambda clock, zone, fold: (datetime(2025, 3, 1, tzinfo=zone) + clock).replace(fold=fold).astimezone(UTC),
    st.timedeltas(timedelta(0), timedelta(days=640)),
    st.sampled_from(ZONES),
    st.integers(0, 1),
)
any_moment = st.datetimes(timezones=st.just(UTC))
lengths = st.timedeltas(timedelta(0), timedelta(days=3650))
shares = st.floats(0, 1)


def simulate(times: list[datetime], survey: Survey) -> list[datetime]:
    """Decide one occasion after another, in the order given, and keep the ledger as the core does."""
    asked: list[datetime] = []
    for now in times:
        if isinstance(vote(occasion(at=now), Ledger(asked_at=tuple(asked)), now=now, survey=survey), Ask):
            asked.append(now)
    return asked


@STEADY
@given(st.lists(moments, max_size=25), st.timedeltas(timedelta(0), timedelta(days=90)))
@example([datetime(2026, 3, 28, 23, 30, tzinfo=UTC), datetime(2026, 4, 11, 22, 30, tzinfo=UTC)], 14 * DAY)
@example([datetime(2026, 10, 31, tzinfo=UTC), datetime(2026, 10, 20, tzinfo=UTC)], 14 * DAY)
def test_nobody_is_asked_twice_inside_the_quiet_period_in_any_order_and_zone(
    times: list[datetime], quiet: timedelta
) -> None:
    asked = sorted(simulate(times, Survey(quiet_period=quiet, per_year=0)))
    assert all(later - earlier >= quiet for earlier, later in pairwise(asked))


@STEADY
@given(st.lists(moments, max_size=25), st.integers(1, 4))
def test_no_year_holds_more_questions_than_the_budget(times: list[datetime], budget: int) -> None:
    asked = simulate(times, Survey(quiet_period=timedelta(0), per_year=budget))
    for start in asked:
        assert sum(start <= each < start + 365 * DAY for each in asked) <= budget


@STEADY
@given(
    at=any_moment,
    now=any_moment,
    ledger=st.builds(Ledger, asked_at=st.lists(any_moment, max_size=5), opted_out=st.booleans()),
    survey=st.builds(
        Survey,
        quiet_period=lengths,
        sample=shares,
        per_year=st.integers(0, 10),
        settle=lengths,
        stale=lengths,
        skip_states=st.just(()),
    ),
    state=st.sampled_from(["new", "waiting", "resolved", "closed", "cancelled", "unknown"]),
    kind=st.text(max_size=10),
)
def test_every_input_gives_one_vote_and_always_the_same(
    at: datetime, now: datetime, ledger: Ledger, survey: Survey, state: str, kind: str
) -> None:
    about = occasion(at=at, state=state, kind=kind, person=Person(pseudonym="p", timezone="Mars/Olympus"))
    survey = replace(survey, kinds=(kind,))
    given_vote = vote(about, ledger, now=now, survey=survey)
    assert given_vote == vote(about, ledger, now=now, survey=survey)
    assert given_vote.rule.startswith("surveys.")
    if isinstance(given_vote, Ask):
        assert given_vote.probability == survey.sample
    else:
        assert given_vote.reason.endswith(".")
    if isinstance(given_vote, Wait):
        assert given_vote.until > now
        assert given_vote.until.tzinfo is UTC
