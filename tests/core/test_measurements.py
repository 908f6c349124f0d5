"""What no ticket tells: numbers that were measured, and contacts that became no ticket."""

from datetime import datetime
from math import inf, nan
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import xmo_core
from tests.core.support import DAY, NOW, Bench, ticket
from xmo_core.store import open_store, versions
from xmo_core.store import tables as t
from xmo_core.store.runs import Run
from xmo_hooks import Contact, Measurement, Touchpoint

UNA = Contact(key="una", email="una@example.com", place="Ulm")


def start(key: str = "m1", **facts: Any) -> Measurement:
    usual: dict[str, Any] = {"at": NOW, "name": "start", "value": 41.5, "unit": "s", "about": "LAP-7"}
    return Measurement(key=key, **{**usual, **facts})


def hung_up(key: str = "c1", **facts: Any) -> Touchpoint:
    usual: dict[str, Any] = {"at": NOW, "what": "abandoned", "side": "requester", "channel": "phone"}
    return Touchpoint(key=key, **{**usual, **facts})


def told(bench: Bench, *records: Touchpoint | Measurement, **facts: Any) -> Run:
    """Have the vendor tell something beside a ticket, and run."""
    bench.vendor.told["1"] = list(records)
    bench.vendor.put(ticket(changed_at=bench.clock(), **facts))
    run = bench.run()
    bench.pass_time()
    return run


def shown(bench: Bench, view: str) -> list[dict[str, Any]]:
    with bench.store.reading() as connection:
        return [dict(row) for row in connection.execute(sa.text(f"SELECT * FROM {view} ORDER BY at")).mappings()]


@pytest.mark.parametrize("value", [inf, -inf, nan])
def test_a_value_that_is_no_finite_number_makes_no_measurement(value: float) -> None:
    with pytest.raises(ValueError, match="value must be a finite number"):
        start(value=value)


def test_a_measurement_is_taken_at_an_aware_utc_time() -> None:
    with pytest.raises(ValueError, match="at must be an aware UTC time"):
        start(at=datetime(2026, 3, 1))  # noqa: DTZ001 - what is refused


def test_a_measurement_is_stored_and_seeing_it_twice_changes_nothing(bench: Bench) -> None:
    for _ in range(2):
        run = told(bench, start(requester=UNA), start("m2", name="crashes", value=3, unit="count", ticket="1"))
        stored = bench.rows(t.measurement)
    assert run.counts["corp"] == {"pages": 1, "tickets": 1, "quarantined": 0, "measurements": 2}
    una = bench.office.keys.pseudonym("corp", UNA)
    assert [tuple(row) for row in stored] == [
        ("corp", "m1", "start", "s", "technical", "LAP-7", None, una, 41.5, NOW),
        ("corp", "m2", "crashes", "count", "technical", "LAP-7", "1", None, 3.0, NOW),
    ]
    assert {row.pseudonym: row.place for row in bench.rows(t.person)}[una] == "Ulm"


def test_a_value_that_was_corrected_at_the_source_is_corrected_here(bench: Bench) -> None:
    told(bench, start(value=41.5))
    told(bench, start(value=40))
    assert [row.value for row in bench.rows(t.measurement)] == [40.0]


def test_the_view_shows_measurements_with_the_number_of_their_ticket_where_there_is_one(bench: Bench) -> None:
    late = NOW + DAY
    told(bench, start(), start("m2", ticket="1", at=late, family="operational"), start("m3", ticket="9", at=late + DAY))
    rows = shown(bench, "v_measurement")
    first = {"source": "corp", "name": "start", "value": 41.5, "unit": "s", "family": "technical", "about": "LAP-7"}
    assert {name: value for name, value in rows[0].items() if name not in ("number", "at")} == first
    assert [(row["number"], row["family"]) for row in rows] == [
        (None, "technical"),
        ("INC1", "operational"),
        (None, "technical"),
    ]
    assert f"{rows[0]['at']}".startswith("2026-03-01 12:00:00")


def test_a_contact_that_became_no_ticket_is_kept_with_its_person_and_shown(bench: Bench) -> None:
    for _ in range(2):
        run = told(bench, hung_up(requester=UNA), hung_up("c2", at=NOW + DAY, ticket="1"), hung_up("c3", ticket="9"))
    assert run.counts["corp"]["touchpoints"] == 3
    una = bench.office.keys.pseudonym("corp", UNA)
    assert [(row.ticket, row.key, row.person) for row in bench.rows(t.touchpoint)] == [
        ("", "c1", una),
        ("1", "c2", None),
        ("9", "c3", None),
    ]
    assert [(row["number"], row["what"]) for row in shown(bench, "v_touchpoint")] == [
        (None, "abandoned"),
        ("INC1", "abandoned"),
    ]


def test_what_is_told_besides_takes_nothing_away_that_is_known_of_a_person(bench: Bench) -> None:
    known = Contact(key="una", email="una@example.com", kind="employee", language="de")
    for _ in range(2):
        told(bench, hung_up(requester=UNA), start(requester=UNA), requester=known)
    (person,) = bench.rows(t.person)
    assert (person.kind, person.language) == ("employee", "de")
    bench.vendor.told["2"] = [start(requester=UNA)]
    bench.vendor.put(ticket("2", person="", changed_at=bench.clock()))
    bench.run()
    (person,) = bench.rows(t.person)
    assert (person.kind, person.language, person.place) == ("employee", "de", "Ulm")


def test_nobody_is_asked_about_what_is_no_ticket(bench: Bench) -> None:
    bench.started()
    told(bench, hung_up(requester=UNA), start(requester=UNA), state="in_progress")
    assert (bench.rows(t.decision), bench.vendor.journal) == ([], [])
    assert [row.id for row in bench.rows(t.problem)] == ["corp:1"]


def test_a_source_that_tells_something_else_is_named_and_stores_nothing(bench: Bench) -> None:
    bench.vendor.told["1"] = [{"value": 1}]  # type: ignore[list-item]
    bench.vendor.put(ticket())
    assert "corp" in bench.run().errors
    assert bench.rows(t.ticket) == []


def test_an_older_store_keeps_its_touchpoints(store_url: str) -> None:
    store = open_store(store_url)
    config = Config()
    config.set_main_option("script_location", f"{xmo_core.__path__[0]}/migrations")
    at = "0" if store.dialect == "sqlite" else "to_timestamp(0)"
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        for name in ("1", "9"):
            values = f"('corp', '{name}', 'c1', 'contact', 'requester', {at})"
            connection.execute(sa.text(f"INSERT INTO touchpoint (source, ticket, key, what, side, at) VALUES {values}"))
    assert versions.upgrade(store) == ("0003", versions.HEAD)
    with store.reading() as connection:
        kept = connection.execute(sa.select(t.touchpoint.c.ticket, t.touchpoint.c.person)).all()
        assert [tuple(row) for row in kept] == [("1", None), ("9", None)]
        assert connection.execute(sa.text("SELECT * FROM v_touchpoint")).all() == []
    store.close()
