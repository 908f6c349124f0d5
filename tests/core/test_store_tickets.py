"""Writing tickets: the newest change wins, and seeing one twice changes nothing."""

import sqlite3
import threading
from contextlib import closing, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.support import DAY, HOUR, NOT_YET, NOW, empty, rows, ticket
from xmo_core.store import Store, open_store, versions
from xmo_core.store import tables as t
from xmo_core.store.rows import Asking, ends_of, settled_before
from xmo_core.store.tickets import TicketWriter, read_tickets
from xmo_hooks import Contact, Ticket

ONCE_A_STORE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
MINUTES = st.integers(-3000, 3000)


def write(store: Store, *tickets: Ticket, asking: Asking = NOT_YET) -> None:
    with store.writing() as connection:
        TicketWriter(store, "corp").write(connection, rows(store, "corp", *tickets, asking=asking))


def everything(store: Store) -> dict[str, list[Any]]:
    with store.reading() as connection:
        return {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in (t.ticket, t.problem, t.person)
        }


def twice(store: Store, statement: Any) -> None:
    with store.writing() as connection:
        connection.execute(statement)
        connection.execute(statement)


def version(n: int) -> Ticket:
    """The n-th state of one ticket: everything about it changes each time."""
    return ticket(
        person="ann",
        number=f"INC{n}",
        title=f"Title {n}",
        reopens=n,
        changed_at=NOW + n * HOUR,
        resolved_at=NOW + n * HOUR,
        state="resolved" if n % 2 else "in_progress",
        sla_met=(True, False, None)[n % 3],
        attributes={"n": str(n)} if n % 2 else {},
    )


@ONCE_A_STORE
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.data())
def test_any_order_and_repetition_ends_in_the_newest(store: Store, seen: list[int], data: st.DataObject) -> None:
    empty(store)
    pages = data.draw(st.integers(1, len(seen)))
    for start in range(0, len(seen), pages):
        write(store, *(version(n) for n in seen[start : start + pages]))
    in_any_order = everything(store)
    empty(store)
    known = [version(n).sla_met for k, n in enumerate(seen) if n == max(seen[: k + 1])]
    outcome = next((met for met in reversed(known) if met is not None), None)
    write(store, replace(version(max(seen)), sla_met=outcome))
    assert in_any_order == everything(store)


def test_a_ticket_comes_back_as_it_was_but_for_its_requester(store: Store) -> None:
    whole = ticket(
        person="ann",
        closed_at=NOW,
        promised_at=NOW + DAY,
        resolved_at=NOW,
        title="Ümlaut 'quoted' \"twice\" 100 % :name ?",
        url="https://example.com/1",
        reopens=3,
        reassignments=2,
        sla_met=False,
        service="mail",
        group="desk",
        priority="1",
        category="network",
        channel="phone",
        parent="0",
        attributes={"floor": "3", "Grüße": "é"},
    )
    bare = ticket("2", person="")
    write(store, whole, bare)
    with store.reading() as connection:
        back = read_tickets(connection, [("corp", "1"), ("corp", "2"), ("corp", "3"), ("branch", "1")])
    facts = {name: getattr(whole, name) for name in Ticket.__dataclass_fields__}
    assert back == {("corp", "1"): Ticket(**facts | {"requester": None}), ("corp", "2"): bare}


@pytest.mark.parametrize("met", [True, False])
def test_what_is_known_of_the_promise_outlives_a_newer_row_that_does_not_know(store: Store, met: bool) -> None:
    write(store, ticket(sla_met=met, promised_at=NOW, group="desk"), ticket(sla_met=None, changed_at=NOW + HOUR))
    with store.reading() as connection:
        (back,) = read_tickets(connection, [("corp", "1")]).values()
    assert back == ticket(sla_met=met, person="", changed_at=NOW + HOUR)


def test_what_was_known_of_the_promise_gives_way_to_what_a_newer_row_knows(store: Store) -> None:
    write(store, ticket(sla_met=True), ticket(sla_met=False, changed_at=NOW + HOUR))
    with store.reading() as connection:
        (back,) = read_tickets(connection, [("corp", "1")]).values()
    assert back.sla_met is False


def test_the_same_key_in_two_sources_is_two_tickets(store: Store) -> None:
    write(store, ticket())
    with store.writing() as connection:
        TicketWriter(store, "branch").write(connection, rows(store, "branch", ticket()))
    assert [row[:2] for row in everything(store)["ticket"]] == [("branch", "1"), ("corp", "1")]


def test_one_person_is_one_row_over_all_sources_by_e_mail(store: Store) -> None:
    write(store, ticket("1", person="ann"), ticket("2", requester=Contact(key="other", email=" ANN@example.com ")))
    assert len(everything(store)["person"]) == 1


def test_nothing_that_names_a_person_is_stored(store: Store) -> None:
    contact = Contact(key="u-4711", email="ann@example.com", name="Ann Example", language="en")
    write(store, ticket(requester=contact))
    text = repr(everything(store))
    assert not [secret for secret in ("u-4711", "ann@example.com", "Ann Example") if secret in text]


def test_what_was_decided_outlives_a_newer_ticket(store: Store) -> None:
    asking = Asking(since=NOW - DAY, known_until=NOW - HOUR)
    write(store, ticket(), asking=asking)
    with store.writing() as connection:
        connection.execute(sa.update(t.problem).values(decided=1))
    write(store, ticket(changed_at=NOW + HOUR), asking=asking)
    with store.reading() as connection:
        assert connection.execute(sa.select(t.problem.c.decided)).scalar_one() == 1


@pytest.mark.parametrize(
    ("facts", "ends"),
    [
        ({"state": "new"}, (0, None)),
        ({"state": "in_progress", "reopens": 2}, (2, None)),
        ({"state": "resolved", "resolved_at": NOW}, (1, NOW)),
        ({"state": "resolved"}, (1, NOW + HOUR)),
        ({"state": "closed", "closed_at": NOW - HOUR}, (1, NOW - HOUR)),
        ({"state": "closed", "closed_at": NOW + HOUR, "resolved_at": NOW}, (1, NOW)),
        ({"state": "cancelled", "reopens": 1}, (2, NOW + HOUR)),
        ({"state": "unknown", "resolved_at": NOW}, (0, None)),
    ],
)
def test_how_often_a_ticket_has_ended(facts: dict[str, Any], ends: tuple[int, datetime | None]) -> None:
    assert ends_of(ticket(**{"changed_at": NOW + HOUR, **facts})) == ends


@st.composite
def _seen(draw: st.DrawFn) -> tuple[Ticket, int, datetime | None]:
    minutes = draw(MINUTES)
    ended = draw(st.one_of(st.none(), st.integers(minutes, 3000)))
    reopens = draw(st.integers(0, 4))
    at = None if ended is None else NOW + timedelta(minutes=ended)
    return ticket(opened_at=NOW + timedelta(minutes=minutes)), reopens + (at is not None), at


@given(_seen(), st.none() | MINUTES, st.none() | MINUTES, st.booleans())
def test_what_is_history(seen: tuple[Ticket, int, datetime | None], since: int, known: int | None, held: bool) -> None:
    one, ends, ended_at = seen
    since_at = None if since is None else NOW + timedelta(minutes=since)
    known_at = None if known is None else NOW + timedelta(minutes=known)
    unknown = frozenset({one.key}) if held else frozenset[str]()
    settled = settled_before(one, ends, ended_at, Asking(since=since_at, known_until=known_at, unknown=unknown))
    assert 0 <= settled <= ends
    if since_at is None or (ended_at is not None and ended_at < since_at):
        assert settled == ends, "nothing that ended before the asking began is asked about"
    elif one.opened_at >= since_at or (known_at is not None and known_at >= since_at and not held):
        assert settled == 0, "whatever ended after the asking began is decided on"
    else:
        assert settled == (ends if ended_at is None else ends - 1), "of ends that nobody saw only the last is known"


@given(_seen(), MINUTES, MINUTES, st.none() | MINUTES)
def test_a_later_switch_never_makes_less_of_it_history(
    seen: tuple[Ticket, int, datetime | None], one: int, other: int, known: int | None
) -> None:
    known_at = None if known is None else NOW + timedelta(minutes=known)
    early, late = (
        settled_before(*seen, Asking(since=NOW + timedelta(minutes=since), known_until=known_at))
        for since in sorted((one, other))
    )
    assert early <= late


def test_reading_writes_nothing(store: Store) -> None:
    with suppress(sa.exc.DBAPIError), store.reading() as connection:  # PostgreSQL may refuse at once
        connection.execute(sa.insert(t.opt_out).values(person="ann", at=NOW))
    with store.reading() as connection:
        assert connection.execute(sa.select(t.opt_out)).all() == []


def test_reading_sees_one_state_of_the_store(store: Store) -> None:
    count = sa.select(sa.func.count()).select_from(t.opt_out)
    with store.reading() as connection:
        assert connection.execute(count).scalar_one() == 0
        with store.writing() as other:
            other.execute(sa.insert(t.opt_out).values(person="ann", at=NOW))
        assert connection.execute(count).scalar_one() == 0
    with store.reading() as connection:
        assert connection.execute(count).scalar_one() == 1


def test_a_write_that_fails_writes_nothing_of_it(store: Store) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        twice(store, sa.insert(t.opt_out).values(person="ann", at=NOW))
    with store.reading() as connection:
        assert connection.execute(sa.select(t.opt_out)).all() == []


def test_an_error_of_the_database_does_not_quote_what_was_to_be_written(store: Store) -> None:
    row = sa.insert(t.answer).values(
        invitation="i", question="why", version="1", at=NOW, text="My manager shouted at me.", value=None
    )
    with pytest.raises(sa.exc.IntegrityError) as error:
        twice(store, row)
    assert "manager" not in str(error.value)


def test_writers_wait_for_each_other(store: Store) -> None:
    """Each adds one to a number that it read: on SQLite a reader that turns writer would fail without waiting."""
    with store.writing() as connection:
        connection.execute(sa.insert(t.lease).values(name="n", token=0, holder="", until=NOW))

    def add() -> None:
        for _ in range(5):
            with store.writing() as connection:
                number = connection.execute(sa.select(t.lease.c.token).with_for_update()).scalar_one()
                connection.execute(sa.update(t.lease).values(token=number + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as connection:
        assert connection.execute(sa.select(t.lease.c.token)).scalar_one() == 20


def test_a_store_is_copied_whole_while_it_is_written(tmp_path: Path) -> None:
    """Two rows are written in each transaction: a copy that tore one apart would hold an odd number."""
    store = open_store(f"sqlite:///{tmp_path / 'xmo.db'}")
    versions.ensure(store)
    written = threading.Event()
    stop = threading.Event()

    def fill() -> None:
        n = 0
        while not stop.is_set():
            rows = [{"person": f"{n}-{half}", "at": NOW} for half in "ab"]
            with store.writing() as connection:
                connection.execute(sa.insert(t.opt_out), rows)
            n += 1
            written.set()

    thread = threading.Thread(target=fill)
    thread.start()
    written.wait()
    for number in range(5):
        copied = tmp_path / f"{number}.db"
        with closing(sqlite3.connect(tmp_path / "xmo.db")) as live, closing(sqlite3.connect(copied)) as copy:
            live.backup(copy)
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            (rows,) = copy.execute("SELECT count(*) FROM opt_out").fetchone()
            assert rows >= 2
            assert rows % 2 == 0
    stop.set()
    thread.join()
    store.close()
