"""What processes take: CPU, peak memory, wall time. A process that fails ends the benchmark."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Event, Thread

ROOT = Path(__file__).parents[1]
TIMES = 5
_LOOK = 0.2  # seconds between two looks at the memory of a tree of processes; each costs a millisecond a process
Command = Sequence[str | Path]


@dataclass(frozen=True)
class Cost:
    """What some processes took: CPU seconds (user and system), their peak memory in MB, and seconds by the clock."""

    cpu: float
    peak: float
    wall: float


def cost(command: Command, cwd: Path, environ: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end and return what it took, with its children."""
    return chain([command], cwd, environ)


def chain(commands: Sequence[Command], cwd: Path, environ: Mapping[str, str] | None = None) -> Cost:
    """Run commands side by side, each one reading what the one before writes, and return what they took together: of
    memory the largest sum at one moment, children included."""
    # as on a user's machine: there the byte code of what is imported is kept
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env = {**known, **(environ or {})}
    started, processes = time.perf_counter(), list[subprocess.Popen[bytes]]()
    with TemporaryFile() as errors:
        for command in commands:
            read = processes[-1].stdout if processes else None
            written = subprocess.DEVNULL if command is commands[-1] else subprocess.PIPE
            stdin = read or subprocess.DEVNULL
            processes.append(subprocess.Popen(command, cwd=cwd, env=env, stdin=stdin, stdout=written, stderr=errors))
            if read:
                read.close()  # else the one that writes would never learn that nobody reads any more
        with _watched([process.pid for process in processes]) as peaks:
            used = [os.wait4(process.pid, 0) for process in processes]
        wall = time.perf_counter() - started
        if any(status for _, status, _ in used):
            errors.seek(0)
            sys.exit(f"{' '.join(map(str, commands[0]))} failed:\n{errors.read().decode()[-2000:]}")
    kilobyte = 1024 if sys.platform == "darwin" else 1
    largest = max(each.ru_maxrss / 1024 / kilobyte for _, _, each in used)
    return Cost(sum(each.ru_utime + each.ru_stime for _, _, each in used), max(largest, *peaks), wall)


def least(command: Command, cwd: Path) -> Cost:
    """Run a short command some times and return the cheapest: what else the machine does only adds."""
    return min((cost(command, cwd) for _ in range(TIMES)), key=lambda one: one.cpu)


def expect(count: int, file: Path, table: str) -> None:
    """End the benchmark where a store does not hold so many rows: what was not loaded was not measured."""
    with closing(sqlite3.connect(file)) as store:
        (loaded,) = store.execute(f"SELECT count(*) FROM {table}").fetchone()
    if loaded != count:
        sys.exit(f"{file.name} holds {loaded} of {count} rows of {table}.")


@contextmanager
def served(vendor: str, *arguments: str) -> Iterator[str]:
    """Serve tickets of a vendor from a process of their own, and yield the address."""
    command = [sys.executable, "-m", f"benchmarks.served.{vendor}", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


@contextmanager
def _watched(pids: Sequence[int]) -> Iterator[list[float]]:
    """Yield a list that holds the largest memory in MB of these processes and all their children, once it is left."""
    peaks, done = [0.0], Event()

    def watch() -> None:
        before = 0.0
        while not done.wait(_LOOK):
            now = sum(_held(pid) for pid in _tree(pids))
            # for the moment until it becomes another program, a child shows the memory of its parent once more
            peaks[0], before = max(peaks[0], min(before, now)), now

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        done.set()
        watcher.join()


def _tree(pids: Sequence[int]) -> Iterator[int]:
    for pid in pids:
        yield pid
        yield from _tree(_children(pid))


def _children(pid: int) -> list[int]:
    try:
        told = [file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):  # it has just ended
        return []
    return [int(child) for text in told for child in text.split()]


def _held(pid: int) -> float:
    """Return what a process holds in MB; of what it shares with others, its part (PSS): summed, memory counts once."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("Pss:")), 0.0)
