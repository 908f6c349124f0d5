"""The answers to Zendesk's own surveys: scales, words, pages, and when a run reads again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from tests.zendesk.conftest import Clock, Connect
from tests.zendesk.support import START, Account, Raw, Told, at, fetched, iso, natives_of, response, rows_of, serve
from xmo_hooks import Answer, BadRecord, Native, Unavailable
from xmo_zendesk.surveys import parse

DAY = 86_400


def asked(account: Account) -> list[dict[str, str]]:
    return [args for path, args in account.asked if path == "guide/survey_responses"]


def said(kind: str, question: Raw, **more: Any) -> Raw:
    return {"type": kind, "question": question, "created_at": iso(5), "updated_at": iso(9), **more}


def test_a_rating_lies_on_the_scale_of_its_question(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account(responses=[response(7, 30, rating=2)]))
    source = connect(surveys=True)
    assert natives_of(source, fetched(source)) == [
        Native(
            ticket="7",
            key="R7:Q1",
            at=at(30),
            answer=Answer(question="satisfaction", version="S:3", value=2, low=1, high=5, best=5, code="bad"),
        )
    ]


@pytest.mark.parametrize("numbers", [[0, 1], [1, 2, 3], [1, 2, 3, 4, 5]])
def test_scales_have_as_many_steps_as_their_options(numbers: list[int]) -> None:
    row = response(7, 30, rating=1)
    row["answers"][0]["question"]["options"] = [{"rating": number} for number in numbers]
    (native,) = parse(row)
    assert (native.answer.low, native.answer.high) == (numbers[0], numbers[-1])


@pytest.mark.parametrize("options", [None, [], [{"id": "a"}], [{"rating": 5}], [{"rating": 8}, {"rating": 9}]])
def test_without_a_scale_only_the_category_counts(options: object) -> None:
    row = response(7, 30, rating=5)
    row["answers"][0]["question"]["options"] = options
    (native,) = parse(row)
    assert (native.answer.value, native.answer.low, native.answer.code) == (None, None, "good")


def test_reasons_and_words_are_answers_of_their_own() -> None:
    labels = [{"id": "A", "label": {"type": "static", "value": "Too slow"}}, {"id": "B", "label": "Not solved"}]
    reason = said("closed_ended", {"id": "Q2", "alias": "reason", "options": labels})
    chosen = reason | {"selections": [{"option_id": "A"}, {"option_id": "B"}, {"option_id": "C"}]}
    words = said("open_ended", {"id": "Q3", "alias": "comment"}, value="Please call")
    skipped = [said("skipped", {"id": "Q4"}), said("open_ended", {"id": "Q5"}, value=""), reason]
    found = {one.key: one for one in parse(response(7, 30) | {"answers": [chosen, words, *skipped]})}
    assert list(found) == ["R7:Q2", "R7:Q3"]
    assert found["R7:Q2"].answer == Answer(
        question="reason", version="S:3", code="A,B,C", text="Too slow; Not solved; C"
    )
    assert found["R7:Q3"].answer == Answer(question="comment", version="S:3", text="Please call")
    assert found["R7:Q3"].at == at(9)


def test_what_was_offered_and_not_answered_is_no_answer(httpserver: HTTPServer, connect: Connect) -> None:
    serve(httpserver, Account(responses=[response(7, 30, rating=None), response(8, 31)]))
    source = connect(surveys=True)
    pages = fetched(source)
    assert [row["id"] for row in rows_of(pages)] == ["R8"]
    (row,) = rows_of(pages)
    assert "responder_id" not in row


def test_a_response_about_something_else_is_none() -> None:
    assert parse(response(7, 30) | {"subjects": [{"id": "9", "type": "zen:conversation"}]}) == []
    (native,) = parse(response(7, 30) | {"subjects": [{"id": "9", "type": "zen:ticket"}]})
    assert native.ticket == "9"


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"subjects": None}, "answers"),
        ({"answers": ["x"]}, "answers"),
        ({"answers": [{"question": {}}]}, "type"),
        ({"answers": [said("open_ended", {}, value="x") | {"updated_at": "soon"}]}, "answers"),
    ],
)
def test_a_response_that_cannot_be_understood_is_refused(columns: Raw, field: str) -> None:
    with pytest.raises(BadRecord) as refused:
        parse(response(7, 30) | columns)
    assert (refused.value.field, refused.value.key) == (field, None)


def test_options_that_the_list_leaves_out_are_read_once_for_each_version(
    httpserver: HTTPServer, connect: Connect
) -> None:
    versions = [response(n, n, survey={"id": "S", "version": n % 2}) for n in range(1, 9)]
    account = serve(httpserver, Account(responses=versions, optionless=True))
    source = connect(surveys=True)
    assert {one.answer.high for one in natives_of(source, fetched(source))} == {5}
    assert [path for path in account.paths() if "en-us" in path] == [
        "guide/en-us/survey_responses/R1",
        "guide/en-us/survey_responses/R2",
    ]


def test_a_whole_response_that_is_hidden_leaves_the_category(httpserver: HTTPServer, connect: Connect) -> None:
    closed = ("guide/en-us/survey_responses/R1",)
    serve(httpserver, Account(responses=[response(1, 1), response(2, 2)], optionless=True, closed=closed))
    source = connect(surveys=True)
    assert [one.answer.value for one in natives_of(source, fetched(source))] == [None, None]


def test_since_bounds_the_surveys_in_milliseconds(httpserver: HTTPServer, connect: Connect) -> None:
    account = serve(httpserver, Account(responses=[response(1, 1), response(2, 99)]))
    pages = fetched(connect(surveys=True), None, datetime.fromtimestamp(START + 50, UTC))
    assert [row["id"] for row in rows_of(pages)] == ["R2"]
    assert asked(account)[0]["filter[created_at_start]"] == str((START + 50) * 1000)


def test_each_run_reads_a_day_again_and_once_a_day_all_weeks_in_which_an_answer_may_come(
    httpserver: HTTPServer, connect: Connect, clock: Clock
) -> None:
    clock.now = at(40 * DAY + 60)
    account = serve(httpserver, Account(responses=[response(n, n * DAY) for n in range(1, 41)]))
    source = connect(surveys=True)
    cursor = fetched(source)[-1].cursor
    pages = fetched(source, cursor)
    assert [row["id"] for row in rows_of(pages)] == ["R39", "R40"]
    account.responses.append(response(41, 41 * DAY))
    clock.now = at(41 * DAY + 60)
    pages = fetched(source, pages[-1].cursor)
    assert [row["id"] for row in rows_of(pages)] == [f"R{n}" for n in range(11, 42)]
    assert len(rows_of(fetched(source, pages[-1].cursor))) == 2


@pytest.mark.parametrize("pause", [1, 40])
def test_an_answer_that_comes_weeks_after_its_offer_is_read_whatever_was_offered_meanwhile(
    httpserver: HTTPServer, connect: Connect, clock: Clock, pause: int
) -> None:
    account = serve(httpserver, Account(responses=[response(1, 0, rating=None), response(2, 5 * DAY)]))
    source = connect(surveys=True)
    clock.now = at(5 * DAY + 60)
    cursor = fetched(source)[-1].cursor
    answered = response(1, 27 * DAY, created_at=iso(0))
    later = response(3, (27 + pause) * DAY)
    account.responses = [answered, *account.responses[1:], later]
    clock.now = at((27 + pause) * DAY + 60)
    pages = fetched(source, cursor)
    clock.now = at((28 + pause) * DAY + 60)
    assert "R1" in [row["id"] for row in rows_of([*pages, *fetched(source, pages[-1].cursor)])]


def test_a_clock_that_was_wrong_for_a_while_does_not_stop_the_reading_of_late_answers(
    httpserver: HTTPServer, connect: Connect, clock: Clock
) -> None:
    account = serve(httpserver, Account(responses=[response(1, 0, rating=None), response(2, 5 * DAY)]))
    source = connect(surveys=True)
    clock.now = at(900 * DAY)
    cursor = fetched(source)[-1].cursor
    clock.now = at(7 * DAY)
    account.responses[0] = response(1, 6 * DAY, created_at=iso(0))
    assert "R1" in [row["id"] for row in rows_of(fetched(source, cursor))]


def test_a_sweep_that_was_killed_is_gone_on_with_and_counts(
    httpserver: HTTPServer, connect: Connect, clock: Clock
) -> None:
    serve(httpserver, Account(responses=[response(n, n * 60) for n in range(1, 251)]))
    source = connect(surveys=True)
    clock.now = at(DAY)
    first = fetched(source)[-1].cursor
    clock.now = at(3 * DAY)
    killed = fetched(source, first)[1].cursor
    clock.now = at(4 * DAY - 60)
    done = fetched(source, killed)[-1].cursor
    assert done["surveys"]["swept"] == (START + 3 * DAY) * 1000


@pytest.mark.parametrize("page", range(1, 4))
def test_a_walk_that_was_killed_goes_on_behind_its_page(httpserver: HTTPServer, connect: Connect, page: int) -> None:
    serve(httpserver, Account(responses=[response(n, n) for n in range(1, 251)]))
    source = connect(surveys=True)
    before = fetched(source)[: page + 1]
    after = fetched(source, before[-1].cursor)
    assert {row["id"] for row in rows_of(before + after)} == {f"R{n}" for n in range(1, 251)}


@pytest.mark.parametrize("status", [403, 404])
def test_a_plan_without_surveys_is_no_failure(httpserver: HTTPServer, connect: Connect, log: Told, status: int) -> None:
    body: Raw = {"tickets": [], "after_cursor": "a", "end_of_stream": True}
    httpserver.expect_request("/api/v2/incremental/tickets/cursor").respond_with_json(body)
    httpserver.expect_request("/api/v2/guide/survey_responses").respond_with_json({"error": "x"}, status=status)
    assert rows_of(fetched(connect(surveys=True))) == []
    assert [facts["stream"] for _, facts in log.infos] == ["survey_responses"]


@pytest.mark.parametrize("after", [None, "a"])
def test_pages_that_lead_to_themselves_are_left(httpserver: HTTPServer, connect: Connect, after: object) -> None:
    body: Raw = {"tickets": [], "after_cursor": "a", "end_of_stream": True}
    httpserver.expect_request("/api/v2/incremental/tickets/cursor").respond_with_json(body)
    loop = {"survey_responses": [], "meta": {"has_more": True, "after_cursor": after}}
    httpserver.expect_request("/api/v2/guide/survey_responses").respond_with_json(loop)
    with pytest.raises(Unavailable, match="do not advance"):
        fetched(connect(surveys=True))
