"""Comments and properties: what a write does, and what is refused."""

from typing import Any

import pytest

from tests.jira_sandbox.conftest import Play
from tests.jira_sandbox.support import MARKER, Json, Served, ticket

TEXT = f"How did it go?\nhttps://xmo.example.org/a/token.sig\n[{MARKER}]"
ADF = {
    "type": "doc",
    "version": 1,
    "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "How did it go?"}, {"type": "hardBreak"}]},
        {"type": "paragraph", "content": [{"type": "text", "text": f"[{MARKER}]"}]},
    ],
}
INTERNAL = {"key": "sd.public.comment", "value": {"internal": True}}


@pytest.fixture
def later(desk: Served) -> Served:
    desk.clock("10:00")
    return desk


def written(desk: Served, key: str = "SUP-5") -> list[Json]:
    comments: list[Json] = desk.told(f"/issue/{key}/comment", expand="properties")["comments"]
    return comments


def test_a_request_comment_is_ours_public_and_moves_the_change_stamp(later: Served) -> None:
    answer = later.comment("SUP-5", TEXT)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["body"], told["public"]) == (TEXT, True)
    assert told["author"]["accountId"] == later.told("/myself")["accountId"]
    assert told["created"]["jira"] == "2026-03-02T10:00:00.000+0000"
    (comment,) = written(later)
    assert (comment["id"], comment["jsdPublic"]) == (told["id"], True)
    assert later.fields("SUP-5")["updated"] == "2026-03-02T10:00:00.000+0000"
    assert later.fields("SUP-5")["status"]["name"] == "Resolved"


def test_the_links_of_a_text_become_links_of_the_document(later: Served) -> None:
    later.comment("SUP-5", TEXT.replace("https", "Tell us: https"))
    (comment,) = written(later)
    lines = comment["body"]["content"]
    assert [[node["text"] for node in line["content"]] for line in lines] == [
        ["How did it go?"],
        ["Tell us: ", "https://xmo.example.org/a/token.sig"],
        [f"[{MARKER}]"],
    ]
    assert lines[1]["content"][1]["marks"] == [
        {"type": "link", "attrs": {"href": "https://xmo.example.org/a/token.sig"}}
    ]


def test_an_internal_comment_is_for_agents(later: Served) -> None:
    assert later.comment("SUP-5", public=False).json()["public"] is False
    path = "/rest/servicedeskapi/request/SUP-5/comment"
    assert later.told(path, internal="false")["values"] == []
    assert len(later.told(path, public="false")["values"]) == 1


def test_version_three_takes_a_document_and_keeps_it_with_its_properties(later: Served) -> None:
    properties = [{"key": "xmo.survey", "value": {"marker": MARKER}}]
    answer = later.post("/rest/api/3/issue/SUP-5/comment", {"body": ADF, "properties": properties})
    assert (answer.status_code, answer.json()["body"], answer.json()["jsdPublic"]) == (201, ADF, True)
    (comment,) = written(later)
    assert comment["body"] == ADF
    assert comment["properties"][1:] == properties
    as_text = later.get("/rest/api/2/issue/SUP-5/comment").json()["comments"][0]["body"]
    assert as_text == f"How did it go?\n\n[{MARKER}]"


@pytest.mark.parametrize("more", [{"properties": [INTERNAL]}, {"jsdPublic": False}])
def test_version_two_takes_text_and_hides_it_where_it_is_told_to(later: Served, more: Json) -> None:
    answer = later.post("/rest/api/2/issue/SUP-5/comment", {"body": TEXT, **more})
    assert (answer.status_code, answer.json()["body"], answer.json()["jsdPublic"]) == (201, TEXT, False)
    (comment,) = written(later)
    assert comment["properties"] == [INTERNAL]


@pytest.mark.parametrize(
    ("version", "body"),
    [
        (3, {"body": TEXT}),
        (3, {"body": {"type": "doc", "content": []}}),
        (3, {"body": {"type": "doc", "version": 1, "content": []}}),
        (3, {}),
        (2, {"body": ADF}),
        (2, {"body": "   "}),
        (2, {"body": "x" * 32_768}),
        (2, {"body": TEXT, "properties": [{"key": "x"}]}),
        (2, {"body": TEXT, "properties": {"key": "x", "value": 1}}),
    ],
)
def test_a_body_of_the_wrong_kind_is_refused_and_nothing_is_written(later: Served, version: int, body: Json) -> None:
    answer = later.post(f"/rest/api/{version}/issue/SUP-5/comment", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"errorMessages", "errors"}
    assert written(later) == []


@pytest.mark.parametrize(
    "body", [{"body": TEXT}, {"public": True}, {"body": "", "public": True}, {"body": TEXT, "public": True, "x": 1}, []]
)
def test_a_request_comment_wants_its_body_and_whether_it_is_public(later: Served, body: object) -> None:
    answer = later.post("/rest/servicedeskapi/request/SUP-5/comment", body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"errorMessage", "i18nErrorMessage"}
    assert later.switch("journal") == []


def test_the_longest_comment_is_taken_and_a_longer_one_is_not(later: Served) -> None:
    assert later.comment("SUP-5", "x" * 32_767).status_code == 201
    assert later.comment("SUP-5", "x" * 32_768).status_code == 400


@pytest.mark.parametrize(("data", "kind"), [("{broken", "application/json"), ("{}", "text/plain")])
def test_what_is_no_json_is_refused(later: Served, data: str, kind: str) -> None:
    url = f"{later.url}/rest/api/3/issue/SUP-5/comment"
    answer = later.session.post(url, data=data, headers={"Content-Type": kind}, timeout=10)
    assert answer.status_code == (415 if kind == "text/plain" else 400)


def test_nobody_writes_into_what_is_not_there(later: Served) -> None:
    assert later.comment("SUP-99").status_code == 404
    assert later.comment("SUP-99").json()["i18nErrorMessage"]["parameters"] == []
    answer = later.post("/rest/api/3/issue/SUP-99/comment", {"body": ADF})
    assert answer.json()["errorMessages"] == ["Issue does not exist or you do not have permission to see it."]


def test_the_journal_tells_what_was_written_and_what_the_issue_was_like(later: Served) -> None:
    first = later.comment("SUP-5", TEXT).json()
    later.clock("11:00")
    later.post("/rest/api/3/issue/SUP-1/comment", {"body": ADF, "properties": [INTERNAL]})
    later.comment("SUP-5", "Thank you.")
    told = later.switch("journal")
    assert told[0] == {
        "number": "SUP-5",
        "id": "10005",
        "status": "Resolved",
        "reopen_count": 0,
        "comment": first["id"],
        "text": TEXT,
        "public": True,
        "time": "2026-03-02T10:00:00.000+0000",
        "marker": MARKER,
    }
    assert [(entry["number"], entry["marker"], entry["public"]) for entry in told[1:]] == [
        ("SUP-1", MARKER, False),
        ("SUP-5", None, True),
    ]
    assert later.switch("questions") == {"SUP-5": 1, "SUP-1": 1}


def test_the_journal_counts_the_reopens(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("09:00", "resolved"), ("10:00", "reopened"), ("11:00", "resolved")))
    desk.comment("SUP-1")
    assert desk.switch("journal")[0]["reopen_count"] == 1


def test_comments_lie_in_the_order_of_time_whoever_wrote_them(play: Play) -> None:
    desk = play(ticket(1, ("08:00", "opened"), ("09:00", "replied")), ticket(2, ("07:00", "opened")))
    desk.clock("10:00")
    desk.comment("SUP-1")
    created = [comment["created"][11:16] for comment in written(desk, "SUP-1")]
    assert created == ["09:00", "10:00"]
    ids = [comment["id"] for comment in written(desk, "SUP-1")]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("value", [{"surveys": {"Q1": {"state": "intent"}}}, [1], "x", 0, False])
def test_a_property_is_created_replaced_read_and_deleted(later: Served, value: Any) -> None:
    url = f"{later.url}/rest/api/3/issue/SUP-5/properties/xmo.survey"
    before = later.fields("SUP-5")["updated"]
    assert later.session.get(url, timeout=10).status_code == 404
    assert later.session.put(url, json=value, timeout=10).status_code == 201
    assert later.session.put(url, json=value, timeout=10).status_code == 200
    assert later.session.get(url, timeout=10).json() == {"key": "xmo.survey", "value": value}
    keys = [each["key"] for each in later.told("/issue/SUP-5/properties")["keys"]]
    assert keys == ["request.channel.type", "xmo.survey"]
    assert later.told("/issue/SUP-5", properties="xmo.survey")["properties"] == {"xmo.survey": value}
    assert later.session.delete(url, timeout=10).status_code == 204
    assert later.session.delete(url, timeout=10).status_code == 404
    assert later.fields("SUP-5")["updated"] == before


@pytest.mark.parametrize(
    ("key", "data"), [("x", ""), ("x", "{broken"), ("x", "null"), ("x", '"' + "y" * 32_768), ("k" * 256, "1")]
)
def test_a_property_without_a_value_or_too_long_is_refused(later: Served, key: str, data: str) -> None:
    url = f"{later.url}/rest/api/3/issue/SUP-5/properties/{key}"
    answer = later.session.put(url, data=data, headers={"Content-Type": "application/json"}, timeout=10)
    assert answer.status_code == 400
