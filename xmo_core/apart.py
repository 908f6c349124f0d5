"""A source or a channel in a process of its own: whatever its plugin does, the line goes on, and it can be ended.

A plugin that dies, hangs or loops is given up and named. It is forked off before there is a thread or an open database;
from then on, messages go through one pipe. When the line's process dies, however it dies, this one ends at once: a
question must not go out that the next run cannot know of.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import xmo_hooks
from xmo_core.channels import ChannelHere
from xmo_core.connected import Here, Read, Scope
from xmo_core.registry import ContractBrokenError, contract_kept, place_of
from xmo_hooks import XmoError

if TYPE_CHECKING:
    from datetime import timedelta
    from multiprocessing.connection import Connection

    from xmo_core.http import Wait
    from xmo_core.office import Office
    from xmo_core.store.rows import Asking, Rows
    from xmo_hooks import Contact, Estimate, Finding, Json, Message, Occasion, Receipt, Row, Ticket

    OnWait = Callable[[Wait], None]
    Make = Callable[[OnWait], Here | ChannelHere]

_fork = get_context("fork")
_GRACE = 15.0  # seconds
_FACTS = (
    "hint",
    "field",
    "key",
    "until",
    "reason",
    "reached",
)  # what errors of the contract carry beside their message
_TOLD = {error for error in vars(xmo_hooks).values() if isinstance(error, type) and issubclass(error, XmoError)}


class GivenUpError(ContractBrokenError):
    """The process of a plugin died or was ended: until the next run, its source or channel is out."""


class Process:
    """The front of what is at work in another process: made there by `make`, which is handed what tells a wait."""

    _pipes: ClassVar[set[Connection]] = set()  # our ends of all: a new process must not keep them open, too

    def __init__(self, make: Make, name: str, budget: timedelta, on_wait: OnWait) -> None:
        self._name, self._budget, self._on_wait = name, budget, on_wait
        self._pipe, theirs = _fork.Pipe()
        self._pipes.add(self._pipe)
        self._given_up: GivenUpError | None = None
        gc.freeze()  # what is there already stays shared between the processes
        self._process = _fork.Process(
            target=_work, args=(make, theirs, [*self._pipes]), name=f"plugin of {name}", daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, what: str, *args: Any) -> Any:
        """Have it do something, and return what comes of it."""
        self._tell(what, *args)
        return self._hear(what)[1]

    def _tell(self, what: str, *args: Any) -> None:
        if self._given_up:  # whatever is asked of it now, is asked of nobody
            raise GivenUpError(str(self._given_up), hint=self._given_up.hint, reached=False)
        try:
            self._pipe.send((what, args))
        except OSError:
            died = self._died(what)
            died.reached = False  # it was dead before it could hear of this
            raise died from None

    def _hear(self, what: str) -> tuple[str, Any]:
        """Wait for what it says next, as long as one step may take; what it waits for by agreement does not count."""
        until = monotonic() + self._budget.total_seconds()
        while True:
            try:
                if not self._pipe.poll(max(0.0, until - monotonic())):
                    raise self._late(what)
                kind, value = self._pipe.recv()
            except (EOFError, OSError):
                raise self._died(what) from None
            if kind == "failed":
                raise _error(*value)
            if kind != "wait":
                return kind, value
            until += value.seconds
            self._on_wait(value)

    def _late(self, what: str) -> GivenUpError:
        hint = f"If {self._name} is that slow, set its time_budget; else tell the maker of its plugin."
        took = f"longer than {self._budget.total_seconds():.0f} seconds"
        return self._give_up(f"The plugin was at `{what}` for {took}, and was ended.", hint)

    def _died(self, what: str) -> GivenUpError:
        self._process.join(1)
        code = self._process.exitcode
        how = signal.Signals(-code).name if code and code < 0 else f"exit code {code}"
        return self._give_up(f"The plugin's process ended at `{what}` ({how}).", "Tell the maker of the plugin.")

    def _give_up(self, reason: str, hint: str = "") -> GivenUpError:
        self.end()
        self._given_up = GivenUpError(reason, hint=hint)
        return self._given_up

    def end(self) -> None:
        """Have the process end by itself, which it does at once, but for a token that is being renewed: of that one the
        vendor has forgotten the predecessor. One that cannot is killed."""
        self._pipes.discard(self._pipe)
        self._pipe.close()
        self._process.join(_GRACE)
        self._process.kill()
        self._process.join()


class Apart(Process):
    """The front of a source that is at work in another process; see `Connected` for its methods."""

    def __init__(self, office: Office, name: str, on_wait: OnWait) -> None:
        super().__init__(partial(Here, office, name), name, office.config.sources[name].time_budget, on_wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def check(self) -> tuple[list[Finding], float | None]:
        """See `Connected`."""
        found: tuple[list[Finding], float | None] = self.ask("check")
        return found

    def count(self, scope: Scope, stored: Json) -> Estimate | None:
        """See `Connected`."""
        estimate: Estimate | None = self.ask("count", scope, stored)
        return estimate

    def pages(self, scope: Scope, stored: Json, asking: Asking) -> Iterator[Read]:
        """See `Connected`."""
        self._tell("pages", scope, stored, asking)
        ended = False
        try:
            while True:
                kind, read = self._hear("fetch")
                if ended := kind == "done":
                    return
                yield read
        finally:
            if not ended:  # what it has not told yet would be taken for the answer to the next question
                self._give_up("The fetch was broken off.")

    def parse(self, raws: Sequence[Row], asking: Asking) -> Rows:
        """See `Connected`."""
        rows: Rows = self.ask("parse", raws, asking)
        return rows

    def fetch_some(self, keys: Sequence[str], asking: Asking) -> Rows:
        """See `Connected`."""
        rows: Rows = self.ask("fetch_some", keys, asking)
        return rows

    def contacts(self, keys: Sequence[str]) -> dict[str, Contact]:
        """See `Connected`."""
        found: dict[str, Contact] = self.ask("contacts", keys)
        return found

    def gone(self, keys: Sequence[str]) -> set[str]:
        """See `Connected`."""
        gone: set[str] = self.ask("gone", keys)
        return gone

    def find(self, ticket: Ticket, marker: str) -> Receipt | None:
        """See `Connected`."""
        receipt: Receipt | None = self.ask("find", ticket, marker)
        return receipt

    def comment(self, ticket: Ticket, message: Message) -> Receipt:
        """See `Connected`."""
        receipt: Receipt = self.ask("comment", ticket, message)
        return receipt


class ChannelApart:
    """The front of a channel that is at work in two other processes: one delivers, and may come to grief; the other one
    still says whom the channel reaches, so that all others are asked elsewhere. See `Open` for its methods."""

    def __init__(self, office: Office, name: str, on_wait: OnWait) -> None:
        make, budget = partial(ChannelHere, office, name), office.config.channels[name].time_budget
        self._reaching = Process(make, name, budget, on_wait)
        self._delivering = Process(make, name, budget, on_wait)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in (self._reaching, self._delivering):
            process.end()

    def check(self) -> list[Finding]:
        """See `Open`."""
        found: list[Finding] = self._delivering.ask("check")
        return found

    def reaches(self, to: Contact, occasion: Occasion) -> bool:
        """See `Open`."""
        reached: bool = self._reaching.ask("reaches", to, occasion)
        return reached

    def deliver(self, to: Contact, message: Message) -> Receipt:
        """See `Open`."""
        receipt: Receipt = self._delivering.ask("deliver", to, message)
        return receipt


def _error(type_: type[XmoError], args: tuple[Any, ...], facts: dict[str, Any]) -> XmoError:
    """Make an error anew; those that take more than a message cannot be pickled as they are."""
    error = type_.__new__(type_, *args)
    error.args = args
    vars(error).update(facts)
    return error


def _plain(error: XmoError) -> tuple[type[XmoError], tuple[str, ...], dict[str, Any]]:
    """Take of an error what the contract knows: what a plugin adds to its own may not fit through the pipe."""
    kind = next(type_ for type_ in type(error).__mro__ if type_ in _TOLD or type_ is ContractBrokenError)
    return kind, tuple(map(str, error.args)), {fact: vars(error)[fact] for fact in _FACTS if fact in vars(error)}


def _work(make: Make, pipe: Connection, inherited: Sequence[Connection]) -> None:
    """Do what is asked, until the other side is gone. This is the main function of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the line's, which then lets us go
    for other in inherited:
        other.close()
    asked: SimpleQueue[tuple[str, tuple[Any, ...]]] = SimpleQueue()
    lock = Lock()

    def listen() -> None:
        with suppress(EOFError, OSError):
            while True:
                asked.put(pipe.recv())
        here.renewing.acquire(timeout=_GRACE)
        os._exit(0)

    def say(kind: str, value: Any = None) -> None:
        with lock:
            pipe.send((kind, value))

    here = make(lambda wait: say("wait", wait))
    Thread(target=listen, daemon=True, name="line").start()
    import_module("xmo_core.http")  # a fifth of a second, in which the line opens its store
    while True:
        what, args = asked.get()
        try:
            with contract_kept():
                if what == "pages":
                    for read in cast("Here", here).pages(*args):
                        say("page", read)
                    say("done")
                else:
                    say("done", getattr(here, what)(*args))
        except XmoError as error:
            say("failed", _plain(error))
        except SystemExit as error:
            say("failed", _plain(ContractBrokenError(f"The plugin failed: {place_of(error)}.")))
