"""Roundup under the conformance kit, at a real server."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

import pytest
from tests.thirdparty.tracker import ADMIN, OURS, USER, Tracker
from xmo_core.testing import SourceTests, faults
from xmo_core.testing.bench import Bench
from xmo_core.testing.wire import Answer, Ask, Call
from xmo_core.testing.writing import message
from xmo_hooks import ConfigError, Conflict, NotFound, Ticket

from xmo_roundup import plugin

SPREAD = {str(n): f"2026070{n}083000.250" for n in range(1, 6)}
TIED = {str(n): "20260708083000.500" for n in range(1, 8)}


class TestRoundup(SourceTests):
    plugin = plugin
    path = "/tracker/"
    options: ClassVar = {"username": OURS[0], "password": OURS[1], "page_size": 2}
    page_size = 2
    tickets = 5
    tied_tickets = 7
    known: ClassVar = {
        "issue3": {"state": "resolved", "opened_at": datetime(2026, 7, 3, 8, 30, tzinfo=UTC), "priority": "bug"},
    }
    comments_on_a_page = 3

    @pytest.fixture(autouse=True)
    def at(self, tracker: Tracker, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tracker = tracker
        monkeypatch.setattr(plugin, "_MANY", self.comments_on_a_page)

    def desk(self) -> str:
        self.tracker.restore("spread", self._spread)
        return self.tracker.server

    def nothing(self) -> str:
        return self.tracker.server

    def tied(self) -> str:
        self.tracker.restore("tied", self._tied)
        return self.tracker.server

    def seen(self, url: str, key: str) -> list[str]:
        return self.tracker.messages(key)

    def test_a_write_that_another_has_overtaken_is_made_again(self, bench: Bench) -> None:
        (ticket,), question = self._resolved(bench), message()
        bench.wire.plan = faults.write(1, partial(_after, partial(self.tracker.change, "3", title="Overtaken")))
        bench.writer().comment(ticket, question)
        assert [question.marker in text for text in self.tracker.messages("3")].count(True) == 1
        assert [call.method for call in bench.wire.calls].count("PUT") == 2

    def test_an_issue_that_was_reopened_meanwhile_is_a_conflict_and_is_not_asked_in(self, bench: Bench) -> None:
        (ticket,), question = self._resolved(bench), message()
        bench.wire.plan = faults.write(1, partial(_after, partial(self.tracker.say, "3", "It is broken again.")))
        with pytest.raises(Conflict, match="status of issue3"):
            bench.writer().comment(ticket, question)
        assert not any(question.marker in text for text in self.tracker.messages("3"))

    def test_an_issue_that_was_retired_is_not_asked_in(self, bench: Bench) -> None:
        (ticket,) = self._resolved(bench)
        self.tracker.retire("3")
        with pytest.raises(NotFound):
            bench.writer().find(ticket, message().marker)
        with pytest.raises(NotFound):
            bench.writer().comment(ticket, message())

    def test_an_account_in_another_time_zone_is_refused(self, bench: Bench) -> None:
        self.tracker.user(OURS[0], timezone="-5")
        with pytest.raises(ConfigError):
            bench.fetch()
        with pytest.raises(ConfigError) as told:
            list(bench.source().check())
        assert told.value.hint == 'Set the time zone of "xmo" to 0 in Roundup.'

    def test_check_tells_of_a_status_that_nobody_mapped(self, bench: Bench) -> None:
        self.tracker.ask("POST", "status", ADMIN, json={"name": "shipped", "order": 9})
        (warning,) = [one for one in bench.source().check() if one.level == "warning"]
        assert "shipped" in warning.text
        assert "shipped" in warning.fix
        self.tracker.change("3", status="shipped")
        assert self._state(bench.fetch()) == ("unknown", "shipped")
        options = {**bench.options, "states": {"shipped": "closed"}}
        bench.config = bench.read(options)
        assert not [one for one in bench.source().check() if one.level != "ok"]
        assert self._state(bench.fetch()) == ("closed", "shipped")

    def test_check_tells_of_hidden_addresses_and_people_are_known_by_their_names_then(self, bench: Bench) -> None:
        assert self._asked(bench) == {(USER[0], f"{USER[0]}@example.com")}
        self.tracker.user(OURS[0], roles="User")
        (warning,) = [one for one in bench.source().check() if one.level == "warning"]
        assert "addresses" in warning.text
        assert self._asked(bench) == {(USER[0], None)}

    def _resolved(self, bench: Bench) -> list[Ticket]:
        return [ticket for ticket in bench.fetch().tickets.values() if ticket.state == "resolved"]

    def _asked(self, bench: Bench) -> set[tuple[str, str | None]]:
        people = [ticket.requester for ticket in bench.fetch().tickets.values()]
        return {(person.key, person.email) for person in people if person}

    def _state(self, kept: Any) -> tuple[str, str]:
        return kept.tickets["3"].state, kept.tickets["3"].vendor_state

    def _spread(self) -> None:
        for n in SPREAD:
            self.tracker.issue(f"Cannot print {n}")
        self.tracker.change("3", status="resolved")
        self.tracker.date(SPREAD)

    def _tied(self) -> None:
        for n in TIED:
            self.tracker.issue(f"Cannot print {n}")
        self.tracker.date(TIED)

    def change(self, url: str, key: str) -> bool:
        self.tracker.change(key, title="Cannot print at all")
        return True

    def remove(self, url: str, key: str) -> bool:
        self.tracker.retire(key)
        return True


def _after(action: Any, _call: Call, ask: Ask) -> Answer:
    """Let something happen at the desk, just before a call gets there."""
    action()
    return ask()
