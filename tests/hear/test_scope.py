"""A webhook of a Jira tells of all projects: what the config leaves out stays out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vendors import desks, month
from xmo_core.connected import Scope, connected
from xmo_core.line import Waits
from xmo_core.office import open_office
from xmo_core.store.rows import Asking

ALL = Asking(since=None, known_until=None)


@pytest.mark.parametrize("name", ["jira", "jira-server"])
def test_a_ticket_that_the_source_does_not_read_is_not_fetched_by_its_key(name: str, tmp_path: Path) -> None:
    works = month.whole()
    with desks.served(name, tmp_path, month.end(works)) as sandbox:
        inside = desks.source(name, sandbox.url)
        outside = f"{inside}jql = 'created >= \"2999-01-01\"'\n"
        xmo = desks.xmo(tmp_path, f"sqlite:///{tmp_path / 'xmo.db'}", {"inside": inside, "outside": outside})
        office = open_office(xmo.config, month.end(works))
        with connected(office, ["inside", "outside"], Waits()) as sources:
            keys = [key for read in sources["inside"].pages(Scope(), None, ALL) for key in read.rows.keys][:5]
            assert len(sources["inside"].fetch_some(keys, ALL).tickets) == 5
            assert sources["outside"].fetch_some(keys, ALL).tickets == []
