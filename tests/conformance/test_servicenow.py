"""The ServiceNow plugin keeps what the kit asks of any source."""

from datetime import timedelta
from typing import ClassVar

import requests

import xmo_servicenow.plugin
from tests.conformance.stock import PAGE, START, StockTests
from tests.hear.signing import SECRET, SIGNERS
from xmo_servicenow.sandbox import SANDBOX


class TestServiceNow(StockTests):
    plugin = xmo_servicenow.plugin
    sandbox = SANDBOX
    signer = SIGNERS["servicenow"]
    options: ClassVar = {
        "username": "xmo",
        "password": "sandbox",
        "tables": ["incident"],
        "touchpoints": True,
        "page_size": PAGE,
        "webhook_secret": SECRET,
    }
    known: ClassVar = {
        "INC0000001": {"opened_at": START, "resolved_at": START + timedelta(hours=3), "state": "resolved"}
    }
    comments_on_a_page = 10

    def reply(self, url: str, key: str) -> requests.Response:
        auth = ("xmo", "sandbox")
        return requests.patch(f"{url}/api/now/table/incident/{key}", json={"comments": "Done."}, auth=auth, timeout=10)
