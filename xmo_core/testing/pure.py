"""Watching what a function uses besides its arguments: clocks, chance, files, the network, the environment."""

import builtins
import gc
import io
import os
import random
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import dropwhile
from types import FrameType
from typing import Any

_CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"}
_IMPURE: dict[Any, str] = {
    **{getattr(time, name): f"the clock (time.{name})" for name in _CLOCKS},
    time.sleep: "a sleep",
    io.open: "a file",
    builtins.open: "a file",
    os.open: "a file",
    os.urandom: "chance (os.urandom)",
}
_NOW = {"now", "utcnow", "today"}
_ENVIRONMENT = {type(os.environ).__getitem__.__code__}
_NETWORK = {socket.socket.__init__.__code__, socket.getaddrinfo.__code__}
_KIT = "xmo_core.testing."


@contextmanager
def watched() -> Iterator[list[str]]:
    """Watch this thread: the list names what was used, each with the place; the network first, for whoever asks it
    looks at clocks and files on the way."""
    seen: list[str] = []

    def look(frame: FrameType, event: str, arg: Any) -> None:
        what = _called(arg) if event == "c_call" else _entered(frame) if event == "call" else ""
        if what:
            seen.append(f"{what} in {_place(frame)}")

    before, collecting = sys.getprofile(), gc.isenabled()
    gc.disable()  # what is collected on the way may do what it likes
    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
        seen.sort(key=lambda one: not one.startswith("the network"))


def _called(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, date) and function.__name__ in _NOW:
        return f"the clock ({owner.__name__}.{function.__name__})"
    if isinstance(owner, random.Random):
        return "chance (random)"
    if isinstance(owner, socket.socket):
        return "the network"  # by a connection that stands already
    return _IMPURE.get(function, "") if owner is None or hasattr(owner, "__name__") else ""


def _entered(frame: FrameType) -> str:
    if frame.f_code in _ENVIRONMENT:
        return "the environment"
    return "the network" if frame.f_code in _NETWORK else ""


def _place(frame: FrameType) -> str:
    """Name the innermost place in the package of whoever the kit has called: a library below it is not to be mended."""
    frames = list(_up(frame))
    called = dropwhile(_of_kit, dropwhile(lambda one: not _of_kit(one), reversed(frames)))
    package = _package(next(called, frame))
    own = next(one for one in frames if _package(one) == package)
    return f"{own.f_code.co_name}, {own.f_code.co_filename}:{own.f_lineno}"


def _up(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _of_kit(frame: FrameType) -> bool:
    return _module(frame).startswith(_KIT)


def _package(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))
