"""Some weeks of the demo, seen from the vendor."""

import socket
from collections import Counter
from collections.abc import Iterator
from itertools import takewhile
from typing import Any, NamedTuple

import pytest
import requests

from xmo_demo.folder import CONFIG, furnish
from xmo_demo.processes import Xmo
from xmo_demo.vendor import Vendor
from xmo_demo.visit import Browser
from xmo_demo.weeks import PAUSE, START, WEEK, Stage, Week, play

pytestmark = pytest.mark.slow


class Seen(NamedTuple):
    """What was played, and every comment that was written at the vendor meanwhile."""

    stage: Stage
    weeks: list[Week]
    journal: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("weeks")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    xmo, pages = Xmo(folder / CONFIG), f"http://127.0.0.1:{port}"
    starting = ("sandbox", "servicenow", "--port", "0", "--at", START.isoformat())
    with xmo.listening(*starting, now=START) as sandbox:
        url = sandbox.ready()
        sandbox.line()
        furnish(folder, pages=pages, source="".join(takewhile(str.strip, iter(sandbox.line, ""))))
        stage = Stage(xmo=xmo, vendor=Vendor(url), browser=Browser(), pages=pages, port=port)
        weeks = list(play(stage, 3))
        yield Seen(stage, weeks, requests.get(f"{url}/sandbox/journal", timeout=30).json())


def test_the_first_run_asks_nobody(seen: Seen) -> None:
    first = seen.weeks[0]
    assert (first.at, first.asked, first.deeds) == (START, 0, Counter())
    assert first.fetched > 0


def test_at_most_one_question_stands_at_the_vendor_for_each_end_of_a_ticket(seen: Seen) -> None:
    asked = Counter((entry["number"], entry["reopen_count"]) for entry in seen.journal)
    assert set(asked.values()) == {1}
    assert asked.total() == sum(week.asked for week in seen.weeks) > 0


def test_everybody_who_was_asked_reacted_to_it_once(seen: Seen) -> None:
    assert [week.deeds.total() for week in seen.weeks] == [week.asked for week in seen.weeks]


def test_the_link_that_is_left_for_the_newcomer_still_works(seen: Seen) -> None:
    last = seen.weeks[-1]
    assert last.left
    with seen.stage.xmo.listening("serve", "--port", str(seen.stage.port), now=START + 3 * WEEK + PAUSE) as pages:
        pages.ready()
        page = requests.get(last.left, timeout=30)
    assert page.status_code == 200
    assert 'name="feeling"' in page.text
