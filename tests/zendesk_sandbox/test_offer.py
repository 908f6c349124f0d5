"""What the plugin offers to `xmo sandbox`."""

import subprocess
import sys
import tomllib

from werkzeug.test import create_environ, run_wsgi_app

from xmo_hooks import Sandbox, SandboxOptions
from xmo_zendesk.sandbox import FAULTS, SANDBOX
from xmo_zendesk.sandbox.directory import Directory
from xmo_zendesk.sandbox.fields import ticket_fields


def test_the_offer_is_named_and_explains_each_fault() -> None:
    assert isinstance(SANDBOX, Sandbox)
    assert SANDBOX.name == "zendesk"
    assert SANDBOX.faults is FAULTS
    assert all(line and not line.endswith(".") for line in FAULTS.values())


def test_the_config_lines_are_a_source_that_reads_the_sandbox() -> None:
    told = tomllib.loads("[sources.demo]\n" + SANDBOX.config("http://127.0.0.1:8081"))["sources"]["demo"]
    assert (told["kind"], told["url"]) == ("zendesk", "http://127.0.0.1:8081")
    assert (told["username"], told["token"]) == ("xmo@example.org", "sandbox")
    assert told["touchpoints"] is True
    titles = {field["id"]: field["title"] for field in ticket_fields(Directory(), "")}
    assert (titles[told["service"]], titles[told["category"]]) == ("Service", "Category")


def test_make_returns_an_app_that_wants_a_log_in() -> None:
    app = SANDBOX.make(SandboxOptions(generate=1))
    body, status, _ = run_wsgi_app(app, create_environ("/api/v2/users/me.json"))
    assert status == "401 UNAUTHORIZED"
    assert b"authenticate" in b"".join(body)


def test_importing_the_offer_loads_no_web_framework() -> None:
    code = (
        "import sys; import xmo_zendesk.sandbox; print({'flask', 'orjson', 'werkzeug', 'requests'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"
