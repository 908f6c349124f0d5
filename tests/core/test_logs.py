"""The log on stderr: readable, or JSON, and in either case without secrets."""

import io
import json
import logging

import pytest
import structlog

from xmo_core import logs, secrets
from xmo_core.options import LogOptions
from xmo_core.secrets import Secret

SECRET = 'p"ss\\wörd 42'


@pytest.fixture(autouse=True)
def _no_secret_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "_known", {})


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_gets_through_in_events_facts_tracebacks_or_libraries(form: str) -> None:
    Secret(SECRET)
    stream = io.StringIO()
    logs.configure(LogOptions(format=form), stream)  # type: ignore[arg-type]
    log = logs.get("xmo.test")
    event = f"event {SECRET}"
    log.info(event, fact=SECRET, nested={"deep": [SECRET]})
    logging.getLogger("anything").warning("they say %s", SECRET)
    try:
        raise ValueError(SECRET)
    except ValueError:
        log.exception("it failed")
    text = stream.getvalue()
    assert text.count("***") >= 5
    assert "ValueError: ***" in text
    assert "wörd" not in text
    assert "w\\u00f6rd" not in text


def test_json_is_one_object_a_line_with_the_bound_context() -> None:
    stream = io.StringIO()
    logs.configure(LogOptions(format="json"), stream)
    structlog.contextvars.bind_contextvars(run=7)
    logs.get("xmo.test").bind(source="corp").info("page stored", rows=500)
    logging.getLogger("anything").error("two\nlines")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert {key: first[key] for key in ("event", "level", "run", "source", "rows")} == {
        "event": "page stored",
        "level": "info",
        "run": 7,
        "source": "corp",
        "rows": 500,
    }
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["run"]) == ("two\nlines", 7)


def test_text_is_key_and_value_without_colour_where_nobody_watches() -> None:
    stream = io.StringIO()
    logs.configure(LogOptions(), stream)
    logs.get("xmo.test").info("page stored", rows=500)
    assert "page stored" in stream.getvalue()
    assert "rows=500" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_text_is_coloured_on_a_terminal() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    logs.configure(LogOptions(), stream)
    logs.get("xmo.test").info("page stored")
    assert "\x1b" in stream.getvalue()


def test_the_level_holds_for_ours_and_libraries_are_quiet_below_warning() -> None:
    stream = io.StringIO()
    logs.configure(LogOptions(level="debug"), stream)
    logs.get("xmo.test").debug("ours is heard")
    for name in ("urllib3.connectionpool", "waitress", "alembic.runtime.migration", "pysnow"):
        logging.getLogger(name).info("theirs is not")
        logging.getLogger(name).warning("theirs matters")
    logs.configure(LogOptions(level="error"), stream)
    logs.get("xmo.test").warning("ours is not heard")
    logging.getLogger("anything").warning("another library is not heard")
    text = stream.getvalue()
    assert text.count("theirs matters") == 4
    assert "is not" not in text
    assert "ours is heard" in text
