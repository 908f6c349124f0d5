"""What the plugin offers to `xmo sandbox`."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.jira_sandbox.support import ticket, work_file
from xmo_hooks import Sandbox, SandboxOptions
from xmo_jira.sandbox import CLOUD_FAULTS, SANDBOX, SERVER, SERVER_FAULTS
from xmo_jira.sandbox.site import FIELDS


def test_both_offers_are_named_and_explain_each_fault() -> None:
    assert (SANDBOX.name, SERVER.name) == ("jira", "jira-server")
    assert (SANDBOX.faults, SERVER.faults) == (CLOUD_FAULTS, SERVER_FAULTS)
    lines = [*CLOUD_FAULTS.values(), *SERVER_FAULTS.values()]
    assert all(line and not line.endswith(".") for line in lines)


def test_the_config_lines_name_a_source_of_each_edition() -> None:
    cloud, server = (
        tomllib.loads("[sources.demo]\n" + each.config("http://127.0.0.1:8181"))["sources"]["demo"]
        for each in (SANDBOX, SERVER)
    )
    assert (cloud["url"], server["url"]) == ("http://127.0.0.1:8181", "http://127.0.0.1:8181/jira")
    assert (cloud["username"], cloud["token"]) == ("xmo@example.org", "sandbox")
    assert (server["token"], server["machines"], "username" in server) == ("sandbox", ["automation"], False)
    for told in (cloud, server):
        assert (told["kind"], told["projects"], told["touchpoints"]) == ("jira", ["SUP"], True)
        assert {told[name] for name in ("service", "group", "promised")} <= set(FIELDS)
        assert told["sla"] == FIELDS["customfield_10032"].name


@pytest.mark.parametrize("offer", [SANDBOX, SERVER], ids=lambda offer: offer.name)
def test_make_returns_an_app_that_wants_a_log_in(offer: Sandbox, tmp_path: Path) -> None:
    data = work_file(tmp_path / "work.jsonl", [ticket(1, ("08:00", "opened"))])
    app = offer.make(SandboxOptions(data=data))
    body, status, _ = run_wsgi_app(app, create_environ("/rest/api/2/myself"))
    assert status == "401 UNAUTHORIZED"
    assert b"not authenticated" in b"".join(body)


def test_importing_the_offer_loads_no_web_framework() -> None:
    code = "import sys; import xmo_jira.sandbox; print({'flask', 'orjson', 'requests'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
