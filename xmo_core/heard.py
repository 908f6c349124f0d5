"""A run over what webhooks named: fetched as it is now, decided on and asked about at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from xmo_core import asking, invitations, line, sending, sync
from xmo_core.carrying import Carriers
from xmo_core.channels import Open, opened
from xmo_core.connected import Connected, connected
from xmo_core.draining import drain, hearing
from xmo_core.office import Office
from xmo_core.progress import Progress
from xmo_core.store import rings
from xmo_core.store.lease import ASKING, Lease
from xmo_core.store.runs import Run
from xmo_core.store.turns import HEARD

_AT_ONCE = 1000  # problems in one condition


def run_heard(office: Office, progress: Progress) -> Run | None:
    """Fetch the tickets that are due in the queue, and ask about them; None where there are none, or where other runs
    hold their sources. Nothing else is decided on: other tickets may have changed since they were fetched."""
    names = rings.due(office.store, hearing(office, office.config.sources), office.wall())
    if not names:
        return None
    office.close()  # the processes of the sources are made before the store is opened
    waits = line.Waits(progress)
    with (
        connected(office, names, waits) as sources,
        opened(office, office.config.channels, waits) as channels,
        _free(office, sources) as (leases, free),
    ):
        if not free:
            return None
        with line.running(office, "heard") as run:
            waits.run = run
            progress.begin(free)
            _work(office, run, leases, free, channels)
    return run


@contextmanager
def _free(
    office: Office, sources: Mapping[str, Connected]
) -> Iterator[tuple[Mapping[str, Lease], Mapping[str, Connected]]]:
    """Hold the leases of those sources that no other run holds, and put off what is rung for of the others."""
    with line.leased(office, [HEARD, ASKING], [sync.lease_of(name) for name in sources]) as leases:
        free = {name: source for name, source in sources.items() if sync.lease_of(name) in leases}
        if held := [name for name in sources if name not in free]:
            rings.put_off(office.store, held, office.wall())
        yield leases, free


def _work(
    office: Office,
    run: Run,
    leases: Mapping[str, Lease],
    sources: Mapping[str, Connected],
    channels: Mapping[str, Open],
) -> None:
    problems = drain(office, run, leases, sources)
    invitations.tidy(office, leases[ASKING], run)
    for start in range(0, len(problems), _AT_ONCE):
        asking.decide(office, run, leases[ASKING], list(sources), problems[start : start + _AT_ONCE])
    sending.send(office, run, leases[ASKING], Carriers(office, sources, channels), set(problems))
    line.name_broken(office, run)
