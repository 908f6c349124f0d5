"""The line: fetch, decide, ask, score. One pass is one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from xmo_core import asking, invitations, scoring, sending, sync
from xmo_core.carrying import Carriers
from xmo_core.channels import Open, opened
from xmo_core.connected import Connected, Scope, connected
from xmo_core.draining import drain, hearing
from xmo_core.logs import get as get_log
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.store.lease import ASKING, TERM, Lease, LeaseHeldError, claim
from xmo_core.store.runs import Run
from xmo_core.store.turns import claim_in_turn
from xmo_hooks import ConfigError, XmoError

if TYPE_CHECKING:
    from xmo_core.http import Wait

log = get_log("xmo.line")


class Waits:
    """Tells whoever looks on what a source waits for, and keeps it for the run's history."""

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self.run: Run | None = None

    def __call__(self, wait: Wait) -> None:
        """Called when a wait begins; the short ones between two requests are no news."""
        if wait.seconds <= 1:
            return
        if self.run is not None:
            self.run.wait(f"{wait.source}: {wait.reason}", wait.seconds)
        if self._progress is not None:
            self._progress.waiting(wait.source, wait.until, wait.reason)


@contextmanager
def at_work(
    office: Office, names: Sequence[str], command: str, *more: str, progress: Progress | None = None
) -> Iterator[tuple[Run, Mapping[str, Lease], Mapping[str, Connected], Mapping[str, Open]]]:
    """Make the sources, and for a run that asks the channels; hold the leases of the sources and those named besides,
    and keep the row of a run."""
    waits = Waits(progress)
    with (
        connected(office, names, waits) as sources,
        opened(office, office.config.channels if ASKING in more else (), waits) as channels,
        leased(office, [*map(sync.lease_of, names), *more]) as leases,
        running(office, command) as run,
    ):
        waits.run = run
        if progress is not None:
            progress.begin(sources)
        yield run, leases, sources, channels


def chosen(office: Office, only: Sequence[str]) -> list[str]:
    """Return the sources to work on: those named, each once, else all."""
    if unknown := [name for name in only if name not in office.config.sources]:
        known = ", ".join(office.config.sources) or "none"
        raise ConfigError(f"There is no source {', '.join(unknown)} in the config.", hint=f"Its sources are: {known}.")
    return list(dict.fromkeys(only) or office.config.sources)


@contextmanager
def leased(office: Office, names: Sequence[str], spare: Sequence[str] = ()) -> Iterator[dict[str, Lease]]:
    """Hold all these leases or none; another run that holds one ends this with exit code 75. Of the `spare` ones those
    that nobody holds."""
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
            held[name] = claim_in_turn(office.store, name, office.wall)
        for name in spare:
            try:
                held[name] = claim(office.store, name, office.wall)
            except LeaseHeldError as error:
                log.info("left to the run that is at work", reason=str(error))
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


def sync_only(office: Office, only: Sequence[str], scope: Scope, progress: Progress) -> Run:
    """Fetch from the sources, and ask nobody."""
    with at_work(office, chosen(office, only), "sync", progress=progress) as (run, leases, sources, _):
        sync.sync_all(office, run, leases, sources, scope, progress)
    return run


def run_line(office: Office, progress: Progress) -> Run:
    """Run the whole line once."""
    names = chosen(office, ())
    with at_work(office, names, "run", ASKING, progress=progress) as (run, leases, sources, channels):
        begins = asking.switch_on(office)
        sync.sync_all(office, run, leases, sources, Scope(), progress)
        if begins and (ends := asking.ended_before(office)):  # else an admin would look for the questions about them
            run.count("asking", ended_before=ends)
        drain(office, run, leases, {name: sources[name] for name in hearing(office, sources) if name not in run.errors})
        # what could not be fetched may be open again by now: nobody is asked about it
        fresh = {name: source for name, source in sources.items() if name not in run.errors}
        invitations.tidy(office, leases[ASKING], run)
        asking.decide(office, run, leases[ASKING], list(fresh))
        sending.send(office, run, leases[ASKING], Carriers(office, fresh, channels))
        scoring.score(office, run, leases[ASKING])
        name_broken(office, run)
    return run


def name_broken(office: Office, run: Run) -> None:
    """Note which plugins raised. Called at the end of each run that asks them."""
    for broken in office.registry.failures:
        run.fail(broken.name, f"{broken.hook} failed {broken.times} times: {broken.reason}")


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
    with at_work(office, chosen(office, only), "quarantine replay") as (run, leases, sources, _):
        for name, source in sources.items():
            with sync.noted(run, name):
                sync.replay(office, run, leases[sync.lease_of(name)], name, source)
    return run
