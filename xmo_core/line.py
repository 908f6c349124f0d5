"""The line: fetch, decide, ask, score. One pass is one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from xmo_core import asking, scoring, sending, sync
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.store.lease import Lease, LeaseHeldError, claim
from xmo_core.store.runs import Run
from xmo_hooks import ConfigError, Source, Tools

if TYPE_CHECKING:
    from requests import Session

    from xmo_core.http import Wait

log = get_log("xmo.line")
ASKING = "asking"


@dataclass(frozen=True, slots=True)
class Connection:
    """A source that is ready to work, and the session under it."""

    source: Source
    session: Session


def connect(
    office: Office, names: Sequence[str], run: Run | None = None, progress: Progress | None = None
) -> dict[str, Connection]:
    """Make the sources, each with a session of its own. Nothing is sent yet."""
    from xmo_core.http import make_session

    connections = {}
    for name in names:
        config = office.config.sources[name]
        log = get_log("xmo.source").bind(source=name)

        def waiting(wait: Wait) -> None:
            if run is not None:
                run.wait(f"{wait.source}: {wait.reason}", wait.seconds)
            if progress is not None:
                progress.waiting(wait.source, wait.until, wait.reason)

        session = make_session(
            name=name,
            options=office.config.http,
            requests_per_minute=config.requests_per_minute,
            now=office.wall,
            log=log,
            on_wait=waiting,
            random=Random(),  # noqa: S311 - jitter, no secret
        )
        tools = Tools(session=session, now=office.now, log=log)
        connections[name] = Connection(config.kind.make(config.options, tools), session)
    return connections


def chosen(office: Office, only: Sequence[str]) -> list[str]:
    """Return the sources to work on: those named, each once, else all."""
    if unknown := [name for name in only if name not in office.config.sources]:
        known = ", ".join(office.config.sources) or "none"
        raise ConfigError(f"There is no source {', '.join(unknown)} in the config.", hint=f"Its sources are: {known}.")
    return list(dict.fromkeys(only) or office.config.sources)


@contextmanager
def leased(office: Office, names: Sequence[str]) -> Iterator[dict[str, Lease]]:
    """Hold all these leases or none; another run that holds one ends this with exit code 75."""
    held: dict[str, Lease] = {}
    try:
        for name in names:
            held[name] = claim(office.store, name, office.wall)
        yield held
    finally:
        with office.store.writing() as connection:
            for lease in held.values():
                lease.release(connection)


@contextmanager
def running(office: Office, command: str) -> Iterator[Run]:
    """Keep the row of a run, closed whatever happens."""
    run = Run(office.store, command, office.now(), office.wall)
    try:
        yield run
    except BaseException as error:
        run.fail(command, str(error) or type(error).__name__)
        raise
    finally:
        run.finish()


def sync_only(office: Office, only: Sequence[str], scope: sync.Scope, progress: Progress) -> Run:
    """Fetch from the sources, and ask nobody."""
    names = chosen(office, only)
    with leased(office, [_sync(name) for name in names]) as leases, running(office, "sync") as run:
        _sync_all(office, run, leases, names, scope, progress)
    return run


def run_line(office: Office, progress: Progress) -> Run:
    """Run the whole line once."""
    names = chosen(office, ())
    with leased(office, [*map(_sync, names), ASKING]) as leases, running(office, "run") as run:
        asking.switch_on(office)
        connections = _sync_all(office, run, leases, names, sync.Scope(), progress)
        _ask(office, run, leases[ASKING], connections)
        scoring.score(office, run, leases[ASKING])
        for broken in office.registry.failures:
            run.fail(broken.name, f"{broken.hook} failed {broken.times} times: {broken.reason}")
    return run


def _ask(office: Office, run: Run, lease: Lease, connections: Mapping[str, Connection]) -> None:
    """Decide and send, for the sources that can carry a question."""
    able = {
        name: connection.source
        for name, connection in connections.items()
        if "comment" in office.config.sources[name].kind.can
    }
    sending.tidy(office, lease, run)
    asking.decide(office, run, lease)
    sending.send(office, run, lease, able)


def score_only(office: Office) -> None:
    """Score what has been answered since the last run, so that a report is up to date. Where a run is at work, it is
    left to it."""
    try:
        with leased(office, [ASKING]) as leases, running(office, "score") as run:
            scoring.score(office, run, leases[ASKING])
    except LeaseHeldError as error:
        log.info("scoring left to the run that is at work", reason=str(error))


def replay(office: Office, only: Sequence[str]) -> Run:
    """Bring in quarantined rows."""
    names = chosen(office, only)
    with leased(office, [_sync(name) for name in names]) as leases, running(office, "quarantine replay") as run:
        connections = connect(office, names, run)
        for name in names:
            sync.replay(office, run, leases[_sync(name)], name, connections[name].source)
    return run


def _sync_all(
    office: Office, run: Run, leases: Mapping[str, Lease], names: Sequence[str], scope: sync.Scope, progress: Progress
) -> dict[str, Connection]:
    connections = connect(office, names, run, progress)
    sources = {name: connection.source for name, connection in connections.items()}
    sync.sync_all(office, run, {name: leases[_sync(name)] for name in names}, sources, scope, progress)
    return connections


def _sync(name: str) -> str:
    return f"sync {name}"
