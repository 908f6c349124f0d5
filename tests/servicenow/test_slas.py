"""What rows of task_sla say of a ticket."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.servicenow.support import options, row, stamp
from xmo_servicenow.fields import layout
from xmo_servicenow.parse import Parser
from xmo_servicenow.slas import SLA, outcome


def sla(stage: str = "in_progress", breached: str = "false", until: int = 60, **columns: str) -> dict[str, str]:
    usual = {"stage": stage, "has_breached": breached, "planned_end_time": stamp(until)}
    return {**usual, "sla.type": "SLA", "sla.target": "resolution", "sla.name": "P3", **columns}


def at(second: int) -> datetime:
    return datetime(2026, 1, 1, 0, second // 60, second % 60, tzinfo=UTC)


@pytest.mark.parametrize(
    ("slas", "met"),
    [
        ([], None),
        ([sla()], True),
        ([sla("completed")], True),
        ([sla(breached="true")], False),
        ([sla("breached")], False),
        ([sla("completed"), sla("completed", "true")], False),
        ([sla("cancelled", "true")], None),
        ([sla("cancelled", "true"), sla("completed")], True),
        ([sla("completed", "true", 60, **{"sla.target": "response"}), sla()], True),
        ([sla("completed", "true", 60, **{"sla.target": "Response"})], None),
        ([sla("completed", "true", 60, **{"sla.target": "", "sla.name": "P1 response 15 min"}), sla()], True),
        ([sla("completed", "true", 60, **{"sla.type": "OLA"}), sla()], True),
        ([sla("completed", "true", 60, **{"sla.type": "Underpinning contract"})], None),
        ([sla("completed", "true", 60, **{"sla.type": "", "sla.target": ""})], False),
        ([sla(breached="")], None),
    ],
)
def test_kept_is_what_no_agreement_on_the_resolution_was_missed(slas: list[dict[str, str]], met: bool | None) -> None:
    assert outcome(slas)[0] is met


@pytest.mark.parametrize(
    ("slas", "until"),
    [
        ([sla(until=60)], 60),
        ([sla("paused", until=60)], 60),
        ([sla(until=90), sla(until=60), sla("completed", until=30)], 60),
        ([sla("completed", until=30), sla("completed", until=60)], 60),
        ([sla("in_progress", "false", 60, **{"sla.target": "response"}), sla(until=90)], 90),
        ([sla("cancelled", until=60)], None),
        ([sla(planned_end_time="")], None),
        ([sla(planned_end_time="soon"), sla(until=60)], 60),
        ([], None),
    ],
)
def test_the_promise_is_the_end_of_what_runs_else_of_what_ran_last(
    slas: list[dict[str, str]], until: int | None
) -> None:
    assert outcome(slas)[1] == (None if until is None else at(until))


def parsed(**columns: Any) -> tuple[bool | None, datetime | None]:
    read = options(sla=True)
    ticket = Parser(layout(read.tables[0], read), read).ticket({**row(1, due_date=stamp(30)), **columns})
    return ticket.sla_met, ticket.promised_at


def test_the_slas_decide_where_they_were_read_and_the_row_where_not() -> None:
    assert parsed() == (True, at(30))
    assert parsed(**{SLA: [sla(breached="true")]}) == (False, at(60))
    assert parsed(**{SLA: []}) == (None, at(30))
    assert parsed(made_sla="false", **{SLA: [sla("completed", planned_end_time="")]}) == (True, at(30))
