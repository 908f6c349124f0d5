"""The kit needs no sandbox: canned answers will do, and so will the address of a server that runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from tests.conformance import acorn
from xmo_core.testing import SourceTests
from xmo_core.testing.server import serving

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KNOWN = {"A-1": {"opened_at": datetime(2026, 3, 1, 8, tzinfo=UTC), "state": "resolved"}}


class TestAcorn(SourceTests):
    plugin = acorn
    options = MappingProxyType({"token": "t0ken-for-tests"})
    tickets = 6
    known = MappingProxyType(KNOWN)

    def desk(self) -> WSGIApplication | str:
        return acorn.desk()


class TestAcornOnItsServer(TestAcorn):
    @pytest.fixture(autouse=True)
    def server(self) -> Iterator[None]:
        with serving(acorn.desk()) as url:
            self.url = url
            yield

    def desk(self) -> WSGIApplication | str:
        return self.url
