"""docs/write-a-plugin.md, as printed there: its scaffold, its files and its commands, and what they promise."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from typing import IO

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "write-a-plugin.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
((_, ADDED),) = re.findall(r"<!-- add: (\S+) -->\n```\w+\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CHANNEL = PAGE[PAGE.index("## A channel") : PAGE.index("## Whom to ask")]
PLUGIN = "xmo-acorn/xmo_acorn/plugin.py"
BIN = Path(sys.executable).parent


def _typed(page: str = PAGE) -> list[list[str]]:
    """What a reader types, line by line."""
    blocks = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def _call(folder: Path, *words: str) -> str:
    """Run a command of this environment, in which the plugin of the folder's parent is installed, too."""
    path = os.pathsep.join(str(place) for place in (folder, *folder.glob("xmo-*")))
    command = [str(BIN / words[0]), *words[1:]]
    environment = os.environ | {"PYTHONPATH": path, "MYPY_CACHE_DIR": os.devnull}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def _write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the page leads to: what the scaffold wrote, with the page's files in place of the scaffold's."""
    folder = tmp_path_factory.mktemp("guide")
    _call(folder, *_typed()[0])
    for name, text in FILES.items():
        assert (folder / name).exists() or name == "xmo.toml", f"{name} is no file of the scaffold"
        _write(folder, name, text)
    return folder


@pytest.fixture
def installed(written: Path, tmp_path: Path) -> Path:
    """A folder of its own for each test, with what `pip install` would leave in it."""
    shutil.copytree(written, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    _install(tmp_path, "xmo-acorn")
    return tmp_path


def _install(folder: Path, name: str) -> None:
    project = tomllib.loads((folder / name / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items())
        for group, named in project["entry-points"].items()
    ]
    info = folder / f"{name.replace('-', '_')}-0.1.0.dist-info"
    info.mkdir()
    _write(info, "METADATA", f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    _write(info, "entry_points.txt", "\n".join(points))


@contextmanager
def _desk(folder: Path) -> Iterator[tuple[IO[str], IO[str]]]:
    """The page's desk on a free port, to which the config then leads: what is typed and read at its terminal."""
    port = _free()
    for name in ("xmo-acorn/tests/desk.py", "xmo.toml"):
        _write(folder, name, FILES[name].replace("8200", port))
    with _running(folder / "xmo-acorn", _desk_words(), port) as terminal:
        yield terminal


@contextmanager
def _service(folder: Path) -> Iterator[IO[str]]:
    """The channel's service on a free port, to which the config then leads, too: what is read at its terminal."""
    port, script, config = _free(), folder / "xmo-bell" / "tests" / "service.py", folder / "xmo.toml"
    script.write_text(script.read_text(encoding="utf-8").replace("8300", port), encoding="utf-8")
    with config.open("a", encoding="utf-8") as file:
        file.write(f"\n{ADDED.replace('8300', port)}")
    words = next(words[1:] for words in _typed(CHANNEL) if words[0] == "python" and words[1] != "-m")
    with _running(folder / "xmo-bell", words, port) as (_, said):
        yield said


def _free() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


@contextmanager
def _running(folder: Path, words: list[str], port: str) -> Iterator[tuple[IO[str], IO[str]]]:
    quiet = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, *words], cwd=folder, text=True, **quiet) as process:  # type: ignore[call-overload]
        try:
            assert port in process.stdout.readline()
            yield process.stdin, process.stdout
        finally:
            process.kill()


def _desk_words() -> list[str]:
    return next(words[1:] for words in _typed() if words[0] == "python" and words[1] != "-m")


def test_the_first_command_is_the_scaffolds() -> None:
    assert _typed()[:2] == [["xmo", "new-plugin", "acorn"], ["cd", "xmo-acorn"]]


def test_the_plugin_of_the_page_passes_what_the_page_says(written: Path) -> None:
    start = _typed().index(["ruff", "check"])
    assert [words[0] for words in _typed()[start : start + 3]] == ["ruff", "mypy", "python"]
    for words in _typed()[start : start + 3]:
        said = _call(written / "xmo-acorn", *words)
    assert int(re.findall(r"(\d+) passed", said)[0]) > 45
    assert "failed" not in said


def test_the_kit_finds_a_fault_in_the_plugin_of_the_page(installed: Path) -> None:
    _write(installed, PLUGIN, FILES[PLUGIN].replace("told[name].astimezone(UTC)", "told[name].replace(tzinfo=UTC)"))
    with pytest.raises(AssertionError, match="FAILED"):
        _call(installed / "xmo-acorn", "python", "-m", "pytest", "-q", "-k", "utc")


def test_the_plugin_of_the_page_is_as_short_as_it_is_said_to_be() -> None:
    assert len([line for line in FILES[PLUGIN].splitlines() if line.strip()]) < 70


def test_what_the_page_shows_of_the_plugin_is_in_it() -> None:
    of_channel = _shown(CHANNEL)
    shown = [piece for piece in _shown(PAGE) if piece not in of_channel]
    assert shown
    assert all(piece in FILES[PLUGIN] for piece in shown)


def _shown(page: str) -> list[str]:
    return re.findall(r"(?<! -->\n)^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_lead_to_a_question(installed: Path) -> None:
    (installed / "xmo.toml").unlink()
    typed = [words for words in _typed(PAGE[: PAGE.index(CHANNEL)]) if words[0] == "xmo" and words[1] != "new-plugin"]
    assert typed.pop(0) == ["xmo", "init", "--kind", "acorn"]
    assert typed.pop() == ["xmo", "serve"]
    _call(installed, "xmo", "init", "--kind", "acorn")
    assert 'kind = "acorn"' in (installed / "xmo.toml").read_text(encoding="utf-8")
    with _desk(installed) as (keys, said):
        at = typed.index(["xmo", "run"]) + 1
        before = "".join(_call(installed, *words) for words in typed[:at])
        assert "acorn 0.1.0: xmo_sources" in before
        assert "Acorn Desk answers." in before
        keys.write("\n")
        keys.flush()
        assert "ended" in said.readline()
        listed = [_call(installed, *words) for words in typed[at:]]
        assert "A-1" in listed[-1]
        assert "A-2" in listed[-1]
        assert "Acorn users would like to know" in said.readline() + said.readline()


def test_the_channel_of_the_page_carries_the_questions(installed: Path) -> None:
    first, *typed = [words for words in _typed(CHANNEL) if words[0] == "xmo"]
    assert first == ["xmo", "new-plugin", "bell", "--type", "channel"]
    _call(installed, *first)
    _install(installed, "xmo-bell")
    plugin = (installed / "xmo-bell" / "xmo_bell" / "plugin.py").read_text(encoding="utf-8")
    assert _shown(CHANNEL)
    assert all(indent(piece, "    ") in plugin for piece in _shown(CHANNEL))
    (installed / "xmo.toml").unlink()
    _call(installed, "xmo", "init", "--kind", "acorn", "--kind", "bell")
    with _desk(installed) as (keys, desk), _service(installed) as heard:
        _call(installed, "xmo", "run")
        keys.write("\n")
        keys.flush()
        assert "ended" in desk.readline()
        assert "Bell answers." in "".join(_call(installed, *words) for words in typed)
        read = [heard.readline() for _ in range(5)]
        assert any("Acorn users would like to know" in line for line in read), read


def test_the_other_types_that_the_page_names_can_be_written(tmp_path: Path) -> None:
    others = [words for words in _typed() if words[:2] == ["xmo", "new-plugin"]][1:]
    assert {words[-1] for words in others} == {"channel", "trigger", "scores", "words"}
    for words in others:
        _call(tmp_path, *words)
    assert len(list(tmp_path.glob("xmo-*/*/plugin.py"))) == 4


def test_every_place_that_the_page_points_to_is_there() -> None:
    for target, anchor in re.findall(r"\]\(([\w.-]+\.md)#([\w-]+)\)", PAGE):
        headings = re.findall(r"^#+ (.+)$", (DOCS / target).read_text(encoding="utf-8"), re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}
        assert anchor in anchors, f"{target}#{anchor}"
