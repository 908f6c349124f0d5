"""What vendors tell besides tickets: events of a ticket's life, answers to their own surveys, and deletions."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from tests.core.support import DAY, HOUR, NOW, Bench, Vendor, ticket
from xmo_core.connected import Here, Scope
from xmo_core.desk import StoreDesk
from xmo_core.line import leased, running, sync_only
from xmo_core.progress import Progress
from xmo_core.store import tables as t
from xmo_core.store.runs import Run
from xmo_core.sync import lease_of, plan, replay
from xmo_hooks import Answer, Json, Native, Page, Refused, Touchpoint, Unavailable

RATED = Answer(question="csat", version="vendor", value=4, low=1, high=5, best=5)


def spoke(at: datetime = NOW, key: str = "c1") -> Touchpoint:
    return Touchpoint(ticket="1", key=key, at=at, what="response", side="desk", channel="portal")


class Logging(Vendor):
    """A vendor that keeps a log of deletions, which is read from where the cursor stands in it."""

    def __init__(self) -> None:
        super().__init__(page=1)
        self.log: list[str] = []
        self.breaks = False

    def remove(self, key: str) -> None:
        del self.tickets[key]
        self.log.append(key)

    def fetch(self, cursor: Json, since: datetime | None) -> Iterator[Page]:
        read = len(self.log) if cursor is None else cursor["log"]
        place = cursor and cursor["tickets"]
        for page in super().fetch(place, since):
            place = page.cursor
            yield Page(rows=page.rows, cursor={"tickets": place, "log": read})
            if self.breaks:
                raise Unavailable("The connection broke.")
        yield Page(rows=[], cursor={"tickets": place, "log": len(self.log)}, deleted=self.log[read:])

    def count(self, cursor: Json, since: datetime | None) -> None:
        self.counted_from = cursor

    def restart(self, cursor: Json) -> Json:
        return cursor and {"tickets": None, "log": cursor["log"]}


def able(bench: Bench, capability: str) -> Bench:
    """Give the vendor a capability, and run for the first time."""
    config = bench.office.config
    kind = replace(config.sources["corp"].kind, can=frozenset({"comment", capability}))
    object.__setattr__(config, "sources", {"corp": replace(config.sources["corp"], kind=kind)})
    return bench.started()


def fully(bench: Bench) -> Run:
    return sync_only(bench.office, (), Scope(full=True), Progress(show=False))


def deleted(bench: Bench) -> list[str]:
    return [row.key for row in bench.rows(t.ticket) if row.deleted_at]


@pytest.fixture
def forgetful(bench: Bench) -> Bench:
    """A site whose vendor does not report deletions."""
    return able(bench, "gone")


@pytest.fixture
def logging(bench: Bench) -> Logging:
    """The vendor of a site that knows two tickets; one was deleted since."""
    bench.sources["corp"] = vendor = Logging()
    able(bench, "restart")
    vendor.put(ticket("1"), ticket("2"))
    bench.run()
    bench.pass_time()
    vendor.remove("1")
    return vendor


def here(bench: Bench) -> Here:
    """The source of the bench, as the line works with it."""
    return Here(bench.office, "corp", lambda _: None)


def test_events_and_native_answers_are_stored_with_their_ticket_and_seeing_them_twice_changes_nothing(
    bench: Bench,
) -> None:
    bench.vendor.told["1"] = [spoke(), Native(ticket="1", key="n1", at=NOW, answer=RATED)]
    for _ in range(2):
        bench.vendor.put(ticket(changed_at=bench.clock()))
        run = bench.run()
        bench.pass_time()
    (event,), (native,) = bench.rows(t.touchpoint), bench.rows(t.native)
    assert (event.source, event.ticket, event.what, event.side, event.at) == ("corp", "1", "response", "desk", NOW)
    assert (native.question, native.value, native.low, native.high, native.best) == ("csat", 4, 1, 5, 5)
    assert run.counts["corp"] == {"pages": 1, "tickets": 1, "quarantined": 0, "touchpoints": 1, "natives": 1}


def test_an_event_that_moved_at_the_vendor_moves_here(bench: Bench) -> None:
    for at in (NOW, NOW + HOUR):
        bench.vendor.told["1"] = [spoke(at)]
        bench.vendor.put(ticket(changed_at=bench.clock()))
        bench.run()
        bench.pass_time()
    assert [row.at for row in bench.rows(t.touchpoint)] == [NOW + HOUR]


def test_what_a_quarantined_row_tells_comes_in_with_its_replay(bench: Bench) -> None:
    bench.vendor.told["1"] = [spoke()]
    bench.vendor.broken.add("1")
    bench.vendor.put(ticket())
    bench.run()
    assert bench.rows(t.touchpoint) == []
    bench.vendor.broken.clear()
    with leased(bench.office, [lease_of("corp")]) as leases, running(bench.office, "quarantine replay") as run:
        replay(bench.office, run, leases[lease_of("corp")], "corp", here(bench))
    assert len(bench.rows(t.touchpoint)) == len(bench.rows(t.ticket)) == 1


def test_a_deleted_ticket_is_never_asked_about_and_its_decision_says_why(bench: Bench) -> None:
    bench.started().resolve()
    bench.vendor.deleted = ["1", "unknown to us"]
    bench.run()
    assert bench.vendor.journal == []
    assert bench.verdicts() == {"1#1": "core.deleted"}
    assert [row.deleted_at for row in bench.rows(t.ticket)] == [bench.clock()]


def test_a_ticket_in_which_the_vendor_takes_no_more_comments_is_not_asked_about(bench: Bench) -> None:
    config = bench.office.config
    kind = replace(config.sources["corp"].kind, final=frozenset({"closed"}))
    object.__setattr__(config, "sources", {"corp": replace(config.sources["corp"], kind=kind)})
    bench.started().resolve("1", state="closed", closed_at=bench.clock())
    bench.resolve("2")
    bench.run()
    assert bench.verdicts() == {"1#1": "core.final", "2#1": "ask"}


def test_a_row_that_waited_for_mending_brings_no_deleted_ticket_back(bench: Bench) -> None:
    bench.started().resolve(state="in_progress", resolved_at=None, changed_at=bench.clock())
    bench.run()
    bench.pass_time()
    bench.vendor.broken.add("1")
    bench.resolve(changed_at=bench.clock())
    bench.run()
    assert [row.key for row in bench.rows(t.quarantine)] == ["1"]
    bench.vendor.tickets.clear()
    bench.vendor.deleted = ["1"]
    bench.run()
    assert (deleted(bench), bench.rows(t.quarantine)) == (["1"], [])


def test_the_question_about_a_ticket_that_is_deleted_is_withdrawn(bench: Bench) -> None:
    bench.started().resolve()
    bench.run()
    token = bench.token("1")
    bench.pass_time()
    bench.vendor.deleted = ["1"]
    bench.run()
    assert bench.states() == {"1#1": "withdrawn"}
    with pytest.raises(Refused, match="withdrawn"):
        StoreDesk(bench.office).open(token)


def test_a_ticket_that_is_restored_at_the_vendor_is_there_again(bench: Bench) -> None:
    bench.started().resolve()
    bench.vendor.deleted = ["1"]
    bench.run()
    bench.pass_time()
    bench.resolve(reopens=1, changed_at=bench.clock())
    bench.run()
    assert [row.deleted_at for row in bench.rows(t.ticket)] == [None]
    assert bench.verdicts() == {"1#1": "core.deleted", "1#2": "ask"}


def test_a_vendor_that_does_not_report_deletions_is_asked_once_a_day(forgetful: Bench) -> None:
    forgetful.resolve("1", state="in_progress", resolved_at=None, changed_at=forgetful.clock())
    forgetful.run()
    swept = forgetful.vendor.swept
    del forgetful.vendor.tickets["1"]
    forgetful.pass_time()
    forgetful.run()
    assert (forgetful.vendor.swept, [row.deleted_at for row in forgetful.rows(t.ticket)]) == (swept, [None])
    forgetful.pass_time(DAY)
    run = forgetful.run()
    assert (forgetful.vendor.swept, run.counts["corp"]["deleted"]) == (swept + 1, 1)
    assert [row.deleted_at for row in forgetful.rows(t.ticket)] == [forgetful.clock()]


def test_a_ticket_that_was_called_gone_and_is_shown_again_is_there_again(forgetful: Bench) -> None:
    forgetful.resolve("1", state="in_progress", resolved_at=None, changed_at=forgetful.clock())
    forgetful.run()
    hidden = forgetful.vendor.tickets.pop("1")
    forgetful.pass_time(DAY)
    forgetful.run()
    assert deleted(forgetful) == ["1"]
    forgetful.vendor.put(hidden)
    forgetful.vendor.fetch = lambda *_: iter(())  # type: ignore[method-assign] # it has not changed
    forgetful.pass_time(DAY)
    forgetful.run()
    assert deleted(forgetful) == []


def test_where_most_tickets_are_not_shown_any_more_none_is_called_gone(forgetful: Bench) -> None:
    for number in range(30):
        forgetful.resolve(f"{number:02}")
    forgetful.run()
    hidden = [forgetful.vendor.tickets.pop(f"{number:02}") for number in range(20)]
    forgetful.pass_time(DAY)
    forgetful.run()
    assert deleted(forgetful) == []
    forgetful.vendor.put(*hidden[:10])
    forgetful.pass_time(DAY)
    forgetful.run()
    assert deleted(forgetful) == [f"{number:02}" for number in range(10, 20)]


def test_what_a_vendor_says_of_tickets_it_was_not_asked_about_deletes_nothing(forgetful: Bench) -> None:
    forgetful.resolve("1")
    forgetful.run()
    forgetful.vendor.tickets.clear()
    forgetful.vendor.gone = lambda keys: [f"not {key}" for key in keys]  # type: ignore[method-assign]
    forgetful.pass_time(2 * DAY)
    forgetful.run()
    assert [row.deleted_at for row in forgetful.rows(t.ticket)] == [None]


def test_what_was_deleted_since_the_last_run_is_heard_though_everything_is_fetched_again(
    bench: Bench, logging: Logging
) -> None:
    run = fully(bench)
    assert (run.errors, run.counts["corp"]["tickets"], deleted(bench)) == ({}, 1, ["1"])
    assert "deleted" not in bench.run().counts["corp"]


def test_what_was_deleted_is_heard_after_a_full_fetch_that_broke_off(bench: Bench, logging: Logging) -> None:
    logging.breaks = True
    assert fully(bench).errors
    assert deleted(bench) == []
    logging.breaks = False
    bench.run()
    assert deleted(bench) == ["1"]


def test_the_plan_of_a_full_fetch_begins_where_it_would(bench: Bench, logging: Logging) -> None:
    plan(bench.office, "corp", here(bench), Scope(full=True))
    assert logging.counted_from == {"tickets": None, "log": 0}
    plan(bench.office, "corp", here(bench), Scope(since=NOW))
    assert logging.counted_from is None


def test_a_full_fetch_asks_about_every_known_ticket_whether_it_is_gone(forgetful: Bench) -> None:
    forgetful.resolve("1")
    forgetful.resolve("2")
    forgetful.run()
    forgetful.pass_time(200 * DAY)
    forgetful.run()
    del forgetful.vendor.tickets["1"]
    forgetful.pass_time()
    run = fully(forgetful)
    assert (run.counts["corp"]["deleted"], deleted(forgetful)) == (1, ["1"])
