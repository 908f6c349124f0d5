"""The vendors on which the line is tried: what each sandbox serves, when, and how it fails."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import xmo_jira.sandbox
import xmo_servicenow.sandbox
import xmo_zendesk.sandbox
from tests.line.support import EXCERPT, log_of
from xmo_demo import month
from xmo_hooks import Sandbox

_TICKETS, _SEED = 300, 7
_STEP = timedelta(hours=84)  # the last question is asked before the month is over


@dataclass(frozen=True)
class Counts:
    """What history says of one ticket in the end."""

    reopens: int
    reassignments: int


@dataclass(frozen=True)
class Desk:
    """A vendor to run the line on; `moments` are when it runs, `small` an option that makes pages small."""

    sandbox: Sandbox
    data: Path
    moments: Sequence[datetime]
    faults: Mapping[str, float]
    small: str

    def config(self, url: str) -> str:
        """Return the options of the source, at a pace that no vendor allows."""
        return f"{self.sandbox.config(url)}requests_per_minute = 1000000\n"

    def history(self) -> dict[int, Counts]:
        """Read what came of each ticket that is still there at the end, by its number."""
        return _of_log(self.data) if self.data == EXCERPT else _of_month(self.data)


def number(text: str) -> int:
    """Return the number of a ticket: 17 for INC0000017, SUP-17 and 17."""
    found = re.search(r"\d+$", text)
    assert found, text
    return int(found[0])


def desk(name: str, folder: Path) -> Desk:
    """Return the vendor of this name; its month of work is written to `folder`."""
    if name == "servicenow":
        start = datetime(2016, 3, 20, 0, 0, 30, tzinfo=UTC)
        moments = [start + timedelta(days=7 * week) for week in range(9)]
        faults = {"429": 0.10, "503": 0.10, "drop": 0.05, "cancelled": 0.02, "unparsable": 0.01}
        return Desk(xmo_servicenow.sandbox.SANDBOX, EXCERPT, moments, faults, "page_size = 20")
    data = folder / "month.jsonl"
    month.write(data, _TICKETS, _SEED)
    sandboxes = {
        "jira": xmo_jira.sandbox.SANDBOX,
        "jira-server": xmo_jira.sandbox.SERVER,
        "zendesk": xmo_zendesk.sandbox.SANDBOX,
    }
    faults = {"429": 0.10, "503": 0.10, "drop": 0.05, "cut": 0.02, "unparsable": 0.01}
    moments = [month.START + timedelta(hours=1) + number * _STEP for number in range(9)]
    return Desk(sandboxes[name], data, moments, faults, "page_size = 20")


def _of_log(path: Path) -> dict[int, Counts]:
    last = {name: rows[-1] for name, rows in log_of(path).items()}
    return {
        number(name): Counts(int(row["reopen_count"]), int(row["reassignment_count"])) for name, row in last.items()
    }


def _of_month(path: Path) -> dict[int, Counts]:
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        ticket = json.loads(line)
        happened = [event["what"] for event in ticket["events"]]
        if "deleted" not in happened:
            found[ticket["number"]] = Counts(happened.count("reopened"), happened.count("assigned") - 1)
    return found
