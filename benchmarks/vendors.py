"""The vendors that are measured: how each one's source is configured, and what its floor is told to ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import requests

from xmo_jira import fields as jira
from xmo_jira.options import OptionsSchema as JiraSchema
from xmo_servicenow.fields import layout
from xmo_servicenow.options import OptionsSchema as ServiceNowSchema

Arguments = list[str]


@dataclass(frozen=True)
class Vendor:
    """One vendor. `options`: of its source, with what a default config has; `asked`: arguments of its floor, after
    those that name the address and the file."""

    name: str
    title: str
    options: str
    asked: Callable[[str], Arguments]


def servicenow_fields() -> Arguments:
    """Return the field list that the ServiceNow plugin asks for."""
    options = ServiceNowSchema().load(
        {"url": "http://127.0.0.1:1", "username": "x", "password": "x", "tables": ["incident"]}
    )
    return list(layout(options.tables[0], options).columns)


def _of_jira(url: str) -> Arguments:
    options = JiraSchema().load({"url": url, "username": "x", "token": "x"})
    columns = jira.columns_of(requests.get(f"{url}/rest/api/3/field", timeout=60).json())
    asked = jira.wanted(options, columns), jira.changes_of(options), columns["sla"], columns["request_type"]
    return [",".join(names) for names in asked]


VENDORS = {
    "servicenow": Vendor(
        "servicenow",
        "ServiceNow",
        'username = "xmo"\npassword = "sandbox"\ntables = ["incident"]\n',
        lambda _: [",".join(servicenow_fields())],
    ),
    "jira": Vendor("jira", "Jira Cloud", 'username = "xmo@example.org"\ntoken = "sandbox"\n', _of_jira),
    "zendesk": Vendor(
        "zendesk",
        "Zendesk",
        # what is served has no limit, and a benchmark does not measure waiting
        'username = "xmo@example.org"\ntoken = "sandbox"\nlimits = { "/api/v2/incremental/" = 1000000 }\n',
        lambda _: [],
    ),
}
