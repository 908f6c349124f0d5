"""A plugin for tests: a channel that is a folder, and misbehaves as its option `naughty` says: METHOD:HOW.

`letters.txt` holds what was delivered. Where `kill.txt` names a checkpoint, the run's own process dies there.
"""

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields

from tests.core.naughty_source import HOW
from xmo_core.checkpoints import watch
from xmo_hooks import ChannelKind, Contact, Finding, Message, Occasion, Receipt, Tools, hookimpl


class PostboxSchema(Schema):
    folder = fields.String(required=True)
    naughty = fields.String(load_default="")


class Postbox:
    def __init__(self, options: dict[str, Any], _tools: Tools) -> None:
        self._folder = Path(options["folder"])
        method, _, how = options["naughty"].partition(":")
        if method:
            setattr(self, method, lambda *_: HOW[how]())

    def check(self) -> Iterable[Finding]:
        return [Finding(level="ok", text="The box is empty.")]

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        return to.email is not None and not to.email.startswith("stranger")

    def deliver(self, to: Contact, message: Message) -> Receipt:
        with (self._folder / "letters.txt").open("a", encoding="utf-8") as file:
            file.write(f"{to.email} {message.text}\n")
        return Receipt(reference="letter")


@hookimpl
def xmo_channels() -> Iterable[ChannelKind]:
    return [ChannelKind(name="postbox", schema=PostboxSchema, make=Postbox)]


@hookimpl
def xmo_sections() -> Iterable[Any]:
    kill = Path("kill.txt")
    if kill.exists():
        watch(lambda point: os.kill(os.getpid(), signal.SIGKILL) if point == kill.read_text("utf-8") else None)
    return []
