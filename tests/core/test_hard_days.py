"""What goes wrong at the seams: each of these once lost a ticket, asked a person twice, or told too much."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.core.support import DAY, HOUR, NOW, Bench, Vendor, registry, surveys, ticket
from xmo_core import asking
from xmo_core.connected import Scope
from xmo_core.desk import StoreDesk
from xmo_core.invitations import withdraw_run
from xmo_core.line import sync_only
from xmo_core.progress import Progress
from xmo_core.store import tables as t
from xmo_hooks import Conflict, Contact, Forbidden, Unavailable


@pytest.fixture
def polite(bench: Bench) -> Bench:
    """A line that has begun to ask, by the rules of the surveys plugin."""
    bench.registry = registry(surveys=surveys())
    return bench.started()


def _new(key: str, at: datetime) -> dict[str, object]:
    return {"key": key, "changed_at": at, "resolved_at": None, "state": "new"}


def test_a_sync_since_a_time_leaves_out_nothing_that_changed_before(bench: Bench) -> None:
    bench.started()
    bench.vendor.put(ticket(**_new("1", bench.clock())))  # type: ignore[arg-type]
    bench.pass_time(10 * DAY)
    bench.vendor.put(ticket(**_new("2", bench.clock())))  # type: ignore[arg-type]
    sync_only(bench.office, [], Scope(since=bench.clock() - DAY), Progress(show=False))
    bench.pass_time()
    bench.run()
    assert {row.key for row in bench.rows(t.ticket)} >= {"1", "2"}


def test_a_question_that_was_withdrawn_on_its_way_counts_as_asked(polite: Bench) -> None:
    polite.resolve()
    coming = polite.rows(t.run)[-1].id + 1

    def withdraw() -> None:
        withdraw_run(polite.office, coming)

    polite.vendor.on_write = withdraw
    polite.run()
    polite.vendor.on_write = lambda: None
    polite.pass_time()
    polite.resolve("2", person="person-1")
    polite.run()
    assert len(polite.vendor.journal) == 1


def test_a_ticket_that_changes_hands_is_not_asked_about_in_the_new_requesters_stead(polite: Bench) -> None:
    polite.resolve("9", person="bob")
    polite.run()
    StoreDesk(polite.office).opt_out(polite.token("9"))
    polite.pass_time()
    polite.resolve("1", person="ann")
    polite.vendor.write_errors.append(Conflict("Somebody else is writing."))
    polite.run()
    polite.pass_time()
    polite.resolve("1", person="bob", resolved_at=NOW + 2 * HOUR, changed_at=polite.clock())
    polite.run()
    assert [key for key, _ in polite.vendor.journal] == ["9"]


def test_a_source_that_cannot_carry_a_question_uses_up_nobodys_quiet_period(bench: Bench) -> None:
    bench.sources["mute"] = Vendor()
    bench.registry = registry(surveys=surveys())
    sources = dict(bench.office.config.sources)
    sources["mute"] = replace(sources["mute"], kind=replace(sources["mute"].kind, can=frozenset()))
    object.__setattr__(bench.office.config, "sources", sources)
    bench.started()
    bench.sources["mute"].put(ticket("1", person="ann", resolved_at=bench.clock()))
    bench.run()
    bench.pass_time()
    bench.resolve("2", person="ann")
    bench.run()
    assert bench.verdicts() == {"1#1": "core.no_channel", "2#1": "ask"}


def test_nobody_is_asked_about_a_ticket_that_could_not_be_fetched(bench: Bench) -> None:
    bench.started().resolve()
    bench.vendor.write_errors.append(Conflict("Somebody else is writing."))
    bench.run()
    bench.pass_time()
    bench.vendor.put(ticket(state="in_progress", vendor_state="2", reopens=1, changed_at=bench.clock()))
    bench.vendor.fetch_error = Unavailable("The vendor is down.")
    bench.run()
    assert bench.vendor.journal == []


def test_what_a_plugin_quotes_in_an_error_stands_in_no_run(bench: Bench) -> None:
    bench.vendor.fetch_error = ValueError("time data 'anna.smith@example.com' does not match")
    bench.run()
    with bench.store.reading() as connection:
        shown = connection.execute(sa.text("SELECT errors FROM v_run")).all()
    assert "ValueError" in str(shown)
    assert "anna" not in str(shown)


def test_a_question_of_which_the_answer_got_lost_is_found_however_late(polite: Bench) -> None:
    polite.resolve()
    polite.vendor.lost_answers = 1
    polite.run()
    polite.pass_time(8 * DAY)
    polite.run()
    assert polite.states() == {"1#1": "sent"}


def test_what_ended_in_a_pause_is_not_asked_about_though_no_run_saw_the_pause(bench: Bench) -> None:
    bench.started()
    asking.pause(bench.office, True)
    bench.pass_time()
    bench.resolve()
    bench.pass_time()
    asking.pause(bench.office, False)
    bench.run()
    assert bench.verdicts() == {"1#1": "core.paused"}


def test_the_history_of_a_source_that_is_added_later_is_not_asked_about(polite: Bench) -> None:
    polite.pass_time(100 * DAY)
    polite.sources["new"] = Vendor()
    polite.opened.clear()
    for number in range(5):
        at = polite.clock() - 3 * DAY
        polite.sources["new"].put(ticket(f"h{number}", opened_at=at - DAY, resolved_at=at))
    polite.run()
    assert "ask" not in polite.verdicts().values()


def test_a_source_that_knows_less_of_a_person_takes_nothing_away(bench: Bench) -> None:
    bench.sources["other"] = Vendor()
    bench.started()
    known = Contact(key="a", email="ann@example.com", language="de", place="Bonn")
    bench.vendor.put(replace(ticket("1", changed_at=bench.clock()), requester=known))
    bench.run()
    bench.pass_time()
    less = Contact(key="z", email="ann@example.com")
    bench.sources["other"].put(replace(ticket("2", changed_at=bench.clock()), requester=less))
    bench.run()
    assert [(row.language, row.place) for row in bench.rows(t.person) if row.language] == [("de", "Bonn")]


def test_a_journal_that_may_not_be_read_burns_no_question(polite: Bench) -> None:
    polite.resolve()
    polite.vendor.find_errors.append(Forbidden("The account may not read comments."))
    run = polite.run()
    assert "may not read comments" in run.errors["corp"]
    polite.pass_time(timedelta(minutes=10))
    polite.run()
    assert polite.states() == {"1#1": "sent"}
