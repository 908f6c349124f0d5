"""What `parse` promises: it is pure, and whatever a row holds, it tells the truth about it or refuses it."""

import copy
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from functools import partial
from typing import Any

import pytest

from xmo_core.testing import faults
from xmo_core.testing.bench import Bench, as_stored
from xmo_core.testing.damage import damaged, moved, names, undated
from xmo_core.testing.kept import Kept, attempt
from xmo_core.testing.pure import watched
from xmo_core.testing.setup import Setup
from xmo_core.testing.sound import unsound
from xmo_hooks import BadRecord, Row, Source, Ticket

_SAMPLE = 2  # rows of each shape that are damaged in every way


class RowTests(Setup):
    """Parsing."""

    def test_records_are_what_the_contract_says(self, bench: Bench, whole: Kept) -> None:
        """Each field is of the type that the contract names: a number for a text passes one database and stops the
        page at another."""
        source = bench.source()
        for row in whole.rows:
            for record in source.parse(row):
                assert not (wrong := unsound(record)), f"{wrong}: see docs/contract.md for what it must be."

    def test_a_known_ticket_is_as_the_vendor_shows_it(self, whole: Kept) -> None:
        """Only you can know what a ticket really says: times above all, which are UTC here and local on screens."""
        if not self.known:
            pytest.skip('Set `known`, such as {"A-1": {"opened_at": datetime(2026, 7, 8, 7, tzinfo=UTC)}}.')
        found = {ticket.number: ticket for ticket in whole.tickets.values()}
        for number, expected in self.known.items():
            assert number in found, f"No ticket {number} came: look at `known`."
            odd = expected.keys() - {field.name for field in fields(Ticket)}
            assert not odd, f"`known` names {min(odd)}, and a Ticket has no such field."
            told = {name: getattr(found[number], name) for name in expected}
            assert told == expected, f"{number} came as {told}, and `known` says {dict(expected)}."

    def test_times_are_utc_whatever_offset_they_are_written_in(self, bench: Bench, whole: Kept) -> None:
        """Vendors write times in the zone of whoever asks: 09:00+02:00 is 07:00 UTC, and never 09:00."""
        rows = [(row, changed) for row in whole.rows if (changed := moved(row)) != row]
        if not rows:
            pytest.skip("The times of your rows name no offset: set `known` to prove that they are read as UTC.")
        source = bench.source()
        for row, changed in rows:
            told, again = _times(source, row), _times(source, changed)
            assert again in (None, told), (
                f"The same instants, written with another offset, became others: {again}, and not {told}. Convert "
                "with `.astimezone(UTC)`; `.replace(tzinfo=UTC)` forgets the offset."
            )

    def test_parse_is_pure(self, bench: Bench, whole: Kept) -> None:
        """A row is parsed again when it leaves quarantine, perhaps a year later: it tells the same then, and is not
        changed by being read."""
        source, other = bench.source(), bench.source()
        for row in whole.rows:
            before = copy.deepcopy(row)
            told = list(source.parse(row))
            assert row == before, f"`parse` changed its row: {_changed(before, row)}. Copy what you change."
            assert list(other.parse(row)) == told, "Parsed twice, a row told two things: keep nothing between rows."

    def test_parse_reads_no_clock_and_asks_nobody(self, bench: Bench, whole: Kept) -> None:
        """All that `parse` needs is its row: what is asked for besides is another answer tomorrow."""
        source = bench.source()
        for row in whole.rows[:2]:
            list(source.parse(row))  # what is imported or compiled on the first use is no matter
        with watched() as seen:
            for row in whole.rows:
                list(source.parse(row))
        assert not seen, f"`parse` uses {seen[0]}: fetch what it needs, and write it into the row."

    def test_a_row_comes_back_from_quarantine_as_it_was(self, bench: Bench, whole: Kept) -> None:
        """Rows that cannot be read are kept as JSON and parsed again later: they hold nothing else."""
        source = bench.source()
        for row in whole.rows:
            stored = attempt(partial(as_stored, dict(row)))
            assert not isinstance(stored, Exception), f"A row is no plain JSON: {stored}."
            assert list(source.parse(stored)) == list(source.parse(row)), "Kept as JSON, a row tells something else."

    def test_a_damaged_row_is_refused_or_read(self, bench: Bench, whole: Kept) -> None:
        """Whatever is missing or wrong in a row, `parse` raises `BadRecord` or gives sound records: any other error
        stops the source, and an unsound record stops the page."""
        source, least = bench.source(), (dict[str, Any](), {"?": "?"})
        sent = {name for answer in bench.wire.answers for name in names(answer.json())}
        sound = [row for row in whole.rows if not any(map(unsound, source.parse(row)))]
        for where, row in [*(("the whole row", row) for row in least), *_damage(sound, sent)]:
            told = attempt(partial(_all, source, row))
            if isinstance(told, Exception):
                assert isinstance(told, BadRecord), f"With {where}, `parse` raises {told!r}: raise `BadRecord`."
                assert str(told), f"With {where}, `parse` raises a `BadRecord` that does not say why."
            else:
                wrong = next(filter(None, map(unsound, told)), "")
                assert not wrong, f"With {where}, `parse` makes an unsound record: {wrong}. Raise `BadRecord`."

    def test_a_row_without_a_readable_date_stops_no_other(self, bench: Bench, whole: Kept) -> None:
        """One broken row goes to quarantine and all others come in: `fetch` must not stumble over it either."""
        source, broken = bench.source(), 0
        for row in (whole.rows[0], whole.rows[len(whole.rows) // 2], whole.rows[-1]):
            about = _about(source, row)
            bench.wire.plan = faults.always(faults.rewritten(partial(undated, row=row, keys=about)))
            kept = attempt(bench.fetch)
            assert isinstance(kept, Kept), f"No date in a row about {about} could be read, and `fetch` raised {kept!r}."
            broken += len(kept.bad)
            others = Kept({key: ticket for key, ticket in whole.tickets.items() if key not in about})
            kept.tickets = {key: ticket for key, ticket in kept.tickets.items() if key not in about}
            lost = kept.difference(others, tickets_only=True)
            assert not lost, f"No date in a row about {about} could be read, and {lost}: pass the row on as it is."
        if not broken:
            pytest.skip("Your rows look otherwise than what the desk sends: this could not be tried.")


def _all(source: Source, row: Row) -> list[object]:
    return list(source.parse(row))


def _about(source: Source, row: Row) -> set[str]:
    told = (record.key if isinstance(record, Ticket) else record.ticket for record in source.parse(row))
    return {key for key in told if key is not None}


def _times(source: Source, row: Row) -> list[tuple[str, datetime]] | None:
    try:
        tickets = [record for record in source.parse(row) if isinstance(record, Ticket)]
    except BadRecord:
        return None
    names = [field.name for field in fields(Ticket) if field.name.endswith("_at")]
    return [(name, getattr(ticket, name)) for ticket in tickets for name in names]


def _changed(before: Row, after: Row) -> str:
    return ", ".join(name for name in {**before, **after} if before.get(name) != after.get(name))


def _damage(rows: list[Row], sent: set[str]) -> Iterator[tuple[str, Any]]:
    shapes: dict[frozenset[str], int] = {}
    for row in rows:
        shape = frozenset(row)
        shapes[shape] = shapes.get(shape, 0) + 1
        if shapes[shape] <= _SAMPLE:
            yield from damaged(row, sent)
