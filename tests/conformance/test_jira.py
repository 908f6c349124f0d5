"""The Jira plugin keeps what the kit asks of any source, at Jira Cloud."""

from datetime import timedelta
from typing import ClassVar

import requests

import xmo_jira.plugin
from tests.conformance.stock import PAGE, START, StockTests
from tests.hear.signing import SECRET, SIGNERS
from xmo_jira.sandbox import SANDBOX


class TestJiraCloud(StockTests):
    plugin = xmo_jira.plugin
    sandbox = SANDBOX
    signer = SIGNERS["jira"]
    options: ClassVar = {
        "username": "xmo@example.org",
        "token": "sandbox",
        "projects": ["SUP"],
        "touchpoints": True,
        "page_size": PAGE,
        "webhook_secret": SECRET,
    }
    known: ClassVar = {"SUP-1": {"opened_at": START, "resolved_at": START + timedelta(hours=3), "state": "resolved"}}
    comments_on_a_page = 100

    def reply(self, url: str, key: str) -> requests.Response:
        auth = ("xmo@example.org", "sandbox")
        return requests.post(f"{url}/rest/api/2/issue/{key}/comment", json={"body": "Done."}, auth=auth, timeout=10)
