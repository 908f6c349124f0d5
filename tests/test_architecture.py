"""The house: what may import what, what lies where, and what is never kept."""

import ast
import fnmatch
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import xmo_hooks

ROOT = Path(__file__).parents[1]
IN_TYPES_ONLY = {"requests", "marshmallow", "_typeshed"}
TOP_LEVEL = {
    "benchmarks",
    "docs",
    "hooks",
    "plugins",
    "referee",
    "tests",
    "xmo_core",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
    "requirements.lock",
}
# Who served is never kept: nothing that is stored or analysed can rank them.
SERVED_BY = {"agent", "agent_id", "assigned_to", "assignee", "assignee_id", "caused_by", "closed_by", "handled_by"}
SERVED_BY |= {"owner", "resolved_by", "resolver", "served_by", "solver", "sys_updated_by", "technician", "worked_by"}


def _packages(root: Path) -> dict[str, Path]:
    return {
        folder.name: folder
        for place in (root, root / "hooks", *(root / "plugins").iterdir())
        for folder in place.glob("xmo_*")
        if folder.is_dir()
    }


def _imports(tree: ast.AST, in_types: bool = False) -> Iterator[tuple[str, bool]]:
    """Each imported top-level name, and whether only type checkers see it; also what is imported by its name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], in_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0], in_types
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("xmo_"):
            named = node.value.partition(".")[0].partition(":")[0]
            if isinstance(tree, ast.Call) and "import" in ast.unparse(tree.func):
                yield named, in_types
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            yield from _imports(ast.Module(node.body, []), in_types=True)
            yield from _imports(ast.Module(node.orelse, []), in_types)
        else:
            yield from _imports(node, in_types)


def _wrong(package: str, name: str, in_types: bool, house: set[str]) -> bool:
    if package == "xmo_hooks":
        allowed = name in sys.stdlib_module_names or name in {"pluggy", "xmo_hooks"}
        return not allowed and not (in_types and name in IN_TYPES_ONLY)
    return name in house and name not in {package, "xmo_hooks"}


def _offences(root: Path) -> list[str]:
    packages = _packages(root)
    return sorted(
        f"{path.relative_to(root)} imports {name}"
        for package, folder in packages.items()
        for path in folder.rglob("*.py")
        for name, in_types in set(_imports(ast.parse(path.read_text(encoding="utf-8"))))
        if _wrong(package, name, in_types, set(packages))
    )


def test_imports_run_one_way() -> None:
    assert _offences(ROOT) == []


@pytest.mark.parametrize(
    ("file", "line", "named"),
    [
        ("hooks/xmo_hooks/records.py", "import requests", "requests"),
        ("hooks/xmo_hooks/records.py", "from xmo_core import cli", "xmo_core"),
        ("hooks/xmo_hooks/records.py", "def later():\n    import sqlalchemy", "sqlalchemy"),
        ("xmo_core/__init__.py", "from xmo_servicenow import plugin", "xmo_servicenow"),
        ("xmo_core/__init__.py", "if TYPE_CHECKING:\n    import xmo_board", "xmo_board"),
        ("xmo_core/__init__.py", "importlib.import_module('xmo_surveys.plugin')", "xmo_surveys"),
        ("plugins/surveys/xmo_surveys/__init__.py", "from xmo_core.store import Store", "xmo_core"),
        ("plugins/insights/xmo_insights/__init__.py", "import xmo_board.charts", "xmo_board"),
    ],
)
def test_a_wrong_import_is_found(tmp_path: Path, file: str, line: str, named: str) -> None:
    for folder in _packages(ROOT).values():
        shutil.copytree(folder, tmp_path / folder.relative_to(ROOT), ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    assert _offences(tmp_path) == [f"{file} imports {named}"]


def test_the_contract_may_name_types_of_requests_in_types_only() -> None:
    code = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from requests import Session\nelse:\n    import flask"
    )
    assert set(_imports(ast.parse(code))) == {("typing", False), ("requests", True), ("flask", False)}


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _distributions(requirements: list[str]) -> set[str]:
    return {Requirement(each).name.lower().replace("_", "-") for each in requirements}


def declared() -> set[str]:
    """Every distribution that pyproject.toml names, tests and all."""
    project = _project()["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    return _distributions(project["dependencies"] + extras) - {project["name"]}


def _installed_by(names: set[str]) -> set[str]:
    """These distributions and all that they bring along."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        needed = [Requirement(each) for each in distribution(name).requires or []]
        brought = _distributions(
            [str(each) for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
        )
        waiting |= brought - found
    return found


def _third_party(folder: Path) -> set[str]:
    """The distributions that a package imports from, by the names that a requirement gives them."""
    house = set(_packages(ROOT))
    found = {
        name
        for path in folder.rglob("*.py")
        if "testing" not in path.relative_to(folder).parts
        for name, in_types in _imports(ast.parse(path.read_text(encoding="utf-8")))
        if not in_types and name not in house and name not in sys.stdlib_module_names
    }
    owners = packages_distributions()
    return {owners.get(name, [name])[0].lower().replace("_", "-") for name in found}


def test_the_core_imports_only_what_every_install_has() -> None:
    assert _third_party(ROOT / "xmo_core") <= _installed_by(_distributions(_project()["project"]["dependencies"]))


@pytest.mark.parametrize("package", sorted(set(_packages(ROOT)) - {"xmo_core", "xmo_hooks"}))
def test_a_plugin_imports_only_what_the_project_declares(package: str) -> None:
    project = _project()["project"]
    extras = [each for name, extra in project["optional-dependencies"].items() if name != "test" for each in extra]
    assert _third_party(_packages(ROOT)[package]) <= _installed_by(
        _distributions(project["dependencies"] + extras) - {project["name"]}
    )


def test_every_package_is_typed_and_every_other_folder_is_just_a_folder() -> None:
    packages = _packages(ROOT)
    assert {name for name, folder in packages.items() if not (folder / "py.typed").exists()} == set()
    assert {name for name, folder in packages.items() if not (folder / "__init__.py").exists()} == set()
    plain = [ROOT / "hooks", ROOT / "plugins", ROOT / "tests", ROOT / "docs", ROOT / "benchmarks"]
    plain += [folder for folder in (ROOT / "plugins").iterdir() if folder.is_dir()]
    assert [folder.name for folder in plain if (folder / "__init__.py").exists()] == []


def test_the_build_and_the_types_name_every_package_of_the_house() -> None:
    project, packages = _project(), _packages(ROOT)
    placed = {str(folder.relative_to(ROOT)) for folder in packages.values()}
    parents = {str(folder.parent.relative_to(ROOT)) for folder in packages.values()}
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == placed
    assert set(project["tool"]["hatch"]["build"]["dev-mode-dirs"]) == parents
    assert set(project["tool"]["mypy"]["mypy_path"]) == parents - {"."}


def test_the_top_level_is_the_house_and_nothing_else() -> None:
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    present = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and not any(fnmatch.fnmatch(path.name, pattern) for pattern in ignored)
    }
    assert present == TOP_LEVEL


def test_no_record_says_who_served() -> None:
    records = [each for each in vars(xmo_hooks).values() if isinstance(each, type) and hasattr(each, "__slots__")]
    names = {field.name for record in records if hasattr(record, "__dataclass_fields__") for field in fields(record)}
    assert "requester" in names
    assert names & SERVED_BY == set()


def test_no_table_says_who_served() -> None:
    from xmo_core.store import tables

    everything = next(each.metadata for each in vars(tables).values() if hasattr(each, "metadata"))
    columns = {column.name for table in everything.tables.values() for column in table.columns}
    assert "ticket" in everything.tables
    assert columns & SERVED_BY == set()


def test_no_source_asks_its_vendor_who_served() -> None:
    asked = {
        f"{path.relative_to(ROOT)}: {node.value}"
        for folder in (ROOT / "plugins").glob("*/xmo_*")
        for path in folder.rglob("*.py")
        if not any(part.startswith("sandbox") for part in path.relative_to(folder).parts)  # it has what the vendor has
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in SERVED_BY
    }
    # Jira's standard fields know no team: a hand-off is a change of the assignee, who is compared and never kept
    assert asked == {"plugins/jira/xmo_jira/fields.py: assignee"}


def test_a_run_without_a_terminal_starts_without_what_only_terminals_pages_and_reports_need() -> None:
    code = "import sys, xmo_core.commands.work, xmo_core.http\nprint(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"sqlalchemy", "structlog"} <= loaded
    assert loaded & {"alembic", "altair", "flask", "pygments", "rich", "scipy", "waitress"} == set()


def test_help_is_quick_because_no_plugin_and_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\nfrom xmo_core.cli import main\n"
        "sys.argv = ['xmo', '--help']\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    heavy = {"alembic", "altair", "flask", "marshmallow", "numpy", "pysnow", "requests", "scipy", "sqlalchemy"}
    assert loaded & (heavy | set(_packages(ROOT)) - {"xmo_core", "xmo_hooks"}) == set()
