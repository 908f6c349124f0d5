"""What the demo reads at the vendor, from the real sandbox on a real socket."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from xmo_demo.processes import Xmo
from xmo_demo.respondents import Facts
from xmo_demo.vendor import LOGIN, Vendor, facts

NOW = datetime(2016, 3, 9, tzinfo=UTC)
PAGE = "http://pages.example.com/a"
ROW = {
    "number": "INC1",
    "reopen_count": "2",
    "reassignment_count": "",
    "opened_at": "2016-03-01 12:00:00",
    "resolved_at": "2016-03-03 00:00:00",
    "closed_at": "2016-03-09 00:00:00",
    "made_sla": "false",
    "category": "Category 1",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    xmo = Xmo(tmp_path_factory.mktemp("vendor") / "xmo.toml")
    with xmo.listening("sandbox", "servicenow", "--port", "0", "--at", NOW.isoformat(), now=NOW) as listener:
        yield listener.ready()


def _comment(sandbox: str, text: str) -> dict[str, Any]:
    """Write a comment into the first incident that has ended, and return its row."""
    table = f"{sandbox}/api/now/table/incident"
    where = {"sysparm_query": "state=7^ORDERBYnumber", "sysparm_limit": "1"}
    row: dict[str, Any] = requests.get(table, params=where, auth=LOGIN, timeout=30).json()["result"][0]
    body = {"comments": text}
    headers = {"Accept": "application/json"}
    requests.patch(f"{table}/{row['sys_id']}", json=body, headers=headers, auth=LOGIN, timeout=30).raise_for_status()
    return row


def test_a_question_is_found_where_its_receiver_finds_it(sandbox: str) -> None:
    row = _comment(sandbox, f"How was it?\n\n{PAGE}/T.S\n\nNever again: {PAGE}/T.S/never\n\n[xmo:T]")
    _comment(sandbox, "Have you tried turning it off and on again? See http://pages.example.com/help")
    (question,) = Vendor(sandbox).questions(NOW, PAGE)
    assert (question.link, question.never) == (f"{PAGE}/T.S", f"{PAGE}/T.S/never")
    assert question.facts == facts(row)
    assert question.facts.number == row["number"]


def test_the_clock_is_moved_and_older_questions_are_left_alone(sandbox: str) -> None:
    vendor, later = Vendor(sandbox), datetime(2016, 3, 16, tzinfo=UTC)
    vendor.put_clock(later)
    assert list(vendor.questions(later, PAGE)) == []
    with pytest.raises(requests.HTTPError):
        vendor.put_clock(NOW)


def test_the_facts_of_a_ticket_are_those_of_its_row() -> None:
    assert facts(ROW) == Facts(number="INC1", reopens=2, hand_offs=0, days=1.5, missed=True, service="Category 1")


def test_a_ticket_that_closed_without_being_resolved_ended_when_it_closed() -> None:
    assert facts(ROW | {"resolved_at": ""}).days == 7.5


@pytest.mark.parametrize("verdict", ["true", ""])
def test_an_sla_that_is_not_known_to_be_missed_is_not_missed(verdict: str) -> None:
    assert not facts(ROW | {"made_sla": verdict}).missed


def test_a_clock_that_ran_backwards_makes_no_negative_days() -> None:
    assert facts(ROW | {"resolved_at": "2016-03-01 11:00:00"}).days == 0.0
