"""Bodies that Jira really sent: each names its issue, or is ignored for a reason that can be read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Need
from tests.hear.signing import SECRET, call, of_jira
from xmo_hooks import BadRecord

BODIES = Path(__file__).parents[3] / "shared/data/jira-webhooks"
# What each of them is about, read by eye.
ISSUES = {
    "webhook-cloud-comment-created": "10040",
    "webhook-cloud-comment-created-mention-user": "10040",
    "webhook-cloud-issue-created-many-fields": "10509",
    "webhook-cloud-issue-updated-custom-field": "10368",
    "webhook-issue-created": "10040",
    "webhook-issue-created-no-description-nor-relevant-fields": "10040",
    "webhook-issue-created-no-relevant-fields": "10040",
    "webhook-issue-created-with-security-level": "10040",
    "webhook-issue-deleted": "10303",
    "webhook-issue-updated-assigned": "10040",
    "webhook-issue-updated-assigned-on-server": "10226",
    "webhook-issue-updated-components": "10360",
    "webhook-issue-updated-edited": "10040",
    "webhook-issue-updated-lowered-priority": "10040",
    "webhook-issue-updated-multiple-values": "10040",
    "webhook-issue-updated-raised-priority": "10040",
    "webhook-issue-updated-renamed": "10040",
    "webhook-issue-updated-resolved": "10040",
    "webhook-issue-updated-sprint": "10040",
}
# Events that say nothing of a ticket that XMO reads, or of none at all.
IGNORED = ["worklog_created", "jira:worklog_updated", "sprint_started", "jira:version_released", "user_created"]
IGNORED += ["project_created", "board_updated", "issuelink_created", "attachment_created", "option_voting_changed"]
IGNORED += ["issue_property_set", "jira_expression_evaluation_failed"]

Make = Callable[..., Any]


def test_every_body_is_in_the_table(need: Need) -> None:
    need(BODIES.is_dir(), "the recorded webhooks are not on this machine")
    assert {path.stem for path in BODIES.glob("*.json")} == set(ISSUES)


@pytest.mark.parametrize("name", sorted(ISSUES))
def test_a_recorded_body_names_its_issue(make: Make, need: Need, name: str) -> None:
    need(BODIES.is_dir(), "the recorded webhooks are not on this machine")
    raw = (BODIES / f"{name}.json").read_bytes()
    sent = datetime.fromtimestamp(json.loads(raw)["timestamp"] / 1000, UTC)
    source = make("jira", webhook_secret=SECRET, now=sent + timedelta(seconds=2))
    heard = source.hear(call(of_jira(raw, sent), raw))
    assert (heard.keys, heard.reason) == ((ISSUES[name],), "")
    assert abs(heard.at - sent) < timedelta(milliseconds=1)


@pytest.mark.parametrize("event", IGNORED)
def test_an_event_about_no_ticket_is_ignored_for_a_reason(make: Make, event: str) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    raw = json.dumps({"timestamp": int(at.timestamp() * 1000), "webhookEvent": event}).encode()
    heard = make("jira", webhook_secret=SECRET, now=at).hear(call(of_jira(raw, at), raw))
    assert (heard.keys, heard.reason) == ((), f"{event} changes no ticket that XMO reads.")


def test_a_webhook_that_leaves_its_body_out_is_not_understood(make: Make) -> None:
    with pytest.raises(BadRecord, match="not JSON"):
        make("jira", webhook_secret=SECRET).hear(call(of_jira(b"", datetime.now(UTC)), b""))
