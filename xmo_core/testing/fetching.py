"""What a fetch promises: everything comes, in order, page by page, and the next one goes on where it ended."""

from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path

import pytest

from xmo_core.testing.bench import Bench, as_stored
from xmo_core.testing.kept import Kept
from xmo_core.testing.setup import Setup
from xmo_hooks import Ticket

_HOUR = timedelta(hours=1)
_APART = 3  # tickets: one behind the cursor, one at it, and one that lets the time go on
_WRONG = 10 * 86_400.0  # seconds by which the local clock is ahead


class FetchTests(Setup):
    """Fetching, and going on."""

    def test_every_ticket_comes_in(self, whole: Kept) -> None:
        """A fetch from the beginning brings all tickets of the desk, each one readable: what is left out here is never
        asked about."""
        assert not whole.bad, f"{len(whole.bad)} rows of your desk cannot be parsed, such as this: {whole.bad[0]}"
        assert whole.tickets, "No ticket came: give the desk some, or look at `fetch`."
        assert self.tickets in (None, len(whole.tickets)), (
            f"{len(whole.tickets)} of {self.tickets} tickets came: look at how `fetch` goes from page to page, and at "
            "`tickets` of this class."
        )

    def test_a_fetch_that_is_killed_after_any_page_goes_on_from_its_cursor(self, bench: Bench, whole: Kept) -> None:
        """A run may be killed at any instant; the next one starts from the cursor of the last page that was stored,
        and nothing is lost."""
        for stop in range(1, len(whole.cursors)):
            source, again = bench.source(), bench.source()
            kept = Kept().take(source, bench.pages(source, stop))
            kept.take(again, again.fetch(as_stored(kept.cursors[-1]), None))
            lost = kept.difference(whole)
            assert not lost, (
                f"Killed after page {stop} and started again from {kept.cursors[-1]!r}: {lost}. The cursor of a page "
                "must stand behind its own last row, and before the first row of the next page."
            )
        _several(whole)

    def test_a_second_fetch_brings_no_more_than_the_overlap(self, bench: Bench, whole: Kept) -> None:
        """A fetch begins at its cursor: whoever reads everything every time wears the vendor's limits out."""
        newest = max(ticket.changed_at for ticket in whole.tickets.values())
        old = [ticket for ticket in whole.tickets.values() if ticket.changed_at < newest - self.overlap]
        if not old:
            pytest.skip(f"All tickets changed within `overlap` ({self.overlap}): give the desk older ones, too.")
        again = bench.fetch(as_stored(whole.cursors[-1]))
        came = [ticket.number for ticket in old if ticket.key in again.tickets]
        assert not came, (
            f"Started from its last cursor, the fetch brought {len(came)} tickets changed more than {self.overlap} "
            f"before, such as {came[0]}: begin from the cursor. If your vendor needs a longer overlap, set `overlap`."
        )

    def test_a_second_fetch_changes_nothing(self, bench: Bench, whole: Kept) -> None:
        """Rows may come again: the same row tells the same, so that seeing it twice changes nothing."""
        again = bench.fetch(as_stored(whole.cursors[-1]))
        kept = Kept({**whole.tickets, **again.tickets}, {**whole.touchpoints, **again.touchpoints})
        kept.natives = {**whole.natives, **again.natives}
        kept.measurements = {**whole.measurements, **again.measurements}
        changed = kept.difference(whole)
        assert not changed, f"Nothing happened at the desk, and yet after a second fetch {changed}."
        gone = (whole.deleted | again.deleted) & whole.tickets.keys()
        assert not gone, f"Nothing was deleted, and yet `Page.deleted` names {', '.join(sorted(gone))}."

    def test_a_change_after_a_fetch_comes_with_the_next(self, bench: Bench, whole: Kept) -> None:
        """What changes after a fetch ended comes with the next one, also where the local clock is wrong: the cursor
        does not reach beyond what was read."""
        bench.clock.sleep(_WRONG)
        cursor = bench.fetch().cursors[-1]
        key = min(whole.tickets.values(), key=lambda ticket: ticket.changed_at).key
        if not self.change(bench.url, key):
            pytest.skip("Write `def change(self, url, key)`: change that ticket at the desk, and return True.")
        again = bench.fetch(as_stored(cursor))
        assert key in again.tickets, (
            f"Ticket {key} changed after the fetch had ended, and the next one, from {cursor!r}, did not bring it: a "
            "cursor is the vendor's, never the local clock, and must not stand behind what was not read yet."
        )

    def test_a_change_in_the_instant_where_a_fetch_ended_comes_with_the_next(self, bench: Bench, whole: Kept) -> None:
        """Vendors tell changes to the second, and a second is not over when a fetch ends in it: what changes then,
        behind the place where the fetch has stopped, comes with the next one."""
        open_ = [one.key for one in whole.tickets.values() if one.state not in bench.kind.final]
        if len(open_) < _APART:
            pytest.skip(f"Give the desk {_APART} tickets that are in no state which `final` of the kind names.")
        ordered = sorted(open_, key=lambda key: (len(key), key))
        smallest, middle, largest = ordered[0], ordered[len(ordered) // 2], ordered[-1]
        at = bench.clock.now().replace(microsecond=0) + _HOUR
        if not self.change_at(bench.url, middle, at):
            pytest.skip("Write `def change_at(self, url, key, at)`: change that ticket in that instant, return True.")
        bench.clock.sleep(_HOUR.total_seconds())
        cursor = bench.fetch(as_stored(whole.cursors[-1])).cursors[-1]
        before = bench.source().fetch_some([smallest, middle])
        for key in (smallest, middle):
            self.change_at(bench.url, key, at)
        self.change_at(bench.url, largest, at + _HOUR)
        bench.clock.sleep(_HOUR.total_seconds())
        again = bench.fetch(as_stored(cursor))
        lost = [key for key in (smallest, middle) if key not in again.tickets]
        as_before = lost and any(row in before for row in bench.source().fetch_some(lost))
        assert not as_before, "`change_at` changed nothing: let each call change some field, also the second."
        assert not lost, (
            f"Ticket {lost[0]} changed at {at}, where the fetch before had ended, and the next one, from {cursor!r}, "
            "did not bring it: begin a little before the cursor, or keep the last instants for the next fetch."
        )

    def test_tickets_come_oldest_change_first(self, whole: Kept) -> None:
        """Where a run ends early, the next one goes on behind its last page: so what changed first comes first."""
        reached: dict[str, datetime] = {}
        for number, tickets in enumerate(whole.pages, 1):
            for of, group in groupby(sorted(tickets, key=_order), key=lambda ticket: ticket.vendor_type):
                oldest, *_, newest = [*group] * 2
                before = reached.get(of)
                assert before is None or oldest.changed_at >= before - self.overlap, (
                    f"{oldest.number} on page {number} changed at {oldest.changed_at}, and pages before had come to "
                    f"{before} already: ask the vendor for the oldest change first."
                )
                reached[of] = max(before or newest.changed_at, newest.changed_at)

    def test_tickets_that_share_an_instant_over_a_page_border_all_come(self, stack: ExitStack, tmp_path: Path) -> None:
        """An import gives hundreds of tickets the same time of change: a cursor that is only a time then skips what
        did not fit on the page, or stands still."""
        desk = self.tied()
        if desk is None or self.tied_tickets is None:
            pytest.skip("Write `def tied(self)` (a desk where a page's border falls into one instant), `tied_tickets`.")
        bench = self.bench_for(desk, stack, tmp_path)
        whole = bench.fetch()
        for stop in range(len(whole.cursors)):
            source, again = bench.source(), bench.source()
            kept = Kept().take(source, bench.pages(source, stop))
            kept.take(again, again.fetch(as_stored(kept.cursors[-1]) if stop else None, None))
            assert len(kept.tickets) == self.tied_tickets, (
                f"{len(kept.tickets)} of {self.tied_tickets} tickets came, of which many changed at the same instant"
                f"{f', when the fetch was killed after page {stop}' if stop else ''}: put more than that time into the "
                "cursor, such as the key of the last ticket, or begin again at that time."
            )
        pages = [[ticket.changed_at for ticket in tickets] for tickets in whole.pages if tickets]
        border = any(one[-1] == other[0] for one, other in pairwise(pages))
        assert border, "No page of the desk of `tied` ends amid tickets of one instant: let more of them share it."

    def test_a_desk_without_tickets_is_no_error(self, stack: ExitStack, tmp_path: Path) -> None:
        """A new desk has nothing to tell: a fetch ends without tickets, and the next one starts from what it left."""
        desk = self.nothing()
        if desk is None:
            pytest.skip("Write `def nothing(self)` and return a desk without tickets.")
        bench = self.bench_for(desk, stack, tmp_path)
        first = bench.fetch()
        second = bench.fetch(as_stored(first.cursors[-1]) if first.cursors else None)
        came = [*first.tickets, *second.tickets]
        assert not came, f"The desk of `nothing` has tickets: {came[:3]}."

    def test_pages_come_one_by_one(self, bench: Bench, whole: Kept) -> None:
        """A page is handed over before the next one is asked for, and is no longer than `page_size`: memory holds
        pages, never a history."""
        longest = max(map(len, whole.pages))
        assert longest <= self.page_size, f"A page holds {longest} rows: at most {self.page_size} were expected."
        _several(whole)
        bench.wire.calls.clear()
        bench.fetch()
        every = len(bench.wire.calls)
        bench.wire.calls.clear()
        bench.pages(bench.source(), 1)
        assert len(bench.wire.calls) < every, (
            f"All {every} requests were sent before the first page was handed over: `yield` each page as it comes."
        )

    def test_a_cursor_comes_back_from_the_store_as_it_was(self, whole: Kept) -> None:
        """A cursor is kept as JSON: what JSON cannot hold, or changes (tuples, numbers as keys), is lost at a
        restart."""
        for cursor in whole.cursors:
            assert as_stored(cursor) == cursor, f"{cursor!r} comes back as {as_stored(cursor)!r}: use plain JSON."

    def test_since_leaves_out_what_changed_before(self, bench: Bench, whole: Kept) -> None:
        """`xmo sync --since` repeats a stretch of time: from there on nothing is missing, and hardly more comes."""
        ordered = sorted(whole.tickets.values(), key=lambda ticket: ticket.changed_at)
        since = ordered[len(ordered) // 2].changed_at
        kept = bench.fetch(None, since)
        missing = [ticket.number for ticket in ordered if ticket.changed_at >= since and ticket.key not in kept.tickets]
        assert not missing, f"`fetch(None, since)` left out what changed since: {', '.join(missing[:3])}."
        before = [ticket.number for ticket in kept.tickets.values() if ticket.changed_at < since - self.overlap]
        assert not before, f"`fetch(None, since)` brought what changed long before {since}: {', '.join(before[:3])}."


def _several(whole: Kept) -> None:
    if sum(map(bool, whole.pages)) < 2:
        pytest.skip("All tickets come on one page: choose a smaller page in `options`, or give the desk more.")


def _order(ticket: Ticket) -> tuple[str, datetime]:
    return ticket.vendor_type, ticket.changed_at
