"""Where in the config's text each key stands, so that a mistake can be told with its line."""

import re

_PART = r"""(?:"[^"\n]*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_PARTS = re.compile(_PART)
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_NAME})\s*\]")
_KEY = re.compile(rf"\s*({_NAME})\s*=")


class Places:
    """The lines of the keys of a TOML text. A key that is written in an unusual way has the line of its table."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        inside = False  # of a string of several lines, where what looks like a key is text
        for number, line in enumerate(text.split("\n"), start=1):
            if not inside and (header := _HEADER.match(line)):
                table = _path(header[1])
                self._lines.setdefault(table, number)
            elif not inside and (key := _KEY.match(line)):
                self._lines.setdefault((*table, *_path(key[1])), number)
            inside ^= (line.count('"""') + line.count("'''")) % 2 == 1

    def line(self, path: tuple[str, ...]) -> int | None:
        """Return the line of the key, else of the nearest table around it, else None."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)


def _path(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PARTS.findall(name))
