"""Issues as real sites sent them: each one is understood, and says what a reader finds in it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.conftest import Need
from tests.jira.support import Raw, kept, options
from xmo_hooks import BadRecord, Ticket, Touchpoint
from xmo_jira.fields import columns_of
from xmo_jira.parse import Parser
from xmo_jira.site import category_of

DATA = Path(__file__).parents[2].parent / "shared/data"
THIN = "comment-created"  # the body about a comment holds the stub of an issue, without any time


def read(file: Path) -> Any:
    return orjson.loads(file.read_bytes())


def issues(body: Any) -> Iterator[Raw]:
    """The issues in an answer or a webhook's body, whole ones: those inside of links have no times."""
    found = body.get("issues") or [body.get("issue", body)] if isinstance(body, dict) else []
    yield from (one for one in found if isinstance(one, dict) and "key" in one and "status" in one.get("fields", {}))


@pytest.fixture
def files(need: Need) -> list[Path]:
    found = [*sorted(DATA.glob("jira-rest-recorded/*.json")), *sorted(DATA.glob("jira-webhooks/*.json"))]
    need(bool(found), "the recorded traffic is not beside this checkout (shared/data)")
    return found


@pytest.fixture
def site(files: list[Path]) -> Raw:
    statuses = read(next(file for file in files if file.name == "jruby_status.json"))
    return {"categories": {one["id"]: category_of(one) for one in statuses}, "columns": {}, "names": {}}


def parsed(raw: Raw, **values: Any) -> list[Any]:
    return Parser(options(**values)).records(kept(raw, **values))


def ticket(file: str, key: str = "", site: Raw | None = None, **values: Any) -> Ticket:
    """The ticket of one recorded issue."""
    (folder,) = [one for one in ("jira-rest-recorded", "jira-webhooks") if (DATA / one / file).exists()]
    raw = next(one for one in issues(read(DATA / folder / file)) if key in ("", one["key"]))
    first = parsed({**raw, "site": site} if site else raw, **values)[0]
    assert isinstance(first, Ticket)
    return first


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def test_every_recorded_issue_is_understood(files: list[Path], site: Raw) -> None:
    tickets, known = [], 0
    for file in files:
        for raw in issues(read(file)):
            if THIN not in file.name:
                tickets.append(parsed({**raw, "site": site})[0])
                known += tickets[-1].state != "unknown"
    assert len(tickets) == known == 41
    assert all(one.url and one.service for one in tickets)
    assert [one.number for one in tickets if not one.title] == ["AR-86"]  # trimmed by the project that kept it


def test_the_stub_in_the_body_about_a_comment_is_no_issue(files: list[Path]) -> None:
    thin = [file for file in files if THIN in file.name]
    for file in thin:
        (raw,) = issues(read(file))
        with pytest.raises(BadRecord) as caught:
            parsed(raw)
        assert caught.value.field in ("fields.created", "fields.updated")
        assert caught.value.key == raw["id"]
    assert len(thin) == 2


def test_a_story_that_was_resolved(files: list[Path]) -> None:
    one = ticket("webhook-issue-updated-resolved.json")
    assert (one.key, one.number, one.kind, one.vendor_type) == ("10040", "TES-41", "task", "Story")
    assert (one.state, one.vendor_state) == ("resolved", "Done")
    assert one.opened_at == utc("2019-02-16T03:01:52.971")
    assert one.resolved_at == utc("2019-02-16T03:15:40.470")
    assert one.changed_at == utc("2019-02-16T03:15:40.477")
    assert one.closed_at is None
    assert one.title == "Unit test summary 1"
    assert (one.service, one.category, one.priority) == ("test1", "COMP-1", "high")
    assert one.requester is not None
    assert (one.requester.key, one.requester.name) == ("5c5f880629be9642ba529340", "Test User")
    assert one.requester.timezone == "America/Los_Angeles"


def test_the_same_story_before(files: list[Path]) -> None:
    one = ticket("webhook-issue-updated-lowered-priority.json")
    assert (one.number, one.state, one.priority, one.resolved_at) == ("TES-41", "new", "low", None)
    assert one.changed_at == utc("2019-02-16T21:13:52.522")


def test_an_issue_that_was_opened_again_and_kept_its_old_date_of_resolution(files: list[Path]) -> None:
    one = ticket("gojira_issues_in_sprint.json")
    assert (one.key, one.number, one.state, one.vendor_state) == ("12338", "AR-86", "new", "Ready")
    assert one.resolved_at is None
    assert (one.opened_at, one.changed_at) == (utc("2015-12-02T15:39:15"), utc("2016-02-01T16:17:04"))
    assert (one.priority, one.service, one.requester) == ("major", "Team Argon", None)


def test_an_issue_of_an_old_server_without_categories(files: list[Path], site: Raw) -> None:
    one = ticket("jruby_issue.json", "SAMPLEPROJECT-1", site)
    assert (one.key, one.state, one.vendor_state) == ("10002", "new", "Open")
    assert one.opened_at == utc("2011-12-13T21:26:06")
    assert one.changed_at == utc("2011-12-15T02:37:33")
    assert one.promised_at == utc("2011-12-14T23:59:59")
    assert one.service == "Sample Project for Developing RoR RESTful API"
    assert one.requester is not None
    assert (one.requester.key, one.requester.email) == ("admin", "admin@example.com")
    assert ticket("jruby_issue.json", "SAMPLEPROJECT-1").state == "unknown"


def test_an_issue_with_many_fields_of_its_own(files: list[Path]) -> None:
    fields = {"kind": "customfield_10073", "several": "customfield_10075", "number": "customfield_10072"}
    fields |= {"words": "customfield_10071", "person": "customfield_10080", "text": "customfield_10077"}
    one = ticket("webhook-cloud-issue-created-many-fields.json", fields=fields, promised="customfield_10070")
    expected = {"kind": "1", "several": "1, 2", "number": "23", "words": "value1, value2", "text": "dwdwd"}
    assert one.attributes == expected
    assert one.promised_at == utc("2019-08-29T19:40:00")
    assert (one.number, one.state, one.priority) == ("KT-22", "new", "medium")


def test_an_issue_of_a_server_with_a_comment_of_its_reporter(files: list[Path]) -> None:
    file = "webhook-issue-updated-assigned-on-server.json"
    one = ticket(file)
    assert (one.key, one.number, one.kind, one.service) == ("10226", "PRJA-37", "task", "ProjectA")
    assert one.requester is not None
    assert (one.requester.key, one.requester.timezone) == ("admin", "America/Toronto")
    (raw,) = issues(read(DATA / "jira-webhooks" / file))
    points = [point for point in parsed(raw) if isinstance(point, Touchpoint)]
    assert [(point.key, point.what, point.at) for point in points] == [
        ("opened", "contact", utc("2019-06-27T14:55:17.488")),
        ("comment-10115", "contact", utc("2019-06-27T15:21:50.075")),
    ]


def test_the_fields_of_a_site_without_service_management_are_read(files: list[Path]) -> None:
    for file in files:
        if file.name in ("jruby_field.json", "gojira_all_fields.json"):
            assert columns_of(read(file)) == {}
