"""The vendor's limits: they count real time, say when to come back, and stand only when they are switched on."""

from hypothesis import given
from hypothesis import strategies as st

from tests.zendesk_sandbox.support import Hand, Served
from xmo_zendesk.sandbox.limits import Limits


def export(desk: Served) -> int:
    return desk.get("incremental/tickets/cursor.json", start_time=0).status_code


def test_without_limits_nothing_is_counted_or_told(desk: Served) -> None:
    assert {export(desk) for _ in range(12)} == {200}
    assert not [name for name in desk.get("users/me").headers if "limit" in name.lower()]


def test_ten_exports_a_minute_by_whatever_path(desk: Served) -> None:
    desk.faults(limits=1)
    desk.hand.seconds = 5
    assert [export(desk) for _ in range(9)] == [200] * 9
    assert desk.get("incremental/ticket_events", start_time=0).status_code == 200
    refused = desk.get("incremental/tickets", start_time=0)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json() == {
        "error": "APIRateLimitExceeded",
        "description": "Number of allowed incremental export API requests per minute exceeded",
    }
    assert int(refused.headers["X-Rate-Limit-Remaining"]) > 600
    assert desk.get("tickets/11").status_code == 200
    desk.hand.seconds = 64.5
    assert desk.get("incremental/tickets", start_time=0).headers["Retry-After"] == "1"
    desk.hand.seconds = 65
    assert export(desk) == 200


def test_the_sandboxs_own_clock_does_not_bring_limits_back(desk: Served) -> None:
    desk.put("limits", {"exports": 1})
    assert [export(desk), export(desk)] == [200, 429]
    desk.clock("2026-04-01T00:00:00Z")
    assert export(desk) == 429


def test_one_ticket_takes_thirty_updates_in_ten_minutes(desk: Served) -> None:
    desk.faults(limits=1)
    assert {desk.say(11, f"Word {n}").status_code for n in range(30)} == {200}
    refused = desk.say(11, "One more")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
    assert desk.say(12, "Another ticket").status_code == 200
    assert len(desk.journal()) == 31
    desk.hand.seconds = 600
    assert desk.say(11, "At last").status_code == 200


def test_updates_of_all_tickets_have_a_limit_and_a_header(desk: Served) -> None:
    desk.put("limits", {"updates": 3})
    first = desk.say(11, "One")
    assert first.headers["Zendesk-RateLimit-tickets-update"] == "total=3; remaining=2; resets=60"
    desk.hand.seconds = 20
    assert desk.say(12, "Two").headers["Zendesk-RateLimit-tickets-update"] == "total=3; remaining=1; resets=40"
    assert desk.say(13, "Three").status_code == 200
    refused = desk.say(14, "Four")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert refused.headers["Zendesk-RateLimit-tickets-update"] == "total=3; remaining=0; resets=40"
    assert desk.ask("PUT", "tickets/14/tags", json={"tags": ["a"]}).status_code == 200


def test_the_account_has_a_limit_that_every_answer_tells(desk: Served) -> None:
    desk.put("limits", {"account": 2})
    headers = desk.get("users/me").headers
    assert (headers["X-Rate-Limit"], headers["X-Rate-Limit-Remaining"]) == ("2", "1")
    assert (headers["ratelimit-limit"], headers["ratelimit-remaining"], headers["ratelimit-reset"]) == ("2", "1", "60")
    assert desk.get("nothing").status_code == 404
    assert desk.get("users/me").status_code == 429


def test_a_wrong_log_in_does_not_count(desk: Served) -> None:
    desk.put("limits", {"account": 1})
    desk.session.auth = ("someone", "else")
    assert desk.get("users/me").status_code == 401
    desk.session.auth = ("xmo@example.org/token", "sandbox")
    assert desk.get("users/me").status_code == 200


def test_limits_can_be_switched_off_again(desk: Served) -> None:
    assert desk.put("limits", {"exports": 1}).json() == {"exports": 1}
    assert [export(desk), export(desk)] == [200, 429]
    assert desk.put("limits", {}).json() == {}
    assert export(desk) == 200
    assert desk.put("limits", {"export": 1}).status_code == 400
    assert desk.put("limits", {"exports": "many"}).status_code == 400
    assert desk.put("limits", [1]).status_code == 400


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5))
def test_no_minute_has_more_than_its_limit_and_the_wait_is_long_enough(steps: list[float], most: int) -> None:
    hand = Hand()
    limits, granted = Limits(hand), list[float]()
    for step in steps:
        hand.seconds += step
        refusal = limits.take([("exports", "")], {"exports": most})
        if refusal is None:
            granted.append(hand.seconds)
        else:
            assert refusal[0] == "exports"
            assert granted[-most] + 60 <= hand.seconds + refusal[1]
    assert all(later - earlier >= 60 for earlier, later in zip(granted, granted[most:], strict=False))
