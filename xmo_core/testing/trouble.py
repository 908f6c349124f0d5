"""What a source promises while the network or the vendor is in trouble."""

from datetime import datetime, timedelta

from xmo_core.testing import faults
from xmo_core.testing.bench import Bench
from xmo_core.testing.kept import Kept, attempt
from xmo_core.testing.setup import Setup
from xmo_core.testing.wire import Plan
from xmo_hooks import AuthError, RateLimited, Unavailable

_KNOCKS = 6  # requests with a refused log-in: a token may be renewed once; more would lock the account
_HOUR = timedelta(hours=1)


class TroubleTests(Setup):
    """Fetching in bad weather."""

    def test_all_requests_go_through_the_session(self, bench: Bench, whole: Kept) -> None:
        """The session that is handed out waits, repeats, keeps the pace and hides secrets; another one does not."""
        own = [call for call in bench.wire.calls if not call.ours]
        assert not own, f"{own[0]} did not come through `tools.session` (of {len(whole.rows)} rows): use no other way."

    def test_a_post_that_only_reads_says_so(self, bench: Bench, whole: Kept) -> None:
        """A write is never repeated, so a search by POST fails at the first hiccup, unless it says that it only
        reads."""
        writes = [call for call in bench.wire.calls if call.ours and not call.read and b"grant_type" not in call.body]
        assert not writes, (
            f"{writes[0]} was sent to fetch {len(whole.rows)} rows, and may not be repeated: send the header "
            '`Idempotency-Key: ""` with it.'
        )

    def test_a_429_is_waited_out(self, bench: Bench, whole: Kept) -> None:
        """Retry-After is obeyed: whoever knocks on is shut out for longer."""
        bench.wire.calls.clear()
        plan = faults.first_of_each(faults.refuses("429 Too Many Requests", Retry_After="7"))
        self._comes_whole(bench, whole, plan, "a 429")
        times: dict[object, list[datetime]] = {}
        for call in filter(lambda call: call.read, bench.wire.calls):
            times.setdefault(call.what, []).append(call.at)
        early = [what for what, at in times.items() if at[1:] and at[1] - at[0] < timedelta(seconds=7)]
        assert not early, f"{early[0]} was asked again before Retry-After had passed: leave repeats to the session."

    def test_a_503_is_asked_again(self, bench: Bench, whole: Kept) -> None:
        """A server that is down for a moment costs no run: each read is repeated."""
        self._comes_whole(bench, whole, faults.first_of_each(faults.refuses("503 Service Unavailable")), "a 503")

    def test_a_connection_that_breaks_off_is_asked_again(self, bench: Bench, whole: Kept) -> None:
        """A connection that is reset amid an answer costs no run: each read is repeated."""
        self._comes_whole(bench, whole, faults.first_of_each(faults.cut), "a connection that broke off")

    def test_half_an_answer_is_not_taken_for_a_whole_one(self, bench: Bench, whole: Kept) -> None:
        """A proxy that gives up waiting sends half of the JSON with 200: that is no last page."""
        most = len(bench.wire.calls) + 1
        bench.wire.plan = faults.first_of_each(faults.halved)
        told = next((kept for kept in (attempt(bench.fetch) for _ in range(most)) if isinstance(kept, Kept)), None)
        assert told, (
            f"Each answer came in half once, and of {most} fetches none got to the end: ask again the next time."
        )
        assert not (lost := told.difference(whole)), (
            f"An answer came in half, and the fetch went on as if that was all: {lost}. Raise `Unavailable` for an "
            "answer that cannot be read."
        )

    def test_an_outage_is_named(self, bench: Bench, whole: Kept) -> None:
        """When the vendor stays down, the fetch says so: quietly ending would look as if all had come."""
        assert whole.tickets
        calls = len(bench.wire.calls)
        for number in sorted({0, calls // 2, calls - 1}):
            bench.wire.plan = faults.after(number, faults.refuses("503 Service Unavailable"))
            error = attempt(bench.fetch)
            assert isinstance(error, Unavailable), (
                f"The desk was down from request {number + 1} of {calls} on, and `fetch` ended with {_named(error)} in "
                "place of `Unavailable`: let it through."
            )

    def test_a_vendor_that_asks_for_an_hour_is_left_alone(self, bench: Bench, whole: Kept) -> None:
        """No run waits for an hour: `RateLimited` says when to come back, and the next run goes on from there."""
        assert whole.tickets
        calls, before = len(bench.wire.calls), bench.clock.now()
        bench.wire.plan = faults.after(calls // 2, faults.refuses("429 Too Many Requests", Retry_After="3600"))
        error = attempt(bench.fetch)
        assert isinstance(error, RateLimited), (
            f"The desk asked for an hour, and `fetch` ended with {_named(error)} and not `RateLimited`: let it through."
        )
        assert bench.clock.now() - before < _HOUR, "The hour was waited out inside the run."

    def test_a_refused_log_in_is_named_and_not_tried_again(self, bench: Bench) -> None:
        """Wrong log-ins lock accounts: the first refusal ends the fetch, and says what to mend."""
        bench.wire.plan = faults.always(faults.refuses("401 Unauthorized"))
        error = attempt(bench.fetch)
        assert isinstance(error, AuthError), (
            f"The log-in was refused, and `fetch` ended with {_named(error)} in place of `AuthError`: let it through."
        )
        assert error.hint, f"{error} has no hint: say which options to look at."
        assert len(bench.wire.calls) <= _KNOCKS, f"The log-in was tried {len(bench.wire.calls)} times: once is enough."

    def _comes_whole(self, bench: Bench, whole: Kept, plan: Plan, what: str) -> None:
        bench.wire.plan = plan
        kept = attempt(bench.fetch)
        assert isinstance(kept, Kept), (
            f"Each read met {what} once, and `fetch` raised {kept!r}: leave repeats to the session."
        )
        assert not (lost := kept.difference(whole)), f"Each read met {what} once: {lost}."


def _named(told: object) -> str:
    return repr(told) if isinstance(told, Exception) else "all that it had"
