"""The real `xmo` command in processes of its own, which end when the demo ends."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryFile
from types import FrameType
from typing import IO, NoReturn

from xmo_hooks import XmoError

_PATIENCE = 5  # seconds that a process may take to end


class Listener:
    """A process that listens, `xmo serve` or `xmo sandbox`; made by `Xmo.listening`."""

    def __init__(self, words: Sequence[str], process: subprocess.Popen[str], errors: IO[bytes]) -> None:
        self._words, self._process, self._errors = words, process, errors

    def ready(self) -> str:
        """Wait until it listens, and return the URL that it names. Raises `XmoError` where it ends before."""
        found = re.search(r"http://[^\s/]+", self.line())
        if found is None:
            self._process.wait()
            self._errors.seek(0)
            raise _failed(self._words, self._process.returncode, self._errors.read().decode(errors="replace"))
        return found[0]

    def line(self) -> str:
        """Return the next line that it prints, "" when it has ended."""
        return self._process.stdout.readline() if self._process.stdout else ""

    def options(self) -> str:
        """Read the options of the source that a sandbox prints below its URL, between two empty lines."""
        self.line()
        return "".join(takewhile(str.strip, iter(self.line, "")))


class Xmo:
    """The command with one config."""

    def __init__(self, config: Path) -> None:
        self._config = config

    def run(self, *words: str, now: datetime, shown: bool = False) -> str:
        """Run a command to its end and return what it printed; `shown`: it prints to our terminal instead.

        Raises `XmoError` with what it said where it fails.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            self._command(words, now),
            stdout=None if shown else subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _failed(words, done.returncode, done.stderr or done.stdout)
        return done.stdout or ""

    @contextmanager
    def listening(self, *words: str, now: datetime) -> Iterator[Listener]:
        """Start a command that listens; it is ended with the block, however that ends."""
        with TemporaryFile() as errors:  # no pipe: nobody would empty it
            command = self._command(words, now)
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process:  # noqa: S603 - ours
                try:
                    yield Listener(words, process, errors)
                finally:
                    _end(process)

    def _command(self, words: Sequence[str], now: datetime) -> list[str]:
        return [sys.executable, "-m", "xmo_core", "--config", str(self._config), "--now", now.isoformat(), *words]


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def _failed(words: Sequence[str], code: int, said: str) -> XmoError:
    return XmoError(f"`xmo {' '.join(words)}` failed with exit code {code}:\n{said.strip() or 'it said nothing.'}")


@contextmanager
def orderly() -> Iterator[None]:
    """Let SIGTERM end the demo as Ctrl-C does, so that its processes end too. For the main thread."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
