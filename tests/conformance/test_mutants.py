"""The kit is sharp: each fault planted in a copy of a stock plugin is caught by exactly the test that names it."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xmo_core.testing as kit
from tests.conformance.mail_mutants import CHANNELS
from tests.conformance.mutant import Mutant
from tests.conformance.mutants import MUTANTS
from tests.conformance.planted import ROOT, report

_FAILED = re.compile(r"^(?:FAILED|ERROR) \S+::(\w+)", re.MULTILINE)
_LED = re.compile(r"^SKIPPED \[(\d+)\] \S+ See (\w+)", re.MULTILINE)  # those that a skip leads to, and how often
_PASSED, _SKIPPED = re.compile(r"(\d+) passed"), re.compile(r"(\d+) skipped")


@pytest.fixture(scope="session")
def reports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the kit over each mutant that is asked for."""
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    asked = [spec.params["mutant"].name for spec in specs if spec is not None and "mutant" in spec.params]
    folder = tmp_path_factory.mktemp("mutants")
    command = [sys.executable, "-m", "tests.conformance.planted", str(folder), *asked]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_planted_fault_is_caught_by_the_test_that_names_it(mutant: Mutant, reports: Path) -> None:
    told = report(reports, mutant).read_text(encoding="utf-8")
    assert set(_FAILED.findall(told)) == {mutant.caught}, told[-6000:]
    # and all others of the class ran: what has nothing to look at without the broken part may be skipped
    passed, skipped = (sum(map(int, count.findall(told))) for count in (_PASSED, _SKIPPED))
    led_there = sum(int(number) for number, test in _LED.findall(told) if test == mutant.caught)
    assert passed > skipped - led_there, told
    assert passed + skipped >= len(_behaviours(mutant.suite)) - 1, told


def _behaviours(suite: str) -> list[str]:
    module, _, name = suite.partition(".py::")
    kits = vars(importlib.import_module(f"tests.conformance.{module}"))
    return [test for test in dir(kits[name]) if test.startswith("test_")]


def test_the_place_of_each_fault_stands_once_in_its_plugin() -> None:
    texts = {mutant: (ROOT / "plugins" / mutant.file).read_text(encoding="utf-8") for mutant in MUTANTS}
    assert [mutant.name for mutant, text in texts.items() if text.count(mutant.old) != 1] == []


def test_each_behaviour_of_the_kit_has_a_fault_that_it_catches() -> None:
    kits = (kit.SourceTests, kit.TriggerTests, kit.ScoreTests, kit.WordsTests)
    of_others = [mutant for mutant in MUTANTS if mutant not in CHANNELS]
    for tested, planted in ((kits, of_others), ((kit.ChannelTests,), CHANNELS)):
        tests = {name for each in tested for name in dir(each) if name.startswith("test_")}
        assert tests == {mutant.caught for mutant in planted}


def test_no_two_mutants_have_the_same_name() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
