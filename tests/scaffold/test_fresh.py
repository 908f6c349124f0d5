"""What `xmo new-plugin` writes passes in a fresh environment, where XMO was installed from its wheel."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from tests.conftest import Need
from xmo_scaffold.names import Type

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
CHECKS = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",), ("python", "-m", "pytest", "-q"))


def _done(*command: str | Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=False)


def _call(*command: str | Path, folder: Path) -> str:
    done = _done(*command, folder=folder)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, need: Need) -> Iterator[Path]:
    """A folder with an environment `venv`, into which the wheel was installed with what a plugin's tests need, in the
    versions of the lock; and with the wheel in `dist`."""
    need(UV.exists(), "uv is not installed: run `make .venv/ready`")
    folder = tmp_path_factory.mktemp("fresh")
    _call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist", folder=ROOT)
    _call(UV, "venv", "--quiet", "--python", sys.executable, folder / "venv", folder=folder)
    pins = re.findall(r"^(\S+==\S+)", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    (folder / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
    wheel = next((folder / "dist").glob("*.whl"))
    done = _install(folder, f"xmo-core[testing] @ {wheel.as_uri()}", "mypy", "ruff", "types-requests")
    need(done.returncode == 0, f"the packages of the lock can neither be fetched nor are in the cache: {done.stderr}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MYPY_CACHE_DIR", str(folder / "mypy"))  # the libraries are read once
        yield folder


def _install(folder: Path, *what: str | Path) -> "subprocess.CompletedProcess[str]":
    pinned = ("--constraint", folder / "pins.txt", "--find-links", folder / "dist")
    return _done(UV, "pip", "install", "--quiet", "--python", folder / "venv", *pinned, *what, folder=folder)


@pytest.mark.slow
@pytest.mark.parametrize("type_", get_args(Type))
def test_what_is_written_passes_in_a_fresh_environment(type_: str, fresh: Path) -> None:
    programs = fresh / "venv" / "bin"
    name = f"fresh_{type_}"
    _call(programs / "xmo", "new-plugin", name, "--type", type_, folder=fresh)
    plugin = fresh / f"xmo-fresh-{type_}"
    installed = _install(fresh, "--editable", f"{plugin}[test]")
    assert installed.returncode == 0, installed.stderr
    for words in CHECKS:
        said = _call(programs / words[0], *words[1:], folder=plugin)
    assert re.search(r"\d+ passed", said)
    assert f"{name} 0.1.0" in _call(programs / "xmo", "plugins", folder=fresh)
    assert str(ROOT) not in _call(programs / "python", "-c", "import xmo_core; print(xmo_core.__file__)", folder=fresh)
