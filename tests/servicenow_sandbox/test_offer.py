"""What the plugin offers to `xmo sandbox`."""

import subprocess
import sys
import tomllib
from pathlib import Path

from werkzeug.test import create_environ, run_wsgi_app

from tests.servicenow_sandbox.support import life, log
from xmo_hooks import SandboxOptions
from xmo_servicenow.options import OptionsSchema
from xmo_servicenow.sandbox import FAULTS, SANDBOX


def test_the_offer_is_named_and_explains_each_fault() -> None:
    assert SANDBOX.name == "servicenow"
    assert SANDBOX.faults is FAULTS
    assert all(line and not line.endswith(".") for line in FAULTS.values())


def test_the_config_lines_are_a_source_that_reads_the_sandbox() -> None:
    told = tomllib.loads("[sources.demo]\n" + SANDBOX.config("http://127.0.0.1:8081"))["sources"]["demo"]
    assert (told.pop("kind"), told["url"]) == ("servicenow", "http://127.0.0.1:8081")
    assert (told["username"], told["password"]) == ("xmo", "sandbox")
    incident, item = OptionsSchema().load(told).tables
    assert (incident.name, incident.fields, item.name) == ("incident", {"category": "subcategory"}, "sc_req_item")


def test_make_returns_an_app_that_wants_a_log_in(tmp_path: Path) -> None:
    app = SANDBOX.make(SandboxOptions(data=log(tmp_path / "log.csv", life("INC1", ("New", "1/3/2016 08:00")))))
    body, status, _ = run_wsgi_app(app, create_environ("/api/now/table/incident"))
    assert status == "401 UNAUTHORIZED"
    assert b"Not Authenticated" in b"".join(body)


def test_importing_the_offer_loads_no_web_framework() -> None:
    code = (
        "import sys; import xmo_servicenow.sandbox; print({'flask', 'orjson', 'pysnow', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
