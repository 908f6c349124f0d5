"""Many clients at once: no answer is torn, no write is lost, and a token is rotated once."""

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.zendesk_sandbox.support import LOG_IN, Served


def test_comments_written_at_once_are_all_kept(desk: Served) -> None:
    def write(n: int) -> int:
        body = {"ticket": {"comment": {"body": f"comment {n}"}}}
        return requests.put(f"{desk.url}/api/v2/tickets/11.json", json=body, auth=LOG_IN, timeout=30).status_code

    def read(_: int) -> int:
        url = f"{desk.url}/api/v2/tickets/show_many?ids=11,12,13,14,15&include=metric_sets"
        return len(requests.get(url, auth=LOG_IN, timeout=30).json()["tickets"])

    with ThreadPoolExecutor(8) as pool:
        written, seen = pool.map(write, range(40)), pool.map(read, range(40))
        assert set(written) == {200}
        assert set(seen) == {5}
    assert sorted(entry["text"] for entry in desk.journal()) == sorted(f"comment {n}" for n in range(40))
    comments = desk.json("tickets/11/comments")["comments"]
    assert len({comment["id"] for comment in comments}) == len(comments) == 41


def test_of_safe_updates_at_once_one_is_written(desk: Served) -> None:
    desk.clock("2026-03-04T00:00:00Z")
    stamp = desk.ticket(11)["updated_at"]

    def write(n: int) -> int:
        body = {"ticket": {"comment": {"body": str(n)}, "safe_update": True, "updated_stamp": stamp}}
        return requests.put(f"{desk.url}/api/v2/tickets/11", json=body, auth=LOG_IN, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(write, range(16)))
    assert sorted(statuses) == [200] + [409] * 15
    assert len(desk.journal()) == 1


def test_of_refreshes_at_once_one_gets_the_new_pair(desk: Served) -> None:
    sent = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh"}
    sent |= {"client_id": "xmo", "client_secret": "sandbox"}

    def refresh(_: int) -> int:
        return requests.post(f"{desk.url}/oauth/tokens", json=sent, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(refresh, range(16))) == [201] + [400] * 15
