"""What a source says it can, and what it is asked beside fetching: checks, counts, single tickets, deletions."""

import pytest

from xmo_core.testing import faults
from xmo_core.testing.bench import Bench, as_stored
from xmo_core.testing.kept import Kept, attempt
from xmo_core.testing.setup import Setup
from xmo_hooks import AuthError, Estimate, Finding, XmoError

_METHODS = {"comment": ("find", "comment"), "gone": ("gone",), "restart": ("restart",), "hear": ("hear",)}
_FEW = 3


class AbilityTests(Setup):
    """Capabilities, and everything that a source is asked besides."""

    def test_declared_capabilities_are_there(self, bench: Bench) -> None:
        """`can` is all that the core knows of a source: it calls what is declared, and nothing else."""
        source, can = bench.source(), bench.kind.can
        assert can <= _METHODS.keys(), (
            f"There is no capability {', '.join(can - _METHODS.keys())}: see docs/contract.md."
        )
        missing = [name for capability in can for name in _METHODS[capability] if not hasattr(source, name)]
        assert not missing, f"The kind declares {sorted(can)}, and the source has no method {', '.join(missing)}."

    def test_what_is_not_declared_is_not_offered(self, bench: Bench) -> None:
        """A method that nobody declares is never called: deletions would go unnoticed, and nobody would know why."""
        source, can = bench.source(), bench.kind.can
        idle = [name for name in ("gone", "restart", "hear") if name not in can and hasattr(source, name)]
        assert not idle, f"The source has the method {idle[0]} and does not declare it: add it to `can` of the kind."

    def test_a_deleted_ticket_is_told(self, bench: Bench, whole: Kept) -> None:
        """People are not asked about a ticket that is no more: a page names it, or `gone` does."""
        key = min(whole.tickets.values(), key=lambda ticket: ticket.changed_at).key
        if not self.remove(bench.url, key):
            pytest.skip("Write `def remove(self, url, key)`: delete that ticket at the desk, and return True.")
        source = bench.source()
        pages = source.fetch(as_stored(whole.cursors[-1]), None)
        told = {key for page in pages for key in page.deleted}
        if _able(bench, "gone"):
            told |= set(source.gone([*whole.tickets]))  # type: ignore[attr-defined]
        assert key in told, f"Ticket {key} was deleted, and neither `Page.deleted` nor `gone` says so."

    def test_what_is_there_is_not_called_gone(self, bench: Bench, whole: Kept) -> None:
        """A ticket that is called gone is dropped from every figure."""
        if not _able(bench, "gone"):
            pytest.skip('This kind does not declare the capability "gone".')
        gone = list(bench.source().gone([*whole.tickets]))  # type: ignore[attr-defined]
        assert not gone, f"All tickets are there, and `gone` names {', '.join(gone[:3])}."

    def test_a_restart_keeps_a_cursor_that_a_fetch_can_begin_with(self, bench: Bench, whole: Kept) -> None:
        """`xmo sync --full` reads all tickets again, from what `restart` leaves of the cursor."""
        if not _able(bench, "restart"):
            pytest.skip('This kind does not declare the capability "restart".')
        source = bench.source()
        kept = source.restart(as_stored(whole.cursors[-1]))  # type: ignore[attr-defined]
        assert as_stored(kept) == kept, f"`restart` returned {kept!r}, which is no plain JSON."
        again = bench.fetch(as_stored(kept))
        assert not (lost := again.difference(whole, tickets_only=True)), f"From what `restart` left: {lost}."
        for foreign in (None, "somebody else's", {"page": 7}):
            rest = source.restart(foreign)  # type: ignore[attr-defined]
            assert as_stored(rest) == rest, f"`restart({foreign!r})` returned {rest!r}, which is no plain JSON."

    def test_check_finds_that_all_is_well(self, bench: Bench) -> None:
        """`xmo check` is the first thing an admin runs: at a desk that is well it says what it has found, and no
        error."""
        findings = list(bench.source().check())
        assert all(isinstance(one, Finding) for one in findings), "`check` yields things that are no Finding."
        errors = [one.text for one in findings if one.level == "error"]
        assert not errors, f"`check` finds errors at your desk: {errors[0]}"
        assert any(one.level == "ok" for one in findings), (
            "`check` finds nothing that is well: say that the log-in works."
        )

    def test_check_tells_of_a_refused_log_in(self, bench: Bench) -> None:
        """With a wrong password, `xmo check` says so and says what to do."""
        bench.wire.plan = faults.always(faults.refuses("401 Unauthorized"))
        source = bench.source()
        told = attempt(lambda: [one for one in source.check() if one.level == "error"])
        assert told, "The desk answers 401 to everything, and `check` finds no error: let `AuthError` through."
        if isinstance(told, Exception):
            assert isinstance(told, AuthError), f"The desk answers 401, and `check` raises {told!r}: not `AuthError`."
            assert told.hint, f"{told} has no hint: say which options to look at."
            return
        errors = told
        assert all(one.fix for one in errors), f'"{errors[0].text}" does not say what to do: fill in `fix`.'

    def test_count_is_an_estimate_or_none(self, bench: Bench, whole: Kept) -> None:
        """`xmo sync --plan` says what a fetch would bring; None where the vendor cannot tell, and never a guess."""
        first, next_ = bench.source().count(None, None), bench.source().count(as_stored(whole.cursors[-1]), None)
        for one in (first, next_):
            assert one is None or isinstance(one, Estimate), f"`count` returned {one!r}: an Estimate, or None."
        if first is None:
            return
        assert len(whole.tickets) / 2 <= first.tickets <= len(whole.tickets) * 2, (
            f"`count` says {first.tickets} tickets, and {len(whole.tickets)} came: return None where nobody knows."
        )
        assert next_ is None or next_.tickets <= first.tickets, (
            "From the last cursor on, `count` says more than from none."
        )

    def test_single_tickets_come_by_their_keys(self, bench: Bench, whole: Kept) -> None:
        """Quarantined rows are fetched again one by one, and told as before; what is gone is left out, not an error."""
        wanted = list(whole.tickets)[:_FEW]
        source = bench.source()
        kept = Kept()
        try:
            for row in source.fetch_some([*wanted, "999999999999", "no such key"]):
                kept.parse(source, row)
        except XmoError as error:
            pytest.fail(f"Two of the keys are unknown to the desk, and `fetch_some` failed: {error} Leave them out.")
        assert not list(source.fetch_some([])), "`fetch_some([])` brought rows."
        expected = Kept({key: whole.tickets[key] for key in wanted})
        lost = kept.difference(expected, tickets_only=True)
        assert not lost, f"`fetch_some({wanted})` tells otherwise than `fetch`: {lost}."


def _able(bench: Bench, capability: str) -> bool:
    return capability in bench.kind.can and hasattr(bench.source(), capability)
