"""Times: what goes into the store comes out the same, on both databases, whatever the zone of the session."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.support import NOW
from xmo_core.store import Store, open_store
from xmo_core.store import tables as t

TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - as it wants them


def kept(store: Store, *times: datetime) -> list[datetime]:
    """Write times, and read them in the order of the database."""
    with store.writing() as connection:
        connection.execute(sa.delete(t.opt_out))
        connection.execute(sa.insert(t.opt_out), [{"person": str(n), "at": at} for n, at in enumerate(times)])
        return list(connection.execute(sa.select(t.opt_out.c.at).order_by(t.opt_out.c.at)).scalars())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TIMES, min_size=1, max_size=6))
def test_times_come_back_the_same_and_in_order(store: Store, times: list[datetime]) -> None:
    back = kept(store, *times)
    assert back == sorted(times)
    assert all(at.tzinfo is UTC for at in back)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2000, 2, 29, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),  # 02:30 in Berlin is skipped on this day
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # 02:30 in Berlin comes twice on this day
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC),  # a leap second followed
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ],
)
def test_the_odd_instants_survive(store: Store, at: datetime) -> None:
    assert kept(store, at) == [at]


def test_the_hour_that_comes_twice_stays_two_hours(store: Store) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    twice = [datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold).astimezone(UTC) for fold in (0, 1)]
    assert kept(store, *twice) == twice
    assert twice[1] - twice[0] == timedelta(hours=1)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001 - it is what is refused
        datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(0))).replace(tzinfo=ZoneInfo("UTC")),
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_naive_times_and_other_zones_are_refused(store: Store, at: datetime) -> None:
    with pytest.raises(sa.exc.StatementError, match="not an aware UTC time"):
        kept(store, at)
    with pytest.raises(sa.exc.StatementError, match="not an aware UTC time"), store.reading() as connection:
        connection.execute(sa.select(t.opt_out).where(t.opt_out.c.at < at))


def test_no_time_stays_no_time(store: Store) -> None:
    empty: dict[str, dict[str, int]] = {"counts": {}, "waited": {}, "errors": {}}
    with store.writing() as connection:
        connection.execute(sa.insert(t.run).values(command="run", state="running", now=NOW, started_at=NOW, **empty))
        assert connection.execute(sa.select(t.run.c.ended_at)).scalar_one() is None


def test_comparisons_are_by_time(store: Store) -> None:
    kept(store, NOW, NOW + timedelta(microseconds=1))
    with store.reading() as connection:
        later = sa.select(sa.func.count()).select_from(t.opt_out).where(t.opt_out.c.at > NOW)
        assert connection.execute(later).scalar_one() == 1


def test_the_zone_of_the_session_changes_nothing(postgres_store: str) -> None:
    store = open_store(f"{postgres_store}&options=-c%20TimeZone%3DAsia/Kolkata")
    t.metadata.create_all(store.engine)
    (back,) = kept(store, NOW)
    assert (back, back.tzinfo) == (NOW, UTC)
    store.close()
