"""The kit's own parts: what it needs, what it tells, what it watches."""

import random
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import docs.conformance
from docs import generate
from tests.conformance import acorn
from xmo_core.testing import Canned, ChannelTests, SourceTests, TriggerTests, WordsTests, made
from xmo_core.testing.damage import damaged, moved, undated
from xmo_core.testing.kept import Kept
from xmo_core.testing.pure import watched
from xmo_core.testing.sound import unsound
from xmo_core.testing.toml import table
from xmo_hooks import Contact, Invitation, Measurement, Native, Occasion, Ticket, Touchpoint

TICKET = Ticket(
    key="1",
    number="A-1",
    kind="incident",
    vendor_type="ticket",
    state="resolved",
    vendor_state="done",
    opened_at=datetime(2026, 3, 1, tzinfo=UTC),
    changed_at=datetime(2026, 3, 1, tzinfo=UTC),
)


def test_the_page_tells_what_is_tested() -> None:
    page = generate.CONFORMANCE.read_text(encoding="utf-8")
    assert generate.written(page, docs.conformance.page) == page, "make docs writes it anew"


def test_every_behaviour_says_why() -> None:
    kits = (SourceTests, ChannelTests)
    tests = {name: getattr(kit, name).__doc__ for kit in kits for name in dir(kit) if name.startswith("test_")}
    assert len(tests) > 60
    assert [name for name, why in tests.items() if not why or len(why) < 40] == []


def test_without_pytest_the_kit_says_what_to_install() -> None:
    code = (
        "import importlib.util\nfound = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'pytest' else found(name, *more)\n"
        "import xmo_core.testing"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'xmo-core[testing]'" in done.stderr


def test_the_core_itself_needs_no_pytest() -> None:
    code = "import sys, xmo_core.commands.work, xmo_core.http; print('pytest' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_class_without_a_desk_is_told_to_write_one() -> None:
    with pytest.raises(pytest.UsageError, match="def desk"):
        SourceTests().desk()


def test_a_class_that_names_no_plugin_is_told_to_name_one(tmp_path: Path) -> None:
    class Nameless(SourceTests):
        pass

    with ExitStack() as stack, pytest.raises(pytest.UsageError, match="Set `plugin` of Nameless"):
        Nameless().bench_for(Canned([]), stack, tmp_path)


def test_a_desk_that_does_not_run_is_told(tmp_path: Path) -> None:
    class Asleep(SourceTests):
        kind = "servicenow"

    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with ExitStack() as stack, pytest.raises(pytest.UsageError, match=f"returned {url}, and nothing listens there"):
        Asleep().bench_for(url, stack, tmp_path)


def test_the_reply_with_most_parameters_wins() -> None:
    told: list[str] = []
    canned = Canned([("GET", "/t", "all"), ("GET", "/t?a=1", "one"), ("GET", "/t?a=1&b=", "both")])
    for query in ("", "a=1", "b=&a=1&c=3", "a=2"):
        (body,) = canned({"REQUEST_METHOD": "GET", "PATH_INFO": "/t", "QUERY_STRING": query}, lambda *_: None)  # type: ignore[arg-type]
        told.append(body.decode())
    assert told == ['"all"', '"one"', '"both"', '"all"']


@pytest.mark.parametrize(
    ("use", "named"),
    [
        (lambda: datetime.now(UTC), "the clock"),
        (time.time, "the clock"),
        (lambda: random.choice("ab"), "chance"),
        (lambda: Path(__file__).read_text(), "a file"),
        (lambda: __import__("socket").socket().close(), "the network"),
        (lambda: __import__("os").environ.get("HOME"), "the environment"),
    ],
)
def test_what_is_used_besides_the_arguments_is_seen(use: Any, named: str) -> None:
    with watched() as seen:
        use()
    assert any(one.startswith(named) for one in seen)


def test_what_is_pure_is_left_in_peace() -> None:
    with watched() as seen:
        sorted(datetime.fromisoformat("2026-03-01T00:00:00+00:00").isoformat())
    assert seen == []


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("key", 1, "Ticket.key is 1"),
        ("reopens", True, "Ticket.reopens is True"),
        ("state", "gone", "Ticket.state"),
        ("number", "", "empty"),
    ],
)
def test_an_unsound_record_is_named(field: str, value: Any, told: str) -> None:
    values = {name: getattr(TICKET, name) for name in Ticket.__dataclass_fields__}
    assert unsound(TICKET) == ""
    assert told in unsound(Ticket(**{**values, field: value}))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("value", True, "Measurement.value is True"),
        ("name", "", "Measurement.name is empty"),
        ("unit", "", "Measurement.unit is empty"),
        ("family", "sentiment", "Measurement.family is 'sentiment'"),
        ("ticket", "", "Measurement.ticket is empty"),
        ("requester", Contact(key=""), "Measurement.requester.key is empty"),
    ],
)
def test_an_unsound_measurement_is_named(field: str, value: Any, told: str) -> None:
    values: dict[str, Any] = {"key": "1", "at": TICKET.opened_at, "name": "start", "value": 3, "unit": "s"}
    assert unsound(Measurement(**values)) == ""
    assert unsound(Measurement(**{**values, field: value})).startswith(told)


def test_a_touchpoint_needs_no_ticket_and_a_contact_no_name() -> None:
    point = Touchpoint(
        key="1", at=TICKET.opened_at, what="contact", side="requester", requester=Contact(key="u", name="")
    )
    assert unsound(point) == ""
    assert unsound("a word").endswith("no Ticket, Touchpoint, Native or Measurement")


def test_a_measurement_that_came_otherwise_is_told() -> None:
    one = Measurement(key="m", at=TICKET.opened_at, name="start", value=3, unit="s")
    whole, again = Kept(measurements={"m": one}), Kept(measurements={"m": replace(one, value=4)})
    assert again.difference(whole) == "1 measurements came otherwise: m"
    assert "1 of 1 measurements did not come" in Kept().difference(whole)


@pytest.mark.parametrize(("value", "told"), [(None, ""), (3, ""), (4, "1 measurements came otherwise: m")])
def test_a_second_fetch_may_leave_measurements_out_or_bring_them_as_they_were(value: float | None, told: str) -> None:
    one = Measurement(key="m", at=TICKET.opened_at, name="start", value=3, unit="s")
    whole, again = Kept(measurements={"m": one}, cursors=[None]), Kept()
    if value is not None:
        again.measurements["m"] = replace(one, value=value)
    bench: Any = SimpleNamespace(fetch=lambda _: again)
    try:
        SourceTests().test_a_second_fetch_changes_nothing(bench, whole)
        said = ""
    except AssertionError as error:
        said = str(error)
    assert told in said
    assert bool(told) == bool(said)


def test_what_the_vendor_sent_is_damaged_and_nothing_else() -> None:
    row = {"id": "1", "by": {"name": "x"}, "_ours": {"a": 1}}
    places = {where.partition(" = ")[0] for where, _ in damaged(row, {"id", "by", "name"})}
    assert places == {"id", "by", "by.name"}
    assert row == {"id": "1", "by": {"name": "x"}, "_ours": {"a": 1}}


def test_only_the_row_that_is_meant_loses_its_dates() -> None:
    rows = [{"id": "1", "at": "2026-03-01"}, {"id": "2", "at": "2026-03-01"}]
    assert undated({"rows": rows}, rows[0], {"1"}) == {"rows": [{"id": "1", "at": "yesterday"}, rows[1]]}


@pytest.mark.parametrize("written", ["Z", ".250+0100", "-08:00", "+05:30", ".5+0530"])
def test_a_moved_time_is_the_same_instant(written: str) -> None:
    text = f"2026-03-01T09:00:00{written}"
    assert moved({"at": [text]})["at"][0] != text
    assert datetime.fromisoformat(moved(text)) == datetime.fromisoformat(text)
    assert moved("2026-03-01 09:00:00") == "2026-03-01 09:00:00"


def test_made_up_records_are_sound_and_always_the_same() -> None:
    occasions = [maker.record(Occasion) for maker in made.makers()]
    assert occasions == [maker.record(Occasion) for maker in made.makers()]
    assert not [wrong for one in occasions if "is empty" not in (wrong := unsound(one.ticket)) and wrong]
    assert occasions[0].ticket.requester is None
    assert occasions[1].ticket.requester is not None
    assert isinstance(made.makers()[1].invitation(), Invitation)
    assert unsound(made.makers()[1].record(Native)) in ("", "Native.ticket is empty", "Answer.question is empty")


def test_options_are_written_as_toml() -> None:
    import tomllib

    options = {"a": 'x "y"', "b": [1, {"c": True}], "d": {"e f": 2.5}}
    assert tomllib.loads(table("sources.desk", options)) == {"sources": {"desk": options}}


def test_the_invented_desk_has_what_its_test_says() -> None:
    assert sum(map(len, acorn.PAGES.values())) == 6


def test_a_fetch_of_one_page_proves_nothing_about_a_kill() -> None:
    whole = Kept(tickets={"1": TICKET}, pages=[[TICKET]], cursors=["1"])
    bench: Any = None  # nothing is fetched
    with pytest.raises(pytest.skip.Exception, match="choose a smaller page"):
        SourceTests().test_a_fetch_that_is_killed_after_any_page_goes_on_from_its_cursor(bench, whole)


def test_words_that_are_never_written_are_not_taken_for_proven() -> None:
    kit, silent = WordsTests(), lambda **_: None
    with pytest.raises(AssertionError, match="def make"):
        kit.test_the_words_are_a_message(silent)
    for test in (kit.test_the_marker_stands_in_the_words, kit.test_the_link_stands_in_the_words):
        with pytest.raises(pytest.skip.Exception):
            test(silent)


def test_a_trigger_that_never_votes_is_told_to_give_an_occasion() -> None:
    with pytest.raises(pytest.skip.Exception, match="def make"):
        TriggerTests().test_a_vote_is_sound(lambda **_: None)
