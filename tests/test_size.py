"""Small enough to be read: the bounds of the two packages that everything rests on, and of every module."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Lines that are not blank. A bound may be raised here, with its reason beside it.
BOUNDS = [
    ("hooks/xmo_hooks", "", 400),  # a contract is read in one sitting
    ("xmo_core", "testing", 3_000),  # the conformance kit is a tool of integrators, not of the engine
]
LONGEST_MODULE = 300


def _lines(path: Path) -> int:
    return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


@pytest.mark.parametrize(("folder", "without", "bound"), BOUNDS)
def test_what_everything_rests_on_stays_small(folder: str, without: str, bound: int) -> None:
    package = ROOT / folder
    files = [path for path in package.rglob("*.py") if without not in path.relative_to(package).parts]
    assert files
    assert sum(map(_lines, files)) < bound


def test_no_module_grows_past_what_one_reads_at_once() -> None:
    sources = [path for place in ("hooks", "xmo_core", "plugins") for path in (ROOT / place).rglob("*.py")]
    assert {str(path.relative_to(ROOT)): _lines(path) for path in sources if _lines(path) > LONGEST_MODULE} == {}
