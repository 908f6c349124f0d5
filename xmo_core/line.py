"""The line: fetch, decide, ask, score. One pass is one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from random import Random
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from xmo_core import asking, scoring, sending, sync
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.store.lease import ASKING, TERM, Lease, LeaseHeldError, claim
from xmo_core.store.runs import Run
from xmo_hooks import ConfigError, Grant, Source, Tools, XmoError

if TYPE_CHECKING:
    from requests.auth import AuthBase

    from xmo_core.http import Session, Wait

log = get_log("xmo.line")


def connect(
    office: Office, names: Sequence[str], run: Run | None = None, progress: Progress | None = None
) -> dict[str, Source]:
    """Make the sources, each with a session of its own that tells how long it waits. Nothing is sent yet."""

    def waiting(wait: Wait) -> None:
        if run is not None:
            run.wait(f"{wait.source}: {wait.reason}", wait.seconds)
        if progress is not None:
            progress.waiting(wait.source, wait.until, wait.reason)

    return {name: connect_one(office, name, waiting)[0] for name in names}


def connect_one(office: Office, name: str, on_wait: Callable[[Wait], None], **instead: Any) -> tuple[Source, Session]:
    """Make one source and its session; `instead` are options of `[http]` that are not to be the config's."""
    from xmo_core.http import Session

    config, log = office.config.sources[name], get_log("xmo.source").bind(source=name)
    session = Session(
        name=name,
        options=replace(office.config.http, **instead),
        requests_per_minute=config.requests_per_minute,
        limits=config.limits,
        now=office.wall,
        log=log,
        on_wait=on_wait,
        random=Random(),  # noqa: S311 - jitter, no secret
    )

    def oauth(grant: Grant) -> AuthBase:
        from xmo_core.oauth import OAuth

        return OAuth(grant, session, office.store, name, office.wall)

    return config.kind.make(config.options, Tools(session=session, now=office.now, log=log, oauth=oauth)), session


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
    done = Event()

    def keep() -> None:
        # a long step must not cost the leases of the others; one that is lost is found out when it is written under
        while not done.wait(TERM.total_seconds() / 4):
            for lease in list(held.values()):
                with suppress(XmoError), lease.writing():
                    pass

    keeper = Thread(target=keep, daemon=True, name="leases")
    keeper.start()
    try:
        for name in names:
            held[name] = claim(office.store, name, office.wall)
        yield held
    finally:
        done.set()
        keeper.join()
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
        # the message of an error that is not ours may quote a person's data
        run.fail(command, str(error) if isinstance(error, XmoError) else type(error).__name__)
        raise
    finally:
        run.finish()


def sync_only(office: Office, only: Sequence[str], scope: sync.Scope, progress: Progress) -> Run:
    """Fetch from the sources, and ask nobody."""
    names = chosen(office, only)
    with leased(office, [*map(sync.lease_of, names)]) as leases, running(office, "sync") as run:
        sync.sync_all(office, run, leases, connect(office, names, run, progress), scope, progress)
    return run


def run_line(office: Office, progress: Progress) -> Run:
    """Run the whole line once."""
    names = chosen(office, ())
    with leased(office, [*map(sync.lease_of, names), ASKING]) as leases, running(office, "run") as run:
        asking.switch_on(office)
        sources = connect(office, names, run, progress)
        sync.sync_all(office, run, leases, sources, sync.Scope(), progress)
        # what could not be fetched may be open again by now: nobody is asked about it
        fresh = {name: source for name, source in sources.items() if name not in run.errors}
        able = {name: source for name, source in fresh.items() if "comment" in office.config.sources[name].kind.can}
        sending.tidy(office, leases[ASKING], run)
        asking.decide(office, run, leases[ASKING], list(fresh), able)
        sending.send(office, run, leases[ASKING], able)
        scoring.score(office, run, leases[ASKING])
        for broken in office.registry.failures:
            run.fail(broken.name, f"{broken.hook} failed {broken.times} times: {broken.reason}")
    return run


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
    with leased(office, [*map(sync.lease_of, names)]) as leases, running(office, "quarantine replay") as run:
        for name, source in connect(office, names, run).items():
            with sync.noted(run, name):
                sync.replay(office, run, leases[sync.lease_of(name)], name, source)
    return run
