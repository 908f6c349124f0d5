"""Answers to the vendor's own surveys: a stream of its own, and what each row says."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.servicenow.conftest import Connect
from tests.servicenow.support import Instance, RawRow, Told, fetched, incidents, row, serve, stamp, sys_id
from xmo_hooks import Answer, BadRecord, Estimate, Native
from xmo_servicenow.surveys import COLUMNS, RESULTS, natives

METRIC = sys_id(70)


def result(n: int = 1, second: int = 5, /, **columns: Any) -> RawRow:
    own = {"sys_id": sys_id(60_000 + n), "sys_updated_on": stamp(second), "sys_created_on": stamp(second)}
    about = {"instance.trigger_table": "incident", "instance.trigger_id": sys_id(n), "instance.task_id": sys_id(n)}
    taken = {"instance.taken_on": stamp(4), "instance.task_id.sys_class_name": "incident"}
    metric = {"metric": METRIC, "metric.name": "Satisfaction", "metric.datatype": "likert"}
    scale = {"metric.min": "1", "metric.max": "5", "metric.scale": "high"}
    values = {"actual_value": "4", "string_value": "Good"}
    return {**own, **about, **taken, **metric, **scale, **values, **columns}


def answer(**columns: Any) -> Answer | None:
    found = list(natives(result(**columns), ["incident"]))
    return found[0].answer if found else None


def test_a_result_becomes_an_answer_to_its_ticket() -> None:
    assert list(natives(result(), ["incident"])) == [
        Native(
            ticket=sys_id(1),
            key=sys_id(60_001),
            at=datetime(2026, 1, 1, 0, 0, 4, tzinfo=UTC),
            answer=Answer(question="Satisfaction", version=METRIC, value=4, low=1, high=5, best=5),
        )
    ]


@pytest.mark.parametrize(
    ("columns", "value", "low", "high", "best"),
    [
        ({"metric.scale": "low"}, 4, 1, 5, 1),
        ({"metric.scale": "Low"}, 4, 1, 5, 1),
        ({"metric.scale": ""}, 4, 1, 5, 5),
        ({"actual_value": "4.00"}, 4, 1, 5, 5),
        ({"actual_value": "1"}, 1, 1, 5, 5),
        ({"actual_value": "7"}, 7, None, None, None),
        ({"metric.min": "", "metric.max": ""}, 4, None, None, None),
        ({"metric.min": "4", "metric.max": "4"}, 4, None, None, None),
        ({"metric.datatype": "Yes/No", "metric.min": "", "metric.max": "", "actual_value": "0"}, 0, 0, 1, 1),
    ],
)
def test_the_scale_is_that_of_the_question(
    columns: dict[str, str], value: int, low: int | None, high: int | None, best: int | None
) -> None:
    said = answer(**columns)
    assert said is not None
    assert (said.value, said.low, said.high, said.best, said.text) == (value, low, high, best, None)


def test_what_was_written_is_a_text_and_what_was_skipped_is_no_answer() -> None:
    written = {"metric.datatype": "string", "actual_value": "-1"}
    assert answer(**written, string_value="Slow.") == Answer(question="Satisfaction", version=METRIC, text="Slow.")
    assert answer(**written, string_value="N/A") is None
    assert answer(**written, string_value="") is None
    assert answer(actual_value="-1", string_value="N/A") is None
    assert answer(actual_value="", string_value="") is None
    assert answer(**{"metric.datatype": "date"}, actual_value="-1", string_value="2026-01-01") is None


def test_a_question_without_a_name_goes_by_its_id() -> None:
    said = answer(**{"metric.name": ""})
    assert said is not None
    assert said.question == METRIC


@pytest.mark.parametrize(
    ("columns", "tables", "ticket"),
    [
        ({}, ["problem"], None),
        ({"instance.trigger_table": "hr_case"}, ["incident"], sys_id(1)),
        ({"instance.trigger_table": "", "instance.trigger_id": "", "instance.task_id": ""}, ["incident"], None),
        ({"instance.trigger_table": "hr_case", "instance.task_id.sys_class_name": "hr_case"}, ["incident"], None),
        ({"instance.trigger_table": "u_own", "instance.task_id.sys_class_name": "u_own"}, ["task"], sys_id(1)),
        ({"instance.task_id": {"value": sys_id(9)}, "instance.trigger_table": "x"}, ["incident"], sys_id(9)),
        ({"instance.trigger_id": sys_id(8)}, ["incident"], sys_id(8)),
    ],
)
def test_only_answers_about_our_tables_count(columns: dict[str, Any], tables: list[str], ticket: str | None) -> None:
    assert [one.ticket for one in natives(result(**columns), tables)] == ([ticket] if ticket else [])


def test_without_a_time_of_taking_the_time_of_writing_counts() -> None:
    (one,) = natives(result(**{"instance.taken_on": ""}), ["incident"])
    assert one.at.second == 5


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actual_value", "many"),
        ("actual_value", "3.5"),
        ("metric.max", "five"),
        ("sys_created_on", ""),
        ("instance.taken_on", "yesterday"),
        ("metric", ""),
        ("string_value", 7),
    ],
)
def test_a_value_that_cannot_be_understood_is_named_by_its_column(column: str, value: object) -> None:
    with pytest.raises(BadRecord) as caught:
        list(natives(result(**{column: value}), ["incident"]))
    assert (caught.value.field, caught.value.key) == (column, sys_id(60_001))
    assert str(value) not in str(caught.value).removeprefix(column) or value == ""


def world(*results: RawRow) -> Instance:
    instance = incidents(row(1), row(2))
    instance.tables[RESULTS] = list(results)
    return instance


def test_answers_are_a_stream_with_a_position_of_its_own(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(*(result(n, n) for n in range(1, 6))))
    source = connect(surveys=True, page_size=3, overlap=0)
    pages = fetched(source)
    found = [one for page in pages for raw in page.rows for one in source.parse(raw) if isinstance(one, Native)]
    assert [one.ticket for one in found] == [sys_id(n) for n in range(1, 6)]
    assert [page.cursor.get(RESULTS, {}).get("stamp") for page in pages] == [None, stamp(3), stamp(5)]
    assert "incident" in pages[0].cursor
    assert set(instance.about(RESULTS)[0]["sysparm_fields"].split(",")) == set(COLUMNS)
    instance.tables[RESULTS].append(result(9, 60))
    later = fetched(source, pages[-1].cursor)
    assert [raw["sys_id"] for page in later for raw in page.rows if raw["_table"] == RESULTS] == [
        sys_id(60_005),
        sys_id(60_009),
    ]


def test_answers_about_other_records_are_not_even_read(httpserver: HTTPServer, connect: Connect) -> None:
    theirs = {"instance.trigger_table": "hr_case", "instance.task_id.sys_class_name": "hr_case"}
    serve(httpserver, world(result(1, 1), result(2, 2, **theirs), result(3, 3, **theirs), result(4, 4)))
    pages = fetched(connect(surveys=True, page_size=1))
    keys = [raw["sys_id"] for page in pages for raw in page.rows if raw["_table"] == RESULTS]
    assert keys == [sys_id(60_001), sys_id(60_004)]


def test_a_condition_that_the_vendor_drops_costs_reading_and_no_wrong_answer(
    httpserver: HTTPServer, connect: Connect
) -> None:
    instance = serve(httpserver, world(result(1), result(2, **{"instance.trigger_table": "hr_case"})))
    instance.tables[RESULTS][1]["instance.task_id.sys_class_name"] = "hr_case"
    instance.deaf = True
    source = connect(surveys=True)
    rows = [raw for page in fetched(source) for raw in page.rows if raw["_table"] == RESULTS]
    assert (len(rows), len([one for raw in rows for one in source.parse(raw)])) == (2, 1)


def test_surveys_that_are_closed_are_warned_about_and_stop_nothing(
    httpserver: HTTPServer, connect: Connect, log: Told
) -> None:
    serve(httpserver, incidents(row(1)))
    (page,) = fetched(connect(surveys=True))
    assert len(page.rows) == 1
    assert [(event, facts["table"]) for event, facts in log.warnings] == [("table cannot be read", RESULTS)]


def test_without_the_option_no_survey_is_read(httpserver: HTTPServer, connect: Connect) -> None:
    instance = serve(httpserver, world(result(1)))
    fetched(connect())
    assert instance.about(RESULTS) == []


def test_an_estimate_counts_the_requests_for_answers(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, world(*(result(n) for n in range(1, 6))))
    assert connect(surveys=True, page_size=2).count(None, None) == Estimate(tickets=2, requests=1 + 3)
