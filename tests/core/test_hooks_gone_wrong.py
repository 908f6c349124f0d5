"""A plugin that goes wrong in one of its hooks, each in turn: it is named, and the others work on."""

import inspect

import pytest

from tests.core.support import HOUR, NOW, Done, Place, install
from xmo_core import registry
from xmo_core.cli import FAILED
from xmo_core.commands.serve import pages
from xmo_core.office import open_office
from xmo_core.results import _CHECKS
from xmo_hooks import specs

HOOKS = {
    name: inspect.signature(spec)
    for name, spec in inspect.getmembers(specs, inspect.isfunction)
    if name.startswith("xmo_")
}
CALLED_BY = {
    "xmo_decide": ("run",),
    "xmo_compose": ("run",),
    "xmo_score": ("report", "--json"),
    "xmo_figures": ("report", "--json"),
    "xmo_render": ("report",),
}
OFFERS = {"xmo_sections", "xmo_sources", "xmo_channels", "xmo_sandboxes"}
HOW = {
    "raises": 'raise LookupError("ann@example.com was not found")',
    "hangs": "import time; time.sleep(3600)",
    "garbage": 'return {"no": object()}',
    "a list of garbage": "return [object()]",
}
SAYS = {"raises": "LookupError in ", "hangs": "it took longer than "}


@pytest.fixture
def asked(place: Place) -> Place:
    """A place in which one question is answered, so that there is something to score."""
    assert place.xmo("run", now=NOW - HOUR).code == 0
    place.tickets(a=NOW - HOUR / 2)
    assert place.xmo("run").code == 0
    office = open_office(place.folder / "xmo.toml", NOW)
    from tests.core.support import feeling
    from xmo_core.desk import StoreDesk

    token = office.keys.token(office.keys.invitation("corp:a#1"))
    StoreDesk(office).record(token, [feeling(5)], final=True)
    office.close()
    return place


def gone_wrong(place: Place, hook: str, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a plugin, named before all others, that goes wrong in one hook."""
    names = ", ".join(HOOKS[hook].parameters)
    code = f"from xmo_hooks import hookimpl\n\n@hookimpl\ndef {hook}({names}):\n    {HOW[how]}\n"
    module = f"a_wrong_{hook}_{list(HOW).index(how)}"
    (place.folder / f"{module}.py").write_text(code, encoding="utf-8")
    install(place.folder, {"a_wrong": module}, "xmo-a-wrong")
    if how == "hangs":
        monkeypatch.setattr(registry, "VOTE_SECONDS", 3)
        # the stock plugins take theirs to draw
        monkeypatch.setattr(registry, "HOOK_SECONDS", 20 if hook == "xmo_render" else 3)


def named(done: Done, hook: str, how: str) -> None:
    said = done.out + done.err
    assert "a_wrong" in said, said
    assert SAYS.get(how, "must return ") in said, said
    assert hook in said
    assert "ann@example.com" not in said


def test_every_hook_is_tried_and_checked() -> None:
    assert CALLED_BY.keys() | OFFERS | {"xmo_pages"} == HOOKS.keys() == _CHECKS.keys()


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("hook", ["xmo_decide", "xmo_compose", "xmo_score", "xmo_figures", "xmo_render"])
def test_a_hook_of_the_line_that_goes_wrong_is_named(
    asked: Place, hook: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_wrong(asked, hook, how, monkeypatch)
    asked.tickets(a=NOW - HOUR / 2, b=NOW - HOUR / 3)
    done = asked.xmo(*CALLED_BY[hook])
    named(done, hook, how)
    assert done.code == FAILED
    # without its trigger's vote nobody is asked; whoever else has words or figures goes on
    asks = {"xmo_decide": [("a",)], "xmo_compose": [("a",), ("b",)]}
    if hook in asks:
        assert asked.rows("SELECT key FROM invitation WHERE state != 'claimed' ORDER BY key") == asks[hook]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("hook", ["xmo_sections", "xmo_sources", "xmo_channels"])
def test_an_offer_that_goes_wrong_is_named_and_the_line_runs(
    place: Place, hook: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_wrong(place, hook, how, monkeypatch)
    install(place.folder, {"postbox": "tests.core.naughty_channel"}, "xmo-postbox")
    place.write(f'[channels.post]\nkind = "postbox"\nfolder = "{place.folder}"\n')
    named(place.xmo("check"), hook, how)
    place.tickets(a=NOW - HOUR)
    named(place.xmo("run"), hook, how)
    assert place.rows("SELECT key FROM ticket") == [("a",)]


@pytest.mark.parametrize("how", HOW)
def test_sandboxes_that_go_wrong_leave_the_others_there(
    place: Place, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_wrong(place, "xmo_sandboxes", how, monkeypatch)
    loaded = registry.load()
    assert "servicenow" in loaded.sandboxes()
    (failure,) = loaded.failures
    assert failure.name == "a_wrong"


def test_a_trigger_that_was_late_keeps_its_veto(asked: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    gone_wrong(asked, "xmo_decide", "hangs", monkeypatch)
    asked.tickets(a=NOW - HOUR / 2, b=NOW - HOUR / 3, c=NOW - HOUR / 4)
    assert asked.xmo("run").code == FAILED
    assert asked.rows("SELECT key FROM decision") == [("a",)]


@pytest.mark.parametrize("how", HOW)
def test_pages_that_go_wrong_leave_the_others_served(place: Place, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone_wrong(place, "xmo_pages", how, monkeypatch)
    office = open_office(place.folder / "xmo.toml", NOW)
    assert "/a" in pages(office)
    (failure,) = office.registry.failures
    assert failure.name == "a_wrong"
    office.close()
