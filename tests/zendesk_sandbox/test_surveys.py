"""The vendor's own survey in its two kinds, of which an account has one."""

from datetime import UTC, datetime

import pytest

from tests.zendesk_sandbox.conftest import Play, Serve
from tests.zendesk_sandbox.support import Row, Served, line

TOLD = ["08:00 opened", "09:00 assigned a1", "10:00 resolved"]
ROOT = "guide/survey_responses"


@pytest.fixture
def desk(play: Play) -> Served:
    """Ticket 1 rated well with words, 2 rated badly, 3 in between, 4 only offered, 5 never offered."""
    return play(
        line(1, *TOLD, "03-03 10:00 offered", "03-03 12:00 rated 5 Thank you"),
        line(2, *TOLD, "03-03 10:00:01 offered", "03-04 12:00 rated 1"),
        line(3, *TOLD, "03-03 10:00:02 offered", "03-03 11:00 rated 3"),
        line(4, *TOLD, "03-03 10:00:03 offered"),
        line(5, *TOLD, "03-05 10:00 noted"),
    )


def responses(desk: Served, **params: str | int) -> list[Row]:
    found: list[Row] = desk.json(ROOT, **params)["survey_responses"]
    return found


def tickets(rows: list[Row]) -> list[int]:
    return [int(row["subjects"][0]["id"]) for row in rows]


def ratings(desk: Served, **params: str | int) -> list[Row]:
    found: list[Row] = desk.json("satisfaction_ratings.json", **params)["satisfaction_ratings"]
    return found


def test_a_response_tells_rating_reason_and_words(desk: Served) -> None:
    first, second, third, fourth = responses(desk)
    rating, reason, words = first["answers"]
    assert (rating["type"], rating["rating"], rating["rating_category"]) == ("rating_scale", 5, "good")
    assert rating["question"]["sub_type"] == "customer_satisfaction"
    assert rating["created_at"] == "2026-03-03T12:00:00.000Z"
    assert (reason["type"], words["type"], words["value"]) == ("skipped", "open_ended", "Thank you")
    assert [answer["type"] for answer in second["answers"]] == ["rating_scale", "closed_ended", "skipped"]
    assert second["answers"][1]["selections"][0]["type"] == "predefined"
    assert third["answers"][0]["rating_category"] == "neutral"
    assert fourth["answers"] == []


def test_a_response_names_its_subject_its_responder_and_its_survey(desk: Served) -> None:
    row = responses(desk)[0]
    assert row["subjects"] == [{"id": "1", "type": "ticket", "zrn": "zen:ticket:1"}]
    assert row["subject_zrns"] == ["zen:ticket:1"]
    assert row["responder_id"] == desk.ticket(1)["requester_id"]
    assert row["survey"] == {"id": row["survey"]["id"], "version": 3, "state": "enabled"}
    assert row["expires_at"] == "2026-03-31T10:00:00.000Z"
    assert len(row["id"]) == 26


def test_ids_sort_by_the_time_of_the_offer(desk: Served) -> None:
    assert tickets(responses(desk)) == [1, 2, 3, 4]
    assert tickets(responses(desk, sort="-id")) == [4, 3, 2, 1]
    ids = [row["id"] for row in responses(desk)]
    assert ids == sorted(ids)


def test_one_response_has_the_words_of_its_questions_and_all_options(desk: Served) -> None:
    key = responses(desk)[1]["id"]
    whole = desk.json(f"guide/en-us/survey_responses/{key}")["survey_response"]
    rating, reason, _ = whole["answers"]
    assert [option["rating"] for option in rating["question"]["options"]] == [1, 2, 3, 4, 5]
    chosen = reason["selections"][0]["option_id"]
    assert chosen in [option["id"] for option in reason["question"]["options"]]
    assert "options" not in responses(desk)[1]["answers"][0]["question"]
    assert desk.get("guide/en-us/survey_responses/nothing").status_code == 404


def test_responses_are_filtered_by_ticket_by_person_and_by_when_they_were_offered(desk: Served) -> None:
    offered = 1_772_532_000_000
    assert tickets(responses(desk, **{"filter[subject_zrns]": "zen:ticket:2,zen:ticket:4"})) == [2, 4]
    person = desk.ticket(1)["requester_id"]
    assert len(responses(desk, **{"filter[responder_ids]": f"5,{person}"})) == 4
    assert responses(desk, **{"filter[responder_ids]": "5"}) == []
    assert tickets(responses(desk, **{"filter[created_at_start]": offered + 2000})) == [3, 4]
    assert tickets(responses(desk, **{"filter[created_at_end]": offered + 1000})) == [1, 2]
    assert desk.get(ROOT, **{"filter[created_at_start]": "x"}).status_code == 400


def test_responses_come_in_pages(desk: Served) -> None:
    first = desk.json(ROOT, **{"page[size]": 3})
    assert (tickets(first["survey_responses"]), first["meta"]["has_more"]) == ([1, 2, 3], True)
    second = desk.session.get(first["links"]["next"], timeout=10).json()
    assert (tickets(second["survey_responses"]), second["meta"]["has_more"]) == ([4], False)


def test_an_answer_that_has_not_been_given_yet_is_not_there(play: Play) -> None:
    told = line(1, *TOLD, "03-03 10:00 offered", "03-03 12:00 rated 4")
    desk = play(told, at=datetime(2026, 3, 3, 9, tzinfo=UTC))
    assert responses(desk) == []
    desk.clock("2026-03-03T11:00:00Z")
    assert responses(desk)[0]["answers"] == []
    desk.clock("2026-03-03T12:00:00Z")
    assert responses(desk)[0]["answers"][0]["rating"] == 4


def test_with_the_new_survey_no_ticket_and_no_list_has_a_rating_of_old(desk: Served) -> None:
    assert ratings(desk) == []
    assert {row["satisfaction_rating"]["score"] for row in desk.export()["tickets"]} == {"unoffered"}


def test_the_survey_of_old_stands_on_the_tickets(desk: Served) -> None:
    desk.survey("legacy")
    found = {row["id"]: row["satisfaction_rating"] for row in desk.export()["tickets"]}
    assert {key: rating["score"] for key, rating in found.items()} == {
        1: "good",
        2: "bad",
        3: "bad",
        4: "offered",
        5: "unoffered",
    }
    assert found[1]["comment"] == "Thank you"
    assert found[2]["reason"] == "It took too long"
    assert found[4] == {"score": "offered"}
    assert responses(desk) == []


def test_the_list_of_ratings_has_offered_and_given_ones_by_their_time(desk: Served) -> None:
    desk.survey("legacy")
    rows = ratings(desk)
    assert [(row["ticket_id"], row["score"]) for row in rows] == [(4, "offered"), (3, "bad"), (1, "good"), (2, "bad")]
    assert rows[2]["created_at"] == "2026-03-03T10:00:00Z"
    assert rows[2]["updated_at"] == "2026-03-03T12:00:00Z"
    assert rows[2]["id"] == desk.ticket(1)["satisfaction_rating"]["id"]
    assert rows[2]["assignee_id"] == desk.ticket(1)["assignee_id"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"score": "received"}, [3, 1, 2]),
        ({"score": "received_with_comment"}, [1]),
        ({"score": "received_without_comment"}, [3, 2]),
        ({"score": "good"}, [1]),
        ({"score": "bad_without_comment"}, [3, 2]),
        ({"score": "offered"}, [4]),
        ({"score": "unoffered"}, []),
        ({"start_time": 1_772_539_200}, [1, 2]),
        ({"end_time": 1_772_539_200}, [4, 3, 1]),
        ({"page[size]": 2}, [4, 3]),
    ],
)
def test_ratings_are_filtered_by_score_and_time(desk: Served, params: dict[str, str | int], found: list[int]) -> None:
    desk.survey("legacy")
    assert [row["ticket_id"] for row in ratings(desk, **params)] == found


def test_an_account_without_a_survey_refuses_both(desk: Served) -> None:
    desk.survey("none")
    assert [desk.get(path).status_code for path in ("satisfaction_ratings", ROOT)] == [403, 403]
    assert desk.ticket(1)["satisfaction_rating"] is None


def test_only_an_admin_sees_answers(desk: Served) -> None:
    desk.put("user", {"role": "agent"})
    assert [desk.get(path).status_code for path in ("satisfaction_ratings", ROOT)] == [403, 403]


def test_an_offer_is_an_update_by_a_rule(desk: Served) -> None:
    desk.survey("legacy")
    audit = desk.json("tickets/4/audits")["audits"][-1]
    (event,) = audit["events"]
    assert (event["field_name"], event["previous_value"], event["value"]) == (
        "satisfaction_score",
        "unoffered",
        "offered",
    )
    assert (audit["author_id"], audit["via"]["source"]["rel"]) == (-1, "automation")
    assert desk.ticket(4)["updated_at"] == "2026-03-03T10:00:03Z"


def test_some_generated_tickets_are_rated(serve: Serve) -> None:
    desk = serve(generate=200)
    rows = responses(desk, **{"page[size]": 100})
    answered = [row for row in rows if row["answers"]]
    assert 0 < len(answered) < len(rows)
    assert {row["answers"][0]["rating_category"] for row in answered} == {"good", "neutral", "bad"}
