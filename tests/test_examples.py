"""The files that admins copy: systemd finds nothing wrong with them, and their command lines run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Need

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
XMO = Path(sys.executable).with_name("xmo")


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """A copy of the examples whose paths lead into a folder with a config of no sources."""
    for file in EXAMPLES.iterdir():
        text = file.read_text(encoding="utf-8")
        text = text.replace("/opt/xmo/bin/xmo", str(XMO)).replace("/etc/xmo", str(tmp_path))
        text = text.replace("/var/lib/xmo", str(tmp_path))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    config = '[site]\nname = "Northwind IT"\nkey = { file = "xmo.key" }\n[store]\nurl = "sqlite:///xmo.db"\n'
    (tmp_path / "xmo.toml").write_text(config, encoding="utf-8")
    (tmp_path / "xmo.key").write_text("k" * 40, encoding="utf-8")
    (tmp_path / "xmo.key").chmod(0o600)
    return tmp_path


def test_the_examples_name_the_places_that_the_guide_names() -> None:
    assert {file.name for file in EXAMPLES.iterdir()} == {
        "crontab",
        "history-csat.toml",
        "history-uci.toml",
        "xmo-pages.service",
        "xmo.service",
        "xmo.timer",
    }
    for name in ("xmo.service", "xmo-pages.service", "crontab"):
        assert "/opt/xmo/bin/xmo --config /etc/xmo/xmo.toml" in (EXAMPLES / name).read_text(encoding="utf-8")


@pytest.fixture
def complaints(placed: Path, need: Need) -> Callable[[str], list[str]]:
    """What systemd says against one of our units."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        need(sys.platform != "linux", "systemd-analyze is not installed")
        pytest.skip("systemd is for Linux alone")

    def verify(unit: str) -> list[str]:
        done = subprocess.run([analyze, "verify", placed / unit], capture_output=True, text=True, check=False)
        return [line for line in done.stderr.splitlines() if re.search(r"\bxmo(-pages)?\.(service|timer)", line)]

    return verify


@pytest.mark.parametrize("unit", ["xmo.service", "xmo.timer", "xmo-pages.service"])
def test_systemd_finds_nothing_wrong(complaints: Callable[[str], list[str]], unit: str) -> None:
    assert complaints(unit) == []


def test_systemd_would_find_a_mistake(placed: Path, complaints: Callable[[str], list[str]]) -> None:
    with (placed / "xmo.service").open("a", encoding="utf-8") as unit:
        unit.write("ExecStrat=/bin/true\n")
    assert complaints("xmo.service") != []


def test_the_command_of_the_timer_runs(placed: Path) -> None:
    line = re.findall(r"^ExecStart=(.*)$", (placed / "xmo.service").read_text(encoding="utf-8"), re.MULTILINE)[0]
    done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    assert (placed / "xmo.db").exists()


def _crontab(placed: Path) -> list[str]:
    lines = (placed / "crontab").read_text(encoding="utf-8").splitlines()
    return [line.split(maxsplit=5)[5] for line in lines if line and not line.startswith("#")]


def _cron(line: str) -> str:
    """Run a line as cron does, and return what it would mail."""
    assert not re.search(r"(?<!\\)%", line), "cron would end the command there"
    done = subprocess.run(
        ["/bin/sh", "-c", line.replace(r"\%", "%")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath},
    )
    return done.stdout + done.stderr


def test_cron_mails_nothing_when_all_is_well(placed: Path) -> None:
    run, backup, status = _crontab(placed)
    assert [_cron(line) for line in (run, backup, status)] == ["", "", ""]
    (copy,) = placed.glob("backup-*.db")
    assert re.fullmatch(r"backup-\d{4}-\d\d-\d\d\.db", copy.name)


def test_cron_mails_when_a_run_failed_and_when_none_came(placed: Path) -> None:
    run, _, status = _crontab(placed)
    (placed / "xmo.toml").write_text("[site\n", encoding="utf-8")
    assert "xmo run failed" in _cron(run)
    assert "has not run" in _cron(status)
