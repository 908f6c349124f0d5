"""The Zendesk plugin keeps what the kit asks of any source."""

from datetime import timedelta
from typing import ClassVar

import requests

import xmo_zendesk.plugin
from tests.conformance.stock import PAGE, START, StockTests
from tests.hear.signing import SECRET, SIGNERS
from xmo_zendesk.sandbox import SANDBOX


class TestZendesk(StockTests):
    plugin = xmo_zendesk.plugin
    sandbox = SANDBOX
    signer = SIGNERS["zendesk"]
    options: ClassVar = {
        "username": "xmo@example.org",
        "token": "sandbox",
        "touchpoints": True,
        "page_size": PAGE,
        "webhook_secret": SECRET,
    }
    known: ClassVar = {"1": {"opened_at": START, "resolved_at": START + timedelta(hours=3), "state": "resolved"}}
    comments_on_a_page = 100

    def reply(self, url: str, key: str) -> requests.Response:
        auth = ("xmo@example.org/token", "sandbox")
        said = {"ticket": {"comment": {"body": "Done."}}}
        return requests.put(f"{url}/api/v2/tickets/{key}", json=said, auth=auth, timeout=10)
