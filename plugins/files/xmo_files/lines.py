"""The lines of a file, each with its bytes: unpacked, and decoded one by one, so that one broken line breaks no other.

What a line takes in bytes is what a cursor counts in, whatever the encoding.
"""

import codecs
import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# Python's names for encodings that expect a mark at the beginning; where there is none, this is meant
_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_CHUNK = 1 << 16
LONGEST = 1 << 20  # bytes of a line; what is longer is cut there, so that memory is bounded


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its break: `whole` unless the file ends without one, `clean` unless its bytes are no such text."""

    text: str
    raw: bytes
    whole: bool
    clean: bool


@dataclass(frozen=True, slots=True)
class Script:
    """How a file is written: its encoding, what breaks its lines, and the bytes of the mark before its text."""

    encoding: str
    newline: bytes
    mark: int


def unpacked(path: Path) -> BinaryIO:
    """Open a file, through gzip where its first bytes say so. Raises `ValueError` for a workbook or another archive."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _ZIP:
        raise ValueError("is a workbook or an archive: save it as CSV")
    return cast("BinaryIO", gzip.open(path, "rb")) if magic.startswith(_GZIP) else path.open("rb")


def script(start: bytes, encoding: str) -> Script:
    """Tell from its first bytes how a file is written. A mark at the beginning is believed before `encoding`."""
    encoding, size = _WITHOUT_MARK.get(encoding.lower(), encoding), 0
    for mark, named in _BOMS:
        if start.startswith(mark):
            encoding, size = named, len(mark)
            break
    feed, back = "\n".encode(encoding), "\r".encode(encoding)
    only_back = _next(start[size:], feed, 0) < 0 <= _next(start[size:], back, 0)  # as old Macs write
    return Script(encoding, back if only_back else feed, size)


def lines(stream: BinaryIO, written: Script) -> Iterator[Line]:
    """Yield the lines from where the stream stands, which must be the beginning of one."""
    newline, rest = written.newline, b""
    while chunk := stream.read(_CHUNK):
        rest += chunk
        begin = 0
        while (at := _next(rest, newline, begin)) >= 0:
            end = at + len(newline)
            yield _line(rest[begin:end], written.encoding, whole=True)
            begin = end
        rest = rest[begin:]
        if len(rest) > LONGEST:
            yield _line(rest[:LONGEST], written.encoding, whole=True)
            rest = rest[LONGEST:]
    if rest:
        yield _line(rest, written.encoding, whole=False)


def _next(text: bytes, newline: bytes, begin: int) -> int:
    """Find the next line break that lies at the beginning of a character, or return -1."""
    at = text.find(newline, begin)
    while at >= 0 and at % len(newline):
        at = text.find(newline, at + 1)
    return at


def _line(raw: bytes, encoding: str, *, whole: bool) -> Line:
    try:
        return Line(raw.decode(encoding), raw, whole, clean=True)
    except UnicodeDecodeError:
        return Line(raw.decode(encoding, "replace"), raw, whole, clean=False)


def unpacked_size(path: Path) -> int:
    """Return the bytes of a file unpacked; of a packed one as its end tells, which is too few for one of several parts
    (RFC 1952, ISIZE)."""
    with path.open("rb") as file:
        packed, size = file.read(2) == _GZIP, file.seek(0, os.SEEK_END)
        if not packed or size < 4:
            return size
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")
