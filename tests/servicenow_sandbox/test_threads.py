"""Many clients at once: no answer is torn, no write is lost."""

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.servicenow_sandbox.support import Served


def test_comments_written_at_once_are_all_kept_and_counted(desk: Served) -> None:
    row = desk.incident("INC5")
    url = f"{desk.url}/api/now/table/incident/{row['sys_id']}"

    def write(n: int) -> int:
        body = {"comments": f"comment {n}"}
        return requests.patch(url, json=body, auth=("xmo", "sandbox"), timeout=30).status_code

    def read(_: int) -> int:
        params = {"sysparm_query": "ORDERBYsys_updated_on"}
        answer = requests.get(f"{desk.url}/api/now/table/task", params, auth=("xmo", "sandbox"), timeout=30).json()
        return len({found["sys_id"] for found in answer["result"]})

    with ThreadPoolExecutor(8) as pool:
        written, seen = pool.map(write, range(40)), pool.map(read, range(40))
        assert set(written) == {200}
        assert set(seen) == {6}
    assert sorted(entry["text"] for entry in desk.journal()) == sorted(f"comment {n}" for n in range(40))
    assert int(desk.incident("INC5")["sys_mod_count"]) == int(row["sys_mod_count"]) + 40
