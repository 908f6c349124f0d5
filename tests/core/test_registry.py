"""Plugins: found, checked, called one by one, and named when they are broken."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from xmo_core import registry as registries
from xmo_core.registry import Broken, Registry, Unfit, load
from xmo_hooks import CONTRACT, Ask, ConfigError, Kind, Skip, Table, Unavailable, hookimpl

Write = Callable[..., EntryPoint]
SOURCES = """
from xmo_hooks import Kind, hookimpl
@hookimpl
def xmo_sources():
    return [Kind(name="{kind}", schema=None, make=None)]
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """`write(name, code)` writes a plugin module and returns its entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def one(name: str, code: str) -> EntryPoint:
        (tmp_path / f"made_{name}.py").write_text(code, encoding="utf-8")
        return EntryPoint(name, f"made_{name}", "xmo.plugins")

    yield one
    for name in set(sys.modules) - before:
        del sys.modules[name]


def plugin(**hooks: Any) -> ModuleType:
    module = ModuleType("made_here")
    for name, hook in hooks.items():
        setattr(module, name, hookimpl(hook) if callable(hook) else hook)
    return module


def _nothing() -> list[Kind]:
    return []


def registry(**plugins: ModuleType) -> Registry:
    made = Registry()
    for name, module in plugins.items():
        made.add(name, module)
    return made


def test_the_installed_plugins_are_found_with_name_version_and_hooks() -> None:
    found = load()
    assert {each.name for each in found.plugins()} == {point.name for point in entry_points(group="xmo.plugins")}
    surveys = next(each for each in found.plugins() if each.name == "surveys")
    assert "xmo_decide" in surveys.hooks
    assert surveys.version


def test_plugins_are_called_in_the_order_of_their_names(write: Write) -> None:
    points = [write(name, SOURCES.format(kind=name)) for name in ("cherry", "apple", "banana")]
    assert [name for name, _ in load(points).call("xmo_sources")] == ["apple", "banana", "cherry"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import nowhere_to_be_found", "it needs the module nowhere_to_be_found, which is not installed"),
        ("from json import nothing_there", "its import failed: cannot import name"),
        ("def broken(:", "its import failed: SyntaxError"),
        ("raise RuntimeError('at import')", "its import failed: RuntimeError: at import"),
        ("1 / 0", "its import failed: ZeroDivisionError"),
        ("XMO_CONTRACT = (99, 0)", "it is written for contract 99.0, and this XMO keeps contract"),
        (f"XMO_CONTRACT = ({CONTRACT[0]}, {CONTRACT[1] + 1})", "it is written for contract"),
        ("XMO_CONTRACT = '1.0'", "XMO_CONTRACT must be two whole numbers"),
        (
            "from xmo_hooks import hookimpl\n@hookimpl\ndef xmo_descide(now): ...",
            'there is no hook xmo_descide (did you mean "xmo_decide"?)',
        ),
        (
            "from xmo_hooks import hookimpl\n@hookimpl\ndef xmo_decide(occasion, weather): ...",
            "xmo_decide is handed no weather; there are occasion, ledger, now, settings",
        ),
        (
            "from xmo_hooks import hookimpl\n@hookimpl\ndef xmo_decide(occassion): ...",
            'xmo_decide is handed no occassion (did you mean "occasion"?)',
        ),
        (
            "from xmo_hooks import hookimpl\n@hookimpl\ndef xmo_sources(now): ...",
            "xmo_sources is handed no now; it takes none",
        ),
        (
            "from xmo_hooks import hookimpl\n@hookimpl(wrapper=True)\ndef xmo_decide(): return (yield)",
            "xmo_decide is a wrapper",
        ),
    ],
)
def test_a_broken_plugin_is_named_with_its_reason_and_the_others_work(write: Write, code: str, reason: str) -> None:
    found = load([write("worse", code), write("works", SOURCES.format(kind="fine"))])
    assert reason in found.broken["worse"].reason
    assert list(found.kinds()) == ["fine"]
    assert [(each.name, each.broken is None) for each in found.plugins()] == [("works", True), ("worse", False)]
    assert found.call("xmo_decide", occasion=None, ledger=None, now=None, settings=None) == []


@pytest.mark.parametrize("own", ["limit=3", "*, cache={}", "**more"])
def test_an_argument_of_a_plugins_own_is_no_mistake(write: Write, own: str) -> None:
    found = load([write("works", f"from xmo_hooks import hookimpl\n@hookimpl\ndef xmo_decide(occasion, {own}): ...")])
    assert found.broken == {}


def test_a_module_that_is_not_there_is_told_apart_from_one_that_it_needs() -> None:
    found = load([EntryPoint("gone", "made_nowhere.plugin", "xmo.plugins")])
    assert found.broken["gone"].reason == "its module made_nowhere.plugin is not there"


class Distribution:
    """What an entry point knows of the package that brought it."""

    name = "acme-xmo"
    version = "4.2"

    class metadata:  # noqa: N801 - the name that importlib gives it
        @staticmethod
        def get_all(_: str) -> list[str]:
            return ["worse"]


@pytest.mark.parametrize(("name", "command"), [("worse", "'acme-xmo[worse]'"), ("other", "'nowhere_to_be_found'")])
def test_a_missing_dependency_comes_with_the_command_that_installs_it(write: Write, name: str, command: str) -> None:
    point = write(name, "import nowhere_to_be_found.deep")
    vars(point)["dist"] = Distribution()
    assert load([point]).broken[name].hint == f"pip install {command}"


def test_our_own_extras_are_named_in_the_command(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysnow", None)
    ours = next(point for point in entry_points(group="xmo.plugins") if point.name == "servicenow")
    point = write("servicenow", "import pysnow")
    vars(point)["dist"] = ours.dist
    assert load([point]).broken["servicenow"].hint == "pip install 'xmo-core[servicenow]'"


def test_two_plugins_of_one_name_are_not_both_loaded() -> None:
    made = registry(twin=plugin(xmo_sources=_nothing))
    with pytest.raises(Unfit, match="same name"):
        made.add("twin", plugin(xmo_sources=_nothing))


def test_one_module_is_not_loaded_under_two_names(write: Write) -> None:
    first = write("first", SOURCES.format(kind="jira"))
    found = load([first, EntryPoint("second", first.value, first.group)])
    assert list(found.kinds()) == ["jira"]
    assert "same module" in found.broken["first"].reason


def test_a_plugin_that_keeps_the_contract_says_so() -> None:
    assert registry(good=plugin(XMO_CONTRACT=CONTRACT, xmo_sections=_nothing)).call("xmo_sections") == [("good", [])]


def _raises(occasion: str) -> None:
    raise KeyError(occasion)


def _one() -> Ask:
    return Ask(rule="d")


def test_a_plugin_that_raises_stops_no_other_and_is_told_to_the_caller() -> None:
    made = registry(
        b=plugin(xmo_decide=lambda now: Skip(rule="b", reason=f"at {now}")),
        c=plugin(xmo_decide=_raises),
        d=plugin(xmo_decide=_one),
    )
    told: list[Broken] = []
    called = made.call("xmo_decide", told.append, occasion="ann@example.com", ledger=None, now=7, settings=None)
    assert dict(called) == {"b": Skip(rule="b", reason="at 7"), "d": Ask(rule="d")}
    assert [(each.name, each.hook) for each in told] == [("c", "xmo_decide")]


def test_what_a_plugin_raises_is_told_without_what_it_quotes() -> None:
    made = registry(c=plugin(xmo_decide=_raises))
    for _ in range(3):
        made.call("xmo_decide", occasion="ann@example.com")
    [failure] = made.failures
    assert failure.reason.startswith("KeyError in _raises, line ")
    assert failure.times == 3
    assert "ann" not in repr(failure)


def test_an_error_of_the_contract_is_told_in_its_own_words() -> None:
    def refuse() -> None:
        raise Unavailable("The model is being trained.", hint="Come back.")

    made = registry(c=plugin(xmo_figures=refuse))
    made.call("xmo_figures")
    [failure] = made.failures
    assert (failure.reason, failure.hint) == ("The model is being trained.", "Come back.")


def test_a_generator_is_run_inside_the_guard() -> None:
    table = Table(name="all", title="All", definition="All.", by=(), figures=())

    def tables() -> Iterator[Table]:
        yield table
        raise ValueError("two")

    made = registry(bad=plugin(xmo_figures=tables), good=plugin(xmo_figures=lambda: iter([table])))
    assert made.call("xmo_figures") == [("good", [table])]
    assert [each.name for each in made.failures] == ["bad"]


def test_no_result_is_no_offer_and_an_empty_one_is_one() -> None:
    def nothing() -> dict[str, int | None]:
        return {}

    made = registry(a=plugin(xmo_score=lambda: None), b=plugin(xmo_score=nothing))
    assert made.call("xmo_score") == [("b", {})]


def test_an_error_of_the_caller_is_not_blamed_on_a_plugin() -> None:
    made = registry(a=plugin(xmo_score=lambda: {"one": 1}))
    results = made.each("xmo_score")
    with pytest.raises(ZeroDivisionError):
        next(results)[1]["one"] / 0
    assert made.failures == []


def _kinds(*names: str) -> Callable[[], list[Kind]]:
    return lambda: [Kind(name=name, schema=None, make=None) for name in names]  # type: ignore[arg-type]


def test_kinds_are_asked_for_once_and_carry_their_plugin() -> None:
    asked: list[int] = []

    def sources() -> list[Kind]:
        asked.append(1)
        return _kinds("jira")()

    made = registry(acme=plugin(xmo_sources=sources))
    assert made.kinds()["jira"][0] == "acme"
    assert made.kinds() is made.kinds()
    assert len(asked) == 1


def test_two_plugins_that_offer_the_same_kind_are_both_named() -> None:
    made = registry(one=plugin(xmo_sources=_kinds("jira")), two=plugin(xmo_sources=_kinds("zendesk", "jira")))
    with pytest.raises(ConfigError, match=r'The plugins (one and two|two and one) both offer the kind "jira"'):
        made.kinds()


@pytest.mark.parametrize("offer", [lambda: 7, lambda: ["jira"], lambda: _kinds("jira")()[0]])
def test_an_offer_of_the_wrong_type_is_the_plugins_failure(offer: Callable[[], Any]) -> None:
    made = registry(bad=plugin(xmo_sources=offer), good=plugin(xmo_sources=_kinds("zendesk")))
    assert list(made.kinds()) == ["zendesk"]
    assert [each.reason for each in made.failures] == ["must return a list of Kind, and did not"]


def test_sections_and_sandboxes_are_offered_the_same_way() -> None:
    found = load()
    assert found.sections()["survey"][0] == "surveys"
    assert found.sandboxes()["servicenow"][0] == "servicenow"
    assert found.failures == []


def test_a_plugin_added_later_is_called_too() -> None:
    made = registry(a=plugin(xmo_sources=_kinds("jira")))
    assert list(made.kinds()) == ["jira"]
    made.add("b", plugin(xmo_sources=_kinds("zendesk")))
    assert set(made.kinds()) == {"jira", "zendesk"}


def test_loading_plugins_needs_no_heavy_library() -> None:
    assert "marshmallow" not in vars(registries)
    assert "requests" not in vars(registries)
