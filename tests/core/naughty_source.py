"""A plugin for tests whose source misbehaves as its option `naughty` says: METHOD:HOW."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from marshmallow import fields

from tests.core.folder_source import Folder, FolderSchema, xmo_compose, xmo_decide, xmo_score
from xmo_hooks import Kind, Tools, hookimpl

__all__ = ["xmo_compose", "xmo_decide", "xmo_score"]


class NaughtySchema(FolderSchema):
    naughty = fields.String(load_default="")


def _raise() -> object:
    raise LookupError("ann@example.com was not found")


def _loop() -> object:
    while True:
        pass


def _sleep() -> object:
    time.sleep(3600)
    return None


def _die() -> object:
    os.kill(os.getpid(), signal.SIGKILL)
    return None


HOW: dict[str, Callable[[], object]] = {
    "raises": _raise,
    "loops": _loop,
    "sleeps": _sleep,
    "dies": _die,
    "leaves": lambda: os._exit(3),
    "exits": lambda: (_ for _ in ()).throw(SystemExit(4)).__next__(),
    "garbage": lambda: {"no": object()},
    "pages of garbage": lambda: iter([{"no": object()}]),
    "rows of garbage": lambda: [{"key": object()}],
    "none": lambda: None,
}


class Naughty(Folder):
    def __init__(self, options: dict[str, Any], tools: Tools) -> None:
        super().__init__(options, tools)
        method, _, how = options["naughty"].partition(":")
        if method:
            setattr(self, method, lambda *_: HOW[how]())

    def gone(self, keys: Sequence[str]) -> Iterable[str]:
        return []


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    can = frozenset({"comment", "gone"})
    return [Kind(name="naughty", schema=NaughtySchema, make=Naughty, can=can)]
