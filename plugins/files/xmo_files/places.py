"""Which files there are: below a folder, by a pattern, or one by its name."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xmo_hooks import Unavailable

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")
JSON_LINES = (".jsonl", ".ndjson")
_PATTERN = re.compile(r"[*?\[]")
_HINT = "Look at `url` of this source: relative paths start where the config lies."


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One file as it was when it was looked for: its name below the source's place, its bytes, and its time of change
    in nanoseconds since 1970."""

    name: str
    path: Path
    size: int
    changed: int

    @property
    def changed_at(self) -> datetime:
        """When the file was written last."""
        return datetime.fromtimestamp(self.changed // 1_000_000_000, UTC)

    @property
    def is_json(self) -> bool:
        """Whether each line is an object, by the file's name."""
        return _bare(self.name).endswith(JSON_LINES)


def found(place: str) -> list[Found]:
    """List the files of a place, in order of their names, numbers in them as numbers. Raises `Unavailable` where the
    folder, or the one file that was named, is not there."""
    path = Path(place)
    try:
        base, paths = _paths(path)
        files = [_found(base, one) for one in paths if _is_meant(one)]
    except OSError as error:
        raise Unavailable(f"{error.filename or path} cannot be read: {error.strerror}.", hint=_HINT) from None
    return sorted(
        files, key=lambda one: [int(part) if part.isascii() and part.isdecimal() else part for part in _parts(one.name)]
    )


def _paths(path: Path) -> tuple[Path, Iterator[Path]]:
    if path.is_dir():
        return path, (one for one in path.iterdir() if _bare(one.name).endswith(SUFFIXES))
    if path.is_file():
        return path.parent, iter([path])
    parts = path.parts
    fixed = next((number for number, part in enumerate(parts) if _PATTERN.search(part)), None)
    if fixed is None:
        raise Unavailable(f"There is no file or folder {path}.", hint=_HINT)
    base = Path(*parts[:fixed])
    if not base.is_dir():
        raise Unavailable(f"There is no folder {base}.", hint=_HINT)
    return base, base.glob(str(Path(*parts[fixed:])))


def _is_meant(path: Path) -> bool:
    # what editors and spreadsheets put beside an open file begins with one of these
    return path.is_file() and not path.name.startswith((".", "~"))


def _found(base: Path, path: Path) -> Found:
    about, name = path.stat(), path.relative_to(base).as_posix()
    # a name that is not UTF-8 fits into no cursor and no message: its bytes are spelled out
    name = os.fsencode(name).decode("utf-8", "backslashreplace")
    return Found(name=name, path=path, size=about.st_size, changed=about.st_mtime_ns)


def _bare(name: str) -> str:
    return name.lower().removesuffix(".gz")


def _parts(name: str) -> list[str]:
    return re.split(r"([0-9]+)", name)
