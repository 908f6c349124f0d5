"""The insights plugin as the core meets it: through its hooks alone."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import pluggy
import pytest

import xmo_hooks
from xmo_hooks import Answer, ConfigError, Experience, Occasion, Person, Reader, Ticket, specs
from xmo_insights import plugin
from xmo_insights.options import Insights

T = TypeVar("T")
NOW = datetime(2016, 5, 20, tzinfo=UTC)


class Config:
    def __init__(self, **options: Any) -> None:
        self._section = Insights(**options)

    def get(self, type_: type[T]) -> T:
        assert type_ is Insights
        return cast(T, self._section)


@pytest.fixture
def hook() -> Any:
    manager = pluggy.PluginManager("xmo")
    manager.add_hookspecs(specs)
    manager.register(plugin)
    manager.check_pending()
    return manager.hook


def _experience(*answers: Answer) -> Experience:
    ticket = Ticket(
        key="1",
        number="INC1",
        kind="incident",
        vendor_type="incident",
        state="resolved",
        vendor_state="6",
        opened_at=NOW,
        changed_at=NOW,
    )
    occasion = Occasion(
        key="corp:1:1", problem="1", n=1, at=NOW, person=Person(pseudonym="p"), source="corp", ticket=ticket
    )
    return Experience(occasion=occasion, answers=answers)


def test_the_plugin_is_written_for_this_contract() -> None:
    assert plugin.XMO_CONTRACT <= xmo_hooks.CONTRACT


def test_the_section_loads_to_what_the_hooks_ask_for(hook: Any) -> None:
    ((section,),) = hook.xmo_sections()
    assert section.name == "insights"
    assert isinstance(section.schema().load({}), section.type)


def test_the_configured_question_is_scored(hook: Any) -> None:
    experience = _experience(Answer(question="mood", version="1", value=4, low=1, high=5, best=5))
    (scores,) = hook.xmo_score(experience=experience, settings=Config(question="mood"))
    assert (scores["net"], scores["feeling.good"]) == (1000, 1000)
    (scores,) = hook.xmo_score(experience=experience, settings=Config())
    assert set(scores.values()) == {None}


def test_the_configured_cuts_become_tables(hook: Any, store: Callable[[Sequence[dict[str, Any]]], Reader]) -> None:
    rows = [{"person": "a", "channel": "mail", "step": 5}]
    (found,) = hook.xmo_figures(reader=store(rows), now=NOW, settings=Config(cuts=("channel",)))
    assert [table.name for table in found] == ["feeling_by_channel", "sla_by_feeling", "watermelon"]


def test_a_wrong_cut_fails_in_the_hook_itself_and_not_in_the_hands_of_the_core(
    hook: Any, store: Callable[[Sequence[dict[str, Any]]], Reader]
) -> None:
    with pytest.raises(ConfigError, match="'chanel'"):
        hook.xmo_figures(reader=store([]), now=NOW, settings=Config(cuts=("chanel",)))


def test_importing_the_plugin_brings_nothing_heavy() -> None:
    code = "import sys, xmo_insights.plugin; print({'scipy', 'numpy', 'marshmallow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
