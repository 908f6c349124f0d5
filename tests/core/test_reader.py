"""The reader: cells are grouped by the database, and equal a count by hand on both databases to the bit."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations_with_replacement
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.support import KEY, NOW, Bench, empty, rows, ticket
from xmo_core.keys import Keys
from xmo_core.reader import StoreReader
from xmo_core.store import Store
from xmo_core.store import tables as t
from xmo_core.store.tickets import TicketWriter
from xmo_hooks import Cell, ConfigError

Fact = dict[str, Any]
PEOPLE = ("ann", "bob", "cem", "")
FACTS = st.fixed_dictionaries(
    {
        "person": st.sampled_from(PEOPLE),
        "service": st.sampled_from(["mail", "vpn", 'Ümlaut / "quoted"', None]),
        "sla_met": st.sampled_from([True, False, None]),
        "floor": st.sampled_from(["1", "2", None]),
        "month": st.sampled_from(["2026-01", "2026-02"]),
        "asked": st.booleans(),
        "answered": st.booleans(),
        "net": st.sampled_from([None, -1000, 0, 1000]),
        "effort": st.sampled_from([None, 333, -667]),
    }
)
AXES = st.lists(st.sampled_from(["service", "sla_met", "month", "attribute.floor", "source"]), unique=True, max_size=3)
SUMS = st.lists(st.sampled_from(["asked", "answered", "net", "effort"]), unique=True, max_size=3)


def written(store: Store, facts: Sequence[Fact]) -> None:
    tickets = [
        ticket(
            str(n),
            person=fact["person"],
            service=fact["service"],
            sla_met=fact["sla_met"],
            attributes={"floor": fact["floor"]} if fact["floor"] else {},
        )
        for n, fact in enumerate(facts)
    ]
    keys = Keys(KEY)
    with store.writing() as connection:
        TicketWriter(store, "corp").write(connection, rows(store, "corp", *tickets))
        for n, fact in enumerate(facts):
            contact = tickets[n].requester
            one = {"problem": f"corp:{n}", "n": 1, "source": "corp", "key": str(n)}
            person = keys.pseudonym("corp", contact) if contact else None
            rest = {"month": fact["month"], "verdict": "ask", "rule": "", "reason": "", "probability": 1.0, "run": 1}
            connection.execute(sa.insert(t.decision).values(**one, **rest, person=person, decided_at=NOW))
            if (fact["asked"] or fact["answered"]) and person:
                connection.execute(sa.insert(t.invitation).values(**one, **_invitation(n, fact), person=person))
            for name in ("net", "effort"):
                if fact[name] is not None:
                    score = {"problem": f"corp:{n}", "n": 1, "name": name, "value": fact[name]}
                    connection.execute(sa.insert(t.score).values(**score))


def _invitation(n: int, fact: Fact) -> Fact:
    return {
        "id": str(n),
        "state": "sent",
        "marker": "",
        "run": 1,
        "claimed_at": NOW,
        "expires_at": NOW,
        "sent_at": NOW if fact["asked"] else None,
        "answered_at": NOW if fact["answered"] else None,
    }


def by_hand(facts: Sequence[Fact], by: Sequence[str], sums: Sequence[str]) -> dict[tuple[Any, ...], Cell]:
    """The same cells, from the rows one by one."""
    names = ("n", *sums)
    people: dict[tuple[Any, ...], dict[str, list[int]]] = defaultdict(lambda: defaultdict(lambda: [0] * len(names)))
    for fact in facts:
        values = [1, *(_value(fact, name) for name in sums)]
        if None not in values:
            own = people[tuple(_cut(fact, name) for name in by)][fact["person"]]
            own[:] = [a + b for a, b in zip(own, values, strict=True)]
    return {key: _cell(key, group, names) for key, group in people.items()}


def _value(fact: Fact, name: str) -> Any:
    return int(bool(fact[name] and fact["person"])) if name in ("asked", "answered") else fact[name]


def _cut(fact: Fact, name: str) -> str | None:
    plain = {"sla_met": {True: "met", False: "missed", None: None}[fact["sla_met"]], "source": "corp"}
    found: str | None = plain[name] if name in plain else fact[name.removeprefix("attribute.")]
    return found


def _cell(key: tuple[Any, ...], group: dict[str, list[int]], names: Sequence[str]) -> Cell:
    totals = [sum(column) for column in zip(*group.values(), strict=True)]
    pairs = list(combinations_with_replacement(range(len(names)), 2))
    return Cell(
        key=key,
        n=totals[0],
        persons=sum(1 for person in group if person),
        sums=dict(zip(names[1:], totals[1:], strict=True)),
        products={(names[a], names[b]): sum(own[a] * own[b] for own in group.values()) for a, b in pairs},
    )


def keyed(cells: Iterable[Cell]) -> dict[tuple[Any, ...], Cell]:
    found = list(cells)
    assert len({cell.key for cell in found}) == len(found)
    return {cell.key: cell for cell in found}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=st.lists(FACTS, max_size=9), by=AXES, sums=SUMS)
def test_cells_equal_a_count_by_hand(store: Store, facts: list[Fact], by: list[str], sums: list[str]) -> None:
    empty(store)
    written(store, facts)
    reader = StoreReader(store)
    cells = reader.cells(by, sums)
    assert keyed(cells) == by_hand(facts, by, sums)
    assert cells == sorted(cells, key=lambda cell: [(value is not None, value or "") for value in cell.key])
    mails = [fact for fact in facts if fact["service"] == "mail"]
    assert keyed(reader.cells(by, sums, {"service": "mail"})) == by_hand(mails, by, sums)


def test_a_cell_holds_integers_on_every_database(store: Store) -> None:
    written(store, [{**_plain(), "net": 1000}, {**_plain(), "net": -1000, "answered": True}])
    (cell,) = StoreReader(store).cells([], ["net", "answered"])
    assert cell == Cell(
        key=(),
        n=2,
        persons=1,
        sums={"net": 0, "answered": 1},
        products={
            ("n", "n"): 4,
            ("n", "net"): 0,
            ("n", "answered"): 2,
            ("net", "net"): 0,
            ("net", "answered"): 0,
            ("answered", "answered"): 1,
        },
    )
    assert all(type(number) is int for number in (cell.n, cell.persons, *cell.sums.values(), *cell.products.values()))


def _plain() -> Fact:
    nothing = dict.fromkeys(("service", "sla_met", "floor", "net", "effort"))
    return {**nothing, "person": "ann", "month": "2026-01", "asked": True, "answered": False}


def test_rows_without_one_of_the_scores_do_not_count(store: Store) -> None:
    written(store, [{**_plain(), "net": 1000}, {**_plain(), "net": 0, "effort": 333}, _plain()])
    reader = StoreReader(store)
    assert [cell.n for cell in reader.cells([], ["net"])] == [2]
    assert [cell.n for cell in reader.cells([], ["net", "effort"])] == [1]
    assert reader.cells([], ["never scored"]) == []


def test_an_empty_store_has_no_cells(store: Store) -> None:
    assert StoreReader(store).cells([]) == []
    assert StoreReader(store).cells(["service"], ["net"]) == []


def test_an_attribute_is_a_cut_whatever_it_is_called(store: Store) -> None:
    tickets = [ticket("1", attributes={"cost centre": "4711", "a.b": "x"}), ticket("2", attributes={"a.b": "y"})]
    with store.writing() as connection:
        TicketWriter(store, "corp").write(connection, rows(store, "corp", *tickets))
        for key in "12":
            rest = {"month": "2026-01", "verdict": "skip", "rule": "", "reason": "", "probability": 0.0, "run": 1}
            one = {"problem": f"corp:{key}", "n": 1, "source": "corp", "key": key, "decided_at": NOW}
            connection.execute(sa.insert(t.decision).values(**one, **rest))
    reader = StoreReader(store)
    assert [cell.key for cell in reader.cells(["attribute.cost centre"])] == [(None,), ("4711",)]
    assert [cell.key for cell in reader.cells(["attribute.a.b"])] == [("x",), ("y",)]
    assert [cell.n for cell in reader.cells([], where={"attribute.a.b": "x"})] == [1]
    assert [cell.key for cell in reader.cells(["attribute.nowhere"])] == [(None,)]


@pytest.mark.parametrize("name", ["servce", "requester", "person", "key", ""])
def test_a_cut_that_does_not_exist_is_named(store: Store, name: str) -> None:
    reader = StoreReader(store)
    with pytest.raises(ConfigError, match="There is no cut named") as refused:
        reader.cells([name])
    assert "service" in refused.value.hint
    with pytest.raises(ConfigError, match="There is no cut named"):
        reader.cells([], where={name: "x"})


def test_every_cut_that_is_offered_works(bench: Bench) -> None:
    bench.started()
    bench.resolve(service="mail", sla_met=True)
    bench.run()
    reader = StoreReader(bench.store)
    cells = {name: reader.cells([name], ["asked"]) for name in reader.columns()}
    assert {len(found) for found in cells.values()} == {1}
    assert cells["sla_met"][0].key == ("met",)
    assert cells["person_kind"][0].key == ("employee",)
    assert cells["month"][0].key == ("2026-03",)
    assert cells["source"][0].sums == {"asked": 1}


def test_no_cut_tells_one_person_from_another(store: Store) -> None:
    assert not {"person", "pseudonym", "email", "name"} & set(StoreReader(store).columns())
