"""What `xmo new-plugin` writes passes its own lint, types, format and tests as it is, whatever it is called."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from xmo_core import registry
from xmo_core.cli import cli
from xmo_hooks import CONTRACT
from xmo_scaffold.names import Type

BIN = Path(sys.executable).parent
TYPES = get_args(Type)
LONGEST = "a_very_long_name_of_some_desk2"
CHECKS = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
HOOKS = {
    "source": "xmo_sources",
    "channel": "xmo_channels",
    "trigger": "xmo_decide",
    "scores": "xmo_score",
    "words": "xmo_compose",
}


def written(folder: Path, type_: str, name: str = "acorn") -> Path:
    done = CliRunner().invoke(cli, ["new-plugin", name, "--type", type_, "--dir", str(folder)])
    assert done.exception is None
    assert "Next:" in done.output
    return folder / f"xmo-{name.replace('_', '-')}"


@pytest.fixture(scope="module", autouse=True)
def _one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Mypy reads the libraries once for all of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(tmp_path_factory.mktemp("mypy")))
        yield


def call(folder: Path, *words: str) -> tuple[int, str]:
    path = os.environ | {"PYTHONPATH": str(folder)}
    command = [str(BIN / words[0]), *words[1:]]
    done = subprocess.run(command, cwd=folder, env=path, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("type_", TYPES)
def test_lint_types_and_tests_pass_at_once(type_: str, tmp_path: Path) -> None:
    folder = written(tmp_path, type_)
    for words in (*CHECKS, ("python", "-m", "pytest", "-q")):
        code, said = call(folder, *words)
        assert code == 0, f"{words}\n{said}"
    assert " passed" in said


@pytest.mark.parametrize("name", ["a", LONGEST])
@pytest.mark.parametrize("type_", TYPES)
def test_lint_and_format_do_not_hang_on_the_name(type_: str, name: str, tmp_path: Path) -> None:
    folder = written(tmp_path, type_, name)
    for words in CHECKS[:2]:
        assert call(folder, *words)[0] == 0, call(folder, *words)[1]


@pytest.mark.parametrize("type_", TYPES)
def test_the_core_finds_the_plugin_by_its_entry_point(
    type_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = written(tmp_path, type_, f"found_{type_}")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    monkeypatch.syspath_prepend(str(folder))
    ((name, module),) = project["entry-points"]["xmo.plugins"].items()
    loaded = registry.load([EntryPoint(name, module, "xmo.plugins")])
    (plugin,) = loaded.plugins()
    assert (plugin.name, plugin.hooks) == (f"found_{type_}", [HOOKS[type_]])
    assert sys.modules[module].XMO_CONTRACT == CONTRACT


@pytest.mark.parametrize("type_", TYPES)
def test_every_distribution_is_complete(type_: str, tmp_path: Path) -> None:
    folder = written(tmp_path, type_)
    files = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    package = {"xmo_acorn/__init__.py", "xmo_acorn/plugin.py", "xmo_acorn/py.typed"}
    assert files >= package | {"pyproject.toml", "README.md", ".gitignore", "tests/test_plugin.py"}
    text = "".join((folder / file).read_text(encoding="utf-8") for file in files)
    assert "{{" not in text
    assert "{%" not in text
    assert "licence" in (folder / "README.md").read_text(encoding="utf-8")


FAULTS = {
    "source": (
        "return datetime.fromisoformat(row",
        "return datetime.now(UTC), row['id']\n    return datetime.fromisoformat(row",
    ),
    "channel": ('"text": message.text', '"text": message.text.lower()'),
    "trigger": ("until=monday", "until=now"),
    "scores": ("if parts else None", "if parts else 0"),
    "words": ('\\n\\n[{invitation.marker}]"', '"'),
}


@pytest.mark.parametrize("type_", TYPES)
def test_a_fault_in_what_was_written_is_found_by_its_tests(type_: str, tmp_path: Path) -> None:
    folder = written(tmp_path, type_)
    plugin = folder / "xmo_acorn" / "plugin.py"
    right, wrong = FAULTS[type_]
    text = plugin.read_text(encoding="utf-8")
    assert right in text
    plugin.write_text(text.replace(right, wrong), encoding="utf-8")
    code, said = call(folder, "python", "-m", "pytest", "-q", "-x")
    assert code == 1
    assert re.search(r"FAILED tests/test_plugin\.py::TestAcorn", said)


STAND_INS = {"source": ("desk.py", "PORT = 8200"), "channel": ("service.py", "PORT = 8300")}


@pytest.mark.parametrize("type_", STAND_INS)
def test_the_stand_in_can_be_run_and_asked(type_: str, tmp_path: Path) -> None:
    name, port = STAND_INS[type_]
    stand_in = written(tmp_path, type_) / "tests" / name
    text = stand_in.read_text(encoding="utf-8")
    assert port in text
    stand_in.write_text(text.replace(port, "PORT = 0"), encoding="utf-8")
    with subprocess.Popen([sys.executable, str(stand_in)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert "Acorn: http://127.0.0.1:" in process.stdout.readline()
        finally:
            process.kill()
