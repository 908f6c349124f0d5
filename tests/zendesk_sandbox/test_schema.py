"""Every answer conforms to the vendor's own API description.

`schemas.json` holds its response schemas, reduced to types and names: Zendesk Support API 2.0.0, OpenAPI 3.0.3. It does
not know the new survey responses. It knows no status "deleted", though exports have it.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it brings no types along

from tests.zendesk_sandbox.conftest import Play, Serve
from tests.zendesk_sandbox.support import Served, line

DESCRIPTION = json.loads(Path(__file__).with_name("schemas.json").read_text())
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LIFE = [
    *("08:00 opened", "08:00:05 acknowledged", "08:10 promised 10:00", "08:20 promised 16:00", "09:00 assigned a1"),
    *("09:30 replied", "09:31 noted", "09:40 waiting", "09:50 asked", "09:51 resumed", "09:52 assigned a2 Servers"),
    *("10:00 on_hold", "10:10 resumed", "11:00 resolved", "12:00 reopened", "13:00 resolved"),
    *("03-03 10:00 offered", "03-03 12:00 rated 5 Thanks"),
]
PEOPLE = "users,groups,organizations,metric_sets,comment_count"
READS = [
    ("/api/v2/incremental/tickets/cursor", {"start_time": 0, "include": PEOPLE}),
    ("/api/v2/incremental/tickets/cursor", {"start_time": 0, "per_page": 1}),
    ("/api/v2/incremental/tickets/cursor", {"start_time": 1_772_600_000}),
    ("/api/v2/incremental/tickets", {"start_time": 0, "include": PEOPLE}),
    ("/api/v2/incremental/ticket_metric_events", {"start_time": 0}),
    ("/api/v2/incremental/ticket_metric_events", {"start_time": 1_772_600_000}),
    ("/api/v2/incremental/ticket_events", {"start_time": 0}),
    ("/api/v2/incremental/ticket_events", {"start_time": 0, "include": "comment_events"}),
    ("/api/v2/tickets/{ticket_id}", {"include": PEOPLE}),
    ("/api/v2/tickets/{ticket_id}/comments", {"include": "users"}),
    ("/api/v2/tickets/{ticket_id}/comments", {"page[size]": 2}),
    ("/api/v2/tickets/{ticket_id}/audits", {}),
    ("/api/v2/tickets/{ticket_id}/tags", {}),
    ("/api/v2/tickets/show_many", {"ids": "17,18"}),
    ("/api/v2/tickets/count", {}),
    ("/api/v2/users/me", {}),
    ("/api/v2/users/show_many", {"ids": "10000000001"}),
    ("/api/v2/groups", {}),
    ("/api/v2/organizations", {}),
    ("/api/v2/satisfaction_ratings", {}),
    ("/api/v2/ticket_fields", {}),
    ("/api/v2/custom_statuses", {}),
    ("/api/v2/brands", {}),
    ("/api/v2/ticket_forms", {}),
]


@pytest.fixture
def desk(play: Play) -> Served:
    desk = play(line(17, *LIFE), line(18, "08:00 opened", "09:00 cancelled", kind="task", priority=None))
    desk.clock("2026-03-05T00:00:00Z")
    return desk


def offences(operation: str, body: object) -> list[str]:
    schema = {**DESCRIPTION["paths"][operation]["schema"], "definitions": DESCRIPTION["definitions"]}
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(schema).iter_errors(body)]


def check(operation: str, response: requests.Response) -> None:
    assert response.status_code == DESCRIPTION["paths"][operation]["status"], response.text
    assert offences(operation, response.json()) == []


@pytest.mark.parametrize("survey", ["surveys", "legacy"])
@pytest.mark.parametrize(("path", "params"), READS)
def test_what_is_read_conforms(desk: Served, path: str, params: dict[str, str | int], survey: str) -> None:
    desk.survey(survey)
    answer = desk.get(path.removeprefix("/api/v2/").format(ticket_id=17), **params)
    check(f"GET {path}", answer)


def test_what_is_written_conforms(desk: Served) -> None:
    path = "/api/v2/tickets/{ticket_id}"
    check(f"PUT {path}", desk.say(17, "How did it go?", tags=["service_mail", "category_software", "xmo"]))
    check(f"PUT {path}", desk.write(17, priority=None, assignee_id=None, status="open"))
    check(f"PUT {path}", desk.write(17))
    check(f"PUT {path}/tags", desk.ask("PUT", "tickets/17/tags", json={"tags": ["a"]}))
    check(f"DELETE {path}/tags", desk.ask("DELETE", "tickets/17/tags", json={"tags": ["a"]}))
    check(f"POST {path}/tags", desk.ask("POST", "tickets/17/tags", json={"tags": ["a"]}))


@pytest.mark.parametrize("grant", ["refresh_token", "client_credentials"])
def test_tokens_conform(desk: Served, grant: str) -> None:
    sent = {"grant_type": grant, "client_id": "xmo", "client_secret": "sandbox", "scope": "read", "expires_in": 300}
    sent |= {"refresh_token": "sandbox-refresh"}
    check("POST /oauth/tokens", requests.post(f"{desk.url}/oauth/tokens", json=sent, timeout=10))


def test_generated_tickets_conform_but_for_deleted_ones(serve: Serve) -> None:
    page = serve(generate=300).export(include=PEOPLE)
    assert {row["status"] for row in page["tickets"]} > {"closed"}
    page["tickets"] = [row for row in page["tickets"] if row["status"] != "deleted"]
    assert offences("GET /api/v2/incremental/tickets/cursor", page) == []


def test_an_answer_that_does_not_conform_is_found(desk: Served) -> None:
    page = desk.export()
    page["tickets"][0]["custom_fields"] = [{"id": "x"}]
    page["end_of_stream"] = "no"
    found = offences("GET /api/v2/incremental/tickets/cursor", page)
    assert sorted(each.partition(":")[0] for each in found) == ["$.end_of_stream", "$.tickets[0].custom_fields[0].id"]


def times(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if (name.endswith("_at") or name == "time") and isinstance(inner, str):
                yield inner
            yield from times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from times(inner)


def test_all_times_are_utc_to_the_second(desk: Served) -> None:
    found = list(times([desk.export(include=PEOPLE), desk.json("tickets/17/audits"), desk.comments(17)]))
    assert len(found) > 50
    assert [text for text in found if not TIME.fullmatch(text)] == []


def test_recorded_tickets_have_no_key_that_ours_lack(desk: Served) -> None:
    recorded_2015 = {
        *("url", "id", "external_id", "via", "created_at", "updated_at", "type", "subject", "raw_subject"),
        *("description", "priority", "status", "recipient", "requester_id", "submitter_id", "assignee_id"),
        *("organization_id", "group_id", "collaborator_ids", "problem_id", "has_incidents", "due_at", "tags"),
        *("custom_fields", "satisfaction_rating", "sharing_agreement_ids", "fields", "ticket_form_id", "brand_id"),
    }
    assert recorded_2015 <= set(desk.ticket(17))
    recorded_audit = {"id", "ticket_id", "created_at", "author_id", "via", "metadata", "events"}
    assert set(desk.json("tickets/17/audits")["audits"][0]) == recorded_audit
