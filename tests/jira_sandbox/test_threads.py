"""Many clients at once: no answer is torn, no write is lost."""

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.jira_sandbox.support import CLOUD_LOGIN, Served


def test_comments_written_at_once_are_all_kept_each_with_an_id_of_its_own(desk: Served) -> None:
    url = f"{desk.url}/rest/servicedeskapi/request/SUP-5/comment"

    def write(n: int) -> str:
        body = {"body": f"comment {n}", "public": True}
        return str(requests.post(url, json=body, auth=CLOUD_LOGIN, timeout=30).json()["id"])

    def read(_: int) -> int:
        params = {"jql": "project = SUP ORDER BY updated ASC", "fields": "comment,updated"}
        found = requests.get(f"{desk.url}/rest/api/3/search/jql", params, auth=CLOUD_LOGIN, timeout=30).json()
        return len({issue["id"] for issue in found["issues"]})

    with ThreadPoolExecutor(8) as pool:
        written, seen = pool.map(write, range(40)), pool.map(read, range(40))
        ids = set(written)
        assert len(ids) == 40
        assert set(seen) == {6}
    assert sorted(entry["text"] for entry in desk.switch("journal")) == sorted(f"comment {n}" for n in range(40))
    comments = desk.told("/issue/SUP-5/comment", maxResults=100)["comments"]
    assert {comment["id"] for comment in comments} == ids
