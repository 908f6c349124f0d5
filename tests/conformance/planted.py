"""Runs the kit over planted faults: `python -m tests.conformance.planted FOLDER NAME…`.

What every run needs is imported once; each run is then a fork of this process, and so takes a third less time. The
plugins themselves are not imported here: each fork imports its own copy, with the fault in it.
"""

import importlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.conformance.mutant import Mutant
from tests.conformance.mutants import MUTANTS

ROOT = Path(__file__).parents[2]
AT_ONCE = 2
_NEEDED = (
    "aiosmtpd.smtp",
    "flask",
    "marshmallow",
    "pysnow",
    "requests",
    "sqlalchemy",
    "werkzeug.serving",
    "xmo_core.testing",
)


def report(folder: Path, mutant: Mutant) -> Path:
    """Return the file that the run over a mutant writes."""
    return folder / mutant.name.replace(" ", "-") / "report.txt"


def planted(folder: Path, mutant: Mutant) -> Path:
    """Plant the fault in a copy of its plugin, and return the folder of the copy."""
    source, place = ROOT / "plugins" / "/".join(mutant.file.split("/")[:2]), report(folder, mutant).parent
    shutil.copytree(source, place / source.name)
    file = place / mutant.file.partition("/")[2]
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise SystemExit(f"{mutant.old!r} stands {text.count(mutant.old)} times in {mutant.file}")
    file.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    return place


def run(folder: Path, mutant: Mutant) -> int:
    """Fork, and run the kit over the mutant there; returns the number of the process."""
    place = planted(folder, mutant)
    if (child := os.fork()) != 0:
        return child
    with report(folder, mutant).open("w", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.path.insert(0, str(place))
        suite = str(ROOT / "tests" / "conformance" / mutant.suite)
        options = ["-q", "--tb=short", "-p", "no:cacheprovider", f"--basetemp={place}/tmp", f"--rootdir={ROOT}", suite]
        ended = pytest.main(options)
        sys.stdout.flush()
    os._exit(int(ended))


def main(folder: Path, names: list[str]) -> None:
    """Run the kit over each of the named mutants, two at a time."""
    for module in _NEEDED:
        importlib.import_module(module)
    by_name, running = {mutant.name: mutant for mutant in MUTANTS}, set[int]()
    for name in names:
        running.add(run(folder, by_name[name]))
        if len(running) == AT_ONCE:
            running.discard(os.wait()[0])
    while running:
        running.discard(os.wait()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
