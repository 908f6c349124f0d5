"""Channels in processes of their own: one that goes wrong is named, stops no other, and asks nobody twice."""

import signal
import time

import pytest

from tests.core.support import DAY, HOUR, NOW, Done, Place, install

WAYS = ["raises", "dies", "garbage", "sleeps", "none", "exits"]


@pytest.fixture
def two(place: Place) -> Place:
    """A place with two sources, one ticket resolved in each since the asking began; the questions of `corp` go through
    a channel."""
    install(place.folder, {"postbox": "tests.core.naughty_channel"}, "xmo-postbox")
    naughty(place)
    assert place.xmo("run", now=NOW - HOUR).code == 0
    for source in ("corp", "branch"):
        place.tickets(source, **{f"of_{source}": NOW - HOUR / 2})
    return place


def naughty(place: Place, how: str = "") -> None:
    budget = "3s" if how.endswith("sleeps") else "5m"
    more = '[http]\ntimeout = "1s"\nmax_wait = "0s"\n'
    more += f'[channels.post]\nkind = "postbox"\nfolder = "{place.folder}"\nnaughty = "{how}"\n'
    more += f'sources = ["corp"]\ntime_budget = "{budget}"\n'
    place.write(more, sources=("corp", "branch"))


def letters(place: Place) -> list[str]:
    file = place.folder / "letters.txt"
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def comments(place: Place, source: str) -> int:
    file = place.folder / source / "comments.txt"
    return len(file.read_text(encoding="utf-8").splitlines()) if file.exists() else 0


def states(place: Place) -> dict[str, str]:
    return dict(place.rows("SELECT source, state FROM invitation"))


def settled(place: Place) -> dict[str, str]:
    """Run until no question waits any more: what may be on its way is given its time."""
    deadline = time.monotonic() + 60
    while "claimed" in states(place).values():
        assert time.monotonic() < deadline, states(place)
        assert place.xmo("run").code == 0
    return states(place)


def named(done: Done) -> None:
    assert done.code == 1, done.err
    assert [line for line in done.err.splitlines() if line.startswith("post: The plugin")]
    assert "example.com" not in done.err + done.out


@pytest.mark.parametrize("how", WAYS)
def test_a_delivery_that_goes_wrong_is_named_and_asks_nobody_twice(two: Place, how: str) -> None:
    naughty(two, f"deliver:{how}")
    named(two.xmo("run"))
    assert (comments(two, "branch"), states(two)) == (1, {"corp": "uncertain", "branch": "sent"})
    naughty(two)
    assert two.xmo("run").code == 0
    assert (letters(two), comments(two, "corp")) == ([], 0)


@pytest.mark.parametrize("how", ["dies", "sleeps"])
def test_a_channel_that_is_given_up_costs_one_question_and_whom_it_does_not_reach_is_asked(
    two: Place, how: str
) -> None:
    two.tickets("corp", **dict.fromkeys(("a", "b", "c", "stranger", "stranger2"), NOW - HOUR / 2))
    naughty(two, f"deliver:{how}")
    named(two.xmo("run"))
    asked = dict(two.rows("SELECT key, state FROM invitation WHERE source = 'corp'"))
    assert [asked.pop(key) for key in ("stranger", "stranger2")] == ["sent", "sent"]
    assert sorted(asked.values()) == ["claimed", "claimed", "uncertain"]
    naughty(two)
    assert two.xmo("run").code == 0
    assert (len(letters(two)), comments(two, "corp")) == (2, 2)


@pytest.mark.parametrize("how", WAYS)
def test_a_channel_that_cannot_say_whom_it_reaches_is_named_and_its_questions_wait(two: Place, how: str) -> None:
    naughty(two, f"reaches:{how}")
    named(two.xmo("run"))
    assert (comments(two, "branch"), states(two)) == (1, {"corp": "claimed", "branch": "sent"})
    naughty(two)
    assert settled(two) == {"corp": "sent", "branch": "sent"}
    assert len(letters(two)) == 1


@pytest.mark.parametrize("how", WAYS)
def test_a_check_of_a_channel_that_goes_wrong_is_a_finding_beside_the_others(two: Place, how: str) -> None:
    naughty(two, f"check:{how}")
    done = two.xmo("check")
    assert done.code == 1
    assert "✗ The plugin" in done.out.partition("post\n")[2]
    assert done.out.count("rows.") == 2


def test_a_check_names_sources_and_channels_and_takes_the_names_of_both(two: Place) -> None:
    done = two.xmo("check")
    assert (done.code, "The box is empty." in done.out, "2 sources, 1 channel." in done.out) == (0, True, True)
    alone = two.xmo("check", "post")
    assert (alone.code, "The box is empty." in alone.out, "rows." in alone.out) == (0, True, False)
    assert "The box is empty." not in two.xmo("check", "corp").out
    wrong = two.xmo("check", "pots")
    assert (wrong.code, "pots" in wrong.err) == (2, True)


def test_a_sync_makes_no_channel(two: Place) -> None:
    naughty(two, "deliver:dies")
    assert two.xmo("sync").code == 0


@pytest.mark.parametrize(
    ("point", "state", "delivered"),
    [("attempt.stored", "uncertain", 0), ("question.sent", "uncertain", 1), ("invitation.settled", "sent", 1)],
)
def test_a_run_that_is_killed_while_it_delivers_asks_nobody_twice(
    two: Place, point: str, state: str, delivered: int
) -> None:
    two.tickets("branch")
    (two.folder / "kill.txt").write_text(point, encoding="utf-8")
    with two.start("run") as killed:
        assert killed.wait(60) == -signal.SIGKILL
    (two.folder / "kill.txt").unlink()
    assert settled(two)["corp"] == state
    assert len(letters(two)) == delivered
    assert two.xmo("run", now=NOW + DAY).code == 0
    assert (len(letters(two)), comments(two, "corp")) == (delivered, 0)
