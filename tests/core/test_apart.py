"""Sources in processes of their own: whatever one of them does, it is named, and the others go on."""

import os
import pickle
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Lock
from unittest.mock import Mock

import pytest

from tests.core.support import DAY, HOUR, NOW, Done, Place, install
from xmo_core import registry
from xmo_core.apart import _error, _plain
from xmo_core.connected import connected
from xmo_core.http import Wait
from xmo_core.line import Waits
from xmo_core.office import open_office
from xmo_hooks import RateLimited

WAYS = ["raises", "dies", "garbage"]
SAYS = {
    "raises": "The plugin failed: LookupError in _raise",
    "loops": "for longer than 5 seconds, and was ended",
    "sleeps": "for longer than 5 seconds, and was ended",
    "dies": "process ended at `{}` (SIGKILL)",
    "leaves": "process ended at `{}` (exit code 3)",
    "exits": "The plugin failed: SystemExit in ",
    "garbage": "The plugin failed: ",
    "none": "The plugin failed: ",
    "pages of garbage": "The plugin failed: TypeError",
    "rows of garbage": "The plugin failed: ",
}


@pytest.fixture
def two(place: Place) -> Place:
    """A place with a second source, `corp`, which misbehaves as the test says."""
    install(place.folder, {"naughty": "tests.core.naughty_source"}, "xmo-naughty")
    naughty(place)
    return place


def naughty(place: Place, how: str = "") -> None:
    budget = "5s" if how.endswith(("loops", "sleeps")) else "5m"
    (place.folder / "corp").mkdir(exist_ok=True)
    more = f'[sources.corp]\nkind = "naughty"\nfolder = "{place.folder / "corp"}"\n'
    more += f'naughty = "{how}"\ntime_budget = "{budget}"\n'
    place.write(more, sources=("branch",))
    if not (place.folder / "corp" / "tickets.json").exists():
        place.tickets("corp")


def comments(place: Place, source: str) -> int:
    file = place.folder / source / "comments.txt"
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0


def started(place: Place) -> None:
    """Switch the asking on, and have one ticket resolved in each source since."""
    naughty(place)
    assert place.xmo("run", now=NOW - HOUR).code == 0
    for source in ("corp", "branch"):
        place.tickets(source, **{f"of_{source}": NOW - HOUR / 2})


def named(done: Done, how: str, step: str) -> None:
    assert done.code == 1, done.err
    (line,) = [line for line in done.err.splitlines() if line.startswith("corp: ")]
    assert SAYS[how].format(step) in line
    assert "ann@example.com" not in done.err + done.out


@pytest.mark.parametrize("how", [*WAYS, "loops", "sleeps", "leaves", "exits", "none", "pages of garbage"])
def test_a_fetch_that_goes_wrong_is_named_and_the_other_source_is_asked_about(two: Place, how: str) -> None:
    started(two)
    naughty(two, f"fetch:{how}")
    named(two.xmo("run"), how, "fetch")
    assert (comments(two, "corp"), comments(two, "branch")) == (0, 1)
    naughty(two)
    assert two.xmo("run").code == 0
    assert (comments(two, "corp"), comments(two, "branch")) == (1, 1)


@pytest.mark.parametrize("how", [*WAYS, "none"])
def test_a_parse_that_goes_wrong_is_named_and_nothing_is_lost(two: Place, how: str) -> None:
    started(two)
    naughty(two, f"parse:{how}")
    named(two.xmo("run"), how, "fetch")
    naughty(two)
    assert two.xmo("run").code == 0
    assert two.rows("SELECT count(*) FROM ticket") == [(2,)]


@pytest.mark.parametrize("how", ["raises", "dies", "none"])
def test_a_sweep_that_goes_wrong_is_named(two: Place, how: str) -> None:
    two.tickets("corp", a=NOW - DAY)
    naughty(two, f"gone:{how}")
    named(two.xmo("sync"), how, "gone")


@pytest.mark.parametrize(
    ("method", "how"), [*(("find", how) for how in WAYS), *(("comment", how) for how in [*WAYS, "sleeps", "none"])]
)
def test_an_asking_that_goes_wrong_asks_nobody_twice(two: Place, method: str, how: str) -> None:
    started(two)
    naughty(two, f"{method}:{how}")
    named(two.xmo("run"), how, method)
    assert (comments(two, "corp"), comments(two, "branch")) == (0, 1)
    naughty(two)
    assert two.xmo("run", now=NOW + HOUR).code == 0
    state = two.rows(
        "SELECT state, outcome FROM invitation LEFT JOIN attempt ON invitation = invitation.id WHERE source = 'corp'"
    )
    # what may have reached the vendor is not repeated before it must be over
    found = [("sent", "not sent"), ("sent", "sent")]
    assert sorted(state) == ([("claimed", "unknown")] if method == "comment" else found)


@pytest.mark.parametrize("how", [*WAYS, "rows of garbage"])
def test_a_replay_that_goes_wrong_is_named_and_the_rows_stay(two: Place, how: str) -> None:
    two.tickets("corp", bad1=NOW - DAY)
    assert two.xmo("sync").code == 0
    naughty(two, f"fetch_some:{how}")
    named(two.xmo("quarantine", "replay"), how, "fetch_some")
    assert two.rows("SELECT key FROM quarantine") == [("bad1",)]


@pytest.mark.parametrize("how", [*WAYS, "sleeps", "none"])
def test_a_check_that_goes_wrong_is_a_finding_beside_those_of_the_others(two: Place, how: str) -> None:
    naughty(two, f"check:{how}")
    done = two.xmo("check")
    assert done.code == 1
    assert SAYS[how].format("check") in done.out
    assert "0 rows." in done.out


def test_what_a_source_waits_for_by_agreement_is_no_part_of_its_budget(two: Place) -> None:
    two.write(sources=("corp",))
    office = open_office(two.folder / "xmo.toml", NOW)
    with connected(office, ["corp"], Waits()) as sources:
        front = sources["corp"]
        assert front.check()[0]


def test_waits_between_two_requests_are_no_news_and_long_ones_are() -> None:
    waits, shown = Waits(), list[str]()
    waits.run = Mock(wait=lambda whom, _seconds: shown.append(whom))
    for seconds, reason in ((0.4, "paced"), (6.7, "paced"), (30, "rate limited")):
        waits(Wait(source="corp", seconds=seconds, until=NOW, reason=reason))
    assert shown == ["corp: paced", "corp: rate limited"]


def test_an_error_says_the_same_on_this_side(two: Place) -> None:
    until = datetime(2026, 3, 1, tzinfo=UTC)
    told = RateLimited("Later.", until=until, hint="Wait.")
    told.lock = Lock()  # type: ignore[attr-defined]  # what a plugin adds to its own stays there
    again = _error(*pickle.loads(pickle.dumps(_plain(told))))
    assert isinstance(again, RateLimited)
    assert (str(again), again.until, again.hint) == ("Later.", until, "Wait.")


@pytest.fixture
def held(two: Place) -> Iterator[tuple[socket.socket, int]]:
    """A run whose source is in the middle of a request: the other end of it, and the number of the run's process."""
    gate = two.folder / "corp" / "gate.txt"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        gate.write_text(str(listener.getsockname()[1]), encoding="utf-8")
        with two.start("run") as process:
            connection, _ = listener.accept()
            connection.settimeout(60)
            with connection:
                yield connection, process.pid
            process.kill()


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_when_the_run_is_killed_its_sources_end_with_it(held: tuple[socket.socket, int], by: signal.Signals) -> None:
    request, run = held
    os.kill(run, by)
    assert request.recv(1) == b""  # whoever held it is gone


def test_an_import_that_hangs_is_given_up_and_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    (place.folder / "hangs_on_import.py").write_text("while True:\n    pass\n", encoding="utf-8")
    (place.folder / "sleeps_on_import.py").write_text("import time\ntime.sleep(3600)\n", encoding="utf-8")
    install(place.folder, {"loops": "hangs_on_import", "sleeps": "sleeps_on_import"}, "xmo-slow")
    monkeypatch.setattr(registry, "IMPORT_SECONDS", 1)
    listed = place.xmo("plugins")
    assert listed.code == 1
    for name in ("loops", "sleeps"):
        assert f"✗ {name}: its import failed: it took longer than" in listed.out
    assert place.xmo("run").code == 0
