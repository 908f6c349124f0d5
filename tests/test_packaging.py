"""What is shipped: a wheel with everything that a package folder holds, which works where no checkout is near."""

import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import Need
from tests.test_architecture import declared

ROOT = Path(__file__).parents[1]


def _call(*command: str | Path, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, need: Need) -> Path:
    need(find_spec("hatchling") is not None, "hatchling is not installed")
    folder = tmp_path_factory.mktemp("dist")
    _call(sys.executable, "-m", "hatchling", "build", "-d", folder, folder=ROOT)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    return next(built.glob("*.whl"))


def _package_files() -> set[str]:
    """Every file below a package, as the wheel must name it."""
    packages = [path for path in (ROOT, ROOT / "hooks", *(ROOT / "plugins").iterdir()) if path.is_dir()]
    return {
        str(file.relative_to(place))
        for place in packages
        for package in place.glob("xmo_*")
        for file in package.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def test_the_wheel_holds_every_file_of_every_package_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == _package_files()
    assert {f"{name.split('/')[0]}/py.typed" for name in names} <= names


def test_what_is_no_python_travels_too(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("xmo_core/migrations/") for name in names)
    for package, kind in [("xmo_surveys", ".html"), ("xmo_surveys", ".css"), ("xmo_board", ".html.j2")]:
        assert any(name.startswith(f"{package}/") and name.endswith(kind) for name in names), f"{package}: {kind}"


def test_the_wheel_says_whose_licence_it_is_under_and_where_its_plugins_are(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    inside = {name.partition(".dist-info/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
    assert "License-Expression: Apache-2.0" in archive.read(inside["METADATA"]).decode()
    assert archive.read(inside["licenses/LICENSE"]) == (ROOT / "LICENSE").read_bytes()
    points = archive.read(inside["entry_points.txt"]).decode()
    assert "[xmo.plugins]" in points
    assert "xmo = xmo_core.cli:main" in points


def test_the_source_archive_holds_what_a_packager_needs_to_test_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "Makefile",
        "README.md",
        "requirements.lock",
        "tests/conftest.py",
        "docs/admin.md",
        "pyproject.toml",
    } <= names


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it, and this one's libraries beside it."""
    folder = tmp_path_factory.mktemp("installed")
    _call(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    python = folder / "venv" / "bin" / "python"
    install = ("install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps", wheel)
    _call(sys.executable, "-m", "pip", "--python", python, *install, folder=folder)
    libraries = next(place for place in sys.path if place.endswith("site-packages"))
    site = next((folder / "venv").glob("lib/python*/site-packages"))
    (site / "zz_libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    return folder


def test_the_installed_command_runs_from_the_wheel_alone(installed: Path) -> None:
    code = "import xmo_core, xmo_hooks, xmo_board, xmo_surveys; print(xmo_core.__file__, xmo_hooks.__file__)"
    places = _call(installed / "venv/bin/python", "-c", code, folder=installed)
    assert str(ROOT) not in places
    assert "Usage: xmo" in _call(installed / "venv/bin/xmo", "--help", folder=installed)
    plugins = _call(installed / "venv/bin/xmo", "plugins", folder=installed)
    for name in ("servicenow", "surveys", "insights", "board"):
        assert name in plugins


def test_the_lock_names_versions_and_hashes_but_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    pins = [line for line in lock.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pins) > 50
    assert all("==" in line and line.endswith("\\") for line in pins)


def test_the_lock_is_neither_behind_the_project_nor_ahead_of_it() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    asked_for = {block.split("==")[0] for block in blocks if "xmo-core (pyproject.toml)" in block}
    assert asked_for == declared(), "run `make lock`"
