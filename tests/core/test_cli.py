"""The commands, from config to exit code."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click
import pytest

from tests.core.support import DAY, HOUR, NOW, Place
from xmo_core.cli import cli
from xmo_core.store.versions import HEAD

HISTORY = NOW - DAY


@pytest.fixture
def running(place: Place) -> Place:
    """A place whose asking was switched on an hour ago."""
    assert place.xmo("run", now=NOW - HOUR).code == 0
    return place


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_has_help_with_an_example() -> None:
    found = dict(commands(cli))
    assert {("run",), ("quarantine", "replay"), ("db", "backup")} <= found.keys()
    for path, command in found.items():
        assert command.help, path
        assert "Example" in command.help, path
        assert f"xmo {path[0]}" in command.help or f" {path[-1]}" in command.help, path
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, (path, option.name)


def test_no_command_but_those_that_call_a_vendor_needs_a_vendors_password(place: Place) -> None:
    config = place.folder / "xmo.toml"
    config.write_text(config.read_text(encoding="utf-8") + '\n[sources.far]\nkind = "none"\n', encoding="utf-8")
    for command in (("pause",), ("status",), ("resume",), ("invitations", "list"), ("quarantine", "list"), ("report",)):
        assert place.xmo(*command).code == 0, command
    for command in (("run",), ("sync",), ("check",), ("quarantine", "replay")):
        done = place.xmo(*command)
        assert (done.code, "no plugin has the kind" in done.err) == (2, True), command


def test_a_pause_shows_in_the_status(place: Place) -> None:
    assert "paused" not in place.xmo("status").out
    place.xmo("pause")
    assert "Asking is paused since" in place.xmo("status").out
    assert json.loads(place.xmo("status", "--json").out)["paused"] is True


def test_a_run_that_never_was_cannot_be_withdrawn(place: Place) -> None:
    done = place.xmo("invitations", "withdraw", "--run", "99")
    assert (done.code, done.err) == (2, "There is no run 99.\n`xmo status` lists the last ones.\n")


def test_help_is_shown_without_a_config(place: Place) -> None:
    (place.folder / "xmo.toml").unlink()
    for path, _ in commands(cli):
        done = place.xmo(*path, "--help", now=None)
        assert (done.code, done.err) == (0, "")
        assert "Usage: xmo" in done.out


def test_a_run_fetches_and_asks_and_says_so(running: Place) -> None:
    running.tickets(a=NOW, b=NOW, old=HISTORY)
    done = running.xmo("run", "--json")
    assert done.code == 0
    assert done.json["counts"] == {
        "corp": {"pages": 3, "tickets": 3, "quarantined": 0},
        "asking": {"ask": 2, "sent": 2},
    }
    assert (running.folder / "corp" / "comments.txt").read_text().count("xmo:") == 2
    assert running.xmo("run", "--json").json["counts"] == {}


def test_a_run_without_a_terminal_ends_its_log_with_what_it_did(running: Place) -> None:
    running.tickets(a=NOW)
    *_, last = running.xmo("run").err.splitlines()
    assert "run done" in last
    assert "'ask': 1, 'sent': 1" in last


def test_the_second_of_two_runs_at_once_says_so_and_leaves(running: Place) -> None:
    running.tickets(a=NOW)
    with running.held("corp", "run", "--json") as first:
        second = running.start("run")
        out, err = second.communicate()
    done, _ = first.communicate()
    assert (second.returncode, out) == (75, "")
    said, hint = err.strip().splitlines()
    assert said.startswith(f"Another run is at work on 'sync corp' (process {first.pid}, its lease lasts until ")
    assert "`xmo status` shows it" in hint
    assert first.returncode == 0
    assert json.loads(done)["counts"]["asking"] == {"ask": 1, "sent": 1}


def test_a_report_beside_a_run_leaves_the_scoring_to_it(running: Place) -> None:
    with running.held("corp", "run") as first:
        done = running.xmo("report", "--out", str(running.folder / "out"))
    first.communicate()
    assert (done.code, first.returncode) == (0, 0)


def test_one_source_that_fails_is_named_and_stops_no_other(place: Place) -> None:
    place.write(sources=("corp", "branch"))
    place.tickets("branch", a=NOW)
    place.fails("corp", "AuthError")
    done = place.xmo("run", "--json")
    assert done.code == 1
    assert done.json["errors"] == {"corp": "The vendor said no. Ask the vendor."}
    assert done.json["counts"]["branch"]["tickets"] == 1
    assert done.err.splitlines()[-2:] == [
        "corp: The vendor said no. Ask the vendor.",
        "The next run carries on with what this one left. `xmo status` shows this one again.",
    ]


def test_one_source_may_be_synced_alone_and_be_named_twice(place: Place) -> None:
    place.write(sources=("corp", "branch"))
    place.tickets(a=NOW)
    place.fails("branch", "AuthError")
    done = place.xmo("sync", "--source", "corp", "--source", "corp", "--json")
    assert (done.code, done.json["counts"]) == (0, {"corp": {"pages": 1, "tickets": 1, "quarantined": 0}})


def test_a_source_that_is_not_in_the_config_is_named(place: Place) -> None:
    done = place.xmo("sync", "--source", "crop")
    assert (done.code, done.err) == (2, "There is no source crop in the config.\nIts sources are: corp.\n")


def test_a_plan_says_what_would_come_and_fetches_nothing(place: Place) -> None:
    place.tickets(a=NOW, b=NOW, c=HISTORY)
    assert place.xmo("sync", "--plan").out == (
        "corp: 3 tickets from the beginning, about 3 requests, at least 0.1 minutes at its rate limit.\n"
    )
    assert place.rows("SELECT * FROM run") == []
    place.xmo("sync")
    (plan,) = place.xmo("sync", "--plan", "--json").json
    assert plan == {"source": "corp", "since": NOW.isoformat(), "tickets": 0, "requests": 0, "minutes": 0.0}
    assert place.xmo("sync", "--plan", "--full", "--json").json[0]["tickets"] == 3


def test_a_dry_run_checks_every_row_and_stores_nothing(place: Place) -> None:
    place.tickets(a=NOW, bad1=NOW)
    place.xmo("status")
    before = (place.folder / "xmo.db").read_bytes()
    done = place.xmo("sync", "--dry-run")
    assert done.out == (
        "corp: 1 tickets would come in, 1 rows would go to quarantine.\n  bad1: opened_at is no time: 'soon'\n"
    )
    for table in ("ticket", "quarantine", "cursor", "run", "lease"):
        assert place.rows(f"SELECT * FROM {table}") == [], table
    assert (place.folder / "xmo.db").read_bytes() == before


def test_since_and_full_fetch_again_from_there(place: Place) -> None:
    place.tickets(a=NOW, b=HISTORY)
    place.xmo("sync")
    fetched = [place.xmo("sync", *how, "--json").json["counts"] for how in ([], ["--since", "2026-03-01"], ["--full"])]
    assert [counts.get("corp", {}).get("tickets", 0) for counts in fetched] == [0, 1, 2]


def test_a_sync_asks_nobody(running: Place) -> None:
    running.tickets(a=NOW)
    running.xmo("sync")
    assert running.rows("SELECT * FROM decision") == []
    assert running.xmo("run", "--json").json["counts"]["asking"] == {"ask": 1, "sent": 1}


def test_status_tells_a_monitor_when_the_last_run_is_too_old_or_failed(place: Place) -> None:
    done = place.xmo("status", "--max-age", "1h")
    assert (done.code, done.err) == (1, "There was no good run yet.\n")
    place.xmo("run")
    assert place.xmo("status", "--max-age", "1h", now=NOW + HOUR).code == 0
    late = place.xmo("status", "--max-age", "1h", now=NOW + HOUR + timedelta(seconds=1))
    assert (late.code, late.err) == (1, "The last good run was at 2026-03-01 12:00 UTC, longer ago than allowed.\n")
    assert place.xmo("status", now=NOW + 9 * DAY).code == 0
    place.fails("corp", "Unavailable")
    place.xmo("run")
    failed = place.xmo("status", "--max-age", "1h")
    assert (failed.code, failed.err) == (1, "The last run failed: corp: The vendor said no. Ask the vendor.\n")


def test_status_shows_runs_and_what_waits(running: Place) -> None:
    running.tickets(a=NOW, bad1=NOW)
    running.xmo("run")
    shown = running.xmo("status").out
    assert "2 row" not in shown
    assert "1 tickets, 1 quarantined, 0 to be sent, 1 to be answered, 0 uncertain" in shown
    document = running.xmo("status", "--json").json
    assert [run["command"] for run in document["runs"]] == ["run", "run"]
    waiting = {"tickets": 1, "quarantined": 1, "to_be_sent": 0, "to_be_answered": 1, "uncertain": 0}
    assert document["waiting"] == waiting


@pytest.mark.parametrize("age", ["soon", "1", "1y", "-1h", ""])
def test_an_age_that_is_none_is_a_mistake_of_usage(place: Place, age: str) -> None:
    done = place.xmo("status", f"--max-age={age}")
    assert done.code == 2
    assert "Not a length of time" in done.err


@pytest.mark.parametrize("time", ["yesterday", "2026-02-30", "12"])
def test_a_time_that_is_none_is_a_mistake_of_usage(place: Place, time: str) -> None:
    for args in (("--now", time, "status"), ("sync", "--since", time)):
        done = place.xmo(*args, now=None)
        assert done.code == 2
        assert f"'{time}' is not a time" in done.err


def test_rows_in_quarantine_are_shown_and_come_in_once_they_are_mended(running: Place) -> None:
    running.tickets(a=NOW, bad1=NOW, bad2=NOW)
    assert running.xmo("run").code == 0
    lines = running.xmo("quarantine", "list").out.splitlines()
    assert lines[0] == "corp  bad1  2026-03-01 12:00  opened_at is no time: 'soon'"
    assert lines[-1] == "2 rows in quarantine. Mend the cause, then `xmo quarantine replay`."
    assert [row["key"] for row in running.xmo("quarantine", "list", "--json").json] == ["bad1", "bad2"]
    assert running.xmo("quarantine", "replay").out == "0 rows came in, 2 stay.\n"
    path = running.folder / "corp" / "tickets.json"
    path.write_text(path.read_text().replace('"soon"', '"2026-02-01T00:00:00+00:00"', 1))
    assert running.xmo("quarantine", "replay", "--source", "corp").out == "1 rows came in, 1 stay.\n"
    assert len(running.xmo("quarantine", "list", "--source", "corp").out.splitlines()) == 2
    assert running.xmo("quarantine", "list", "--source", "other").out == "0 rows in quarantine.\n"
    replay = running.xmo("quarantine", "replay", "--json")
    assert replay.json["counts"] == {"corp": {"replayed": 0, "quarantined": 1}}


def test_pausing_stops_the_asking_and_resuming_goes_on(running: Place) -> None:
    assert running.xmo("pause").out.startswith("Asking is paused.")
    running.tickets(a=NOW)
    assert running.xmo("run", "--json").json["counts"]["asking"] == {"skip": 1}
    assert running.xmo("resume").out == "Asking goes on with the next run.\n"
    running.tickets(a=NOW, b=NOW + HOUR)
    assert running.xmo("run", "--json", now=NOW + HOUR).json["counts"]["asking"] == {"ask": 1, "sent": 1}


def test_questions_are_listed_and_withdrawn_by_their_run(running: Place) -> None:
    running.tickets(a=NOW, b=NOW)
    number = running.xmo("run", "--json").json["run"]
    lines = running.xmo("invitations", "list").out.splitlines()
    assert sorted(lines) == [f"run {number:>5}  corp INC{key:<16} sent       2026-03-01 12:00" for key in "ab"]
    assert len(running.xmo("invitations", "list", "--limit", "1", "--json").json) == 1
    assert running.xmo("invitations", "withdraw", "--run", str(number)).out == (
        "Withdrew 0 before they went out and 2 that had gone out.\n"
    )
    assert all("withdrawn" in line for line in running.xmo("invitations", "list").out.splitlines())


@pytest.mark.parametrize("limit", ["-1", "0", "many"])
def test_a_limit_is_at_least_one(place: Place, limit: str) -> None:
    assert place.xmo("invitations", "list", "--limit", limit).code == 2


def test_the_store_is_upgraded_and_backed_up(running: Place, tmp_path: Path) -> None:
    assert running.xmo("db", "upgrade").out == f"The store is of version {HEAD}, as before.\n"
    copy = tmp_path / "copy.db"
    done = running.xmo("db", "backup", str(copy))
    assert (done.code, done.out.startswith(f"Wrote {copy}. The key")) == (0, True)
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM run").fetchone() == (1,)
    again = running.xmo("db", "backup", str(copy))
    assert (again.code, again.err) == (2, f"{copy} is there already.\nName a new file.\n")
    nowhere = running.xmo("db", "backup", str(tmp_path / "nowhere" / "copy.db"))
    assert nowhere.code == 2
    assert nowhere.err.startswith(f"{tmp_path / 'nowhere' / 'copy.db'} cannot be written")


def test_a_restored_backup_asks_nobody_again(running: Place) -> None:
    copy = running.folder / "copy.db"
    running.xmo("db", "backup", str(copy))
    running.tickets(a=NOW)
    running.xmo("run")
    running.write(store="sqlite:///copy.db")
    assert running.xmo("run", "--json", now=NOW + HOUR).json["counts"]["asking"] == {"ask": 1, "sent": 1}
    assert (running.folder / "corp" / "comments.txt").read_text().count("xmo:") == 1


def test_an_upgrade_of_an_empty_database_makes_the_store(place: Place) -> None:
    assert place.xmo("db", "upgrade").out == f"The store is of version {HEAD} (was empty).\n"


def test_a_store_on_postgresql_is_backed_up_by_its_own_tool(place: Place, postgres_store: str) -> None:
    place.write(store=postgres_store.replace("xmo@", "xmo:hunter2-hunter2@"))
    done = place.xmo("db", "backup", "copy.dump")
    assert done.code == 2
    assert "pg_dump --format=custom --file=copy.dump 'postgresql://" in done.err
    assert "hunter2" not in done.err


def test_the_whole_line_runs_on_both_databases(place: Place, store_url: str) -> None:
    place.write(store=store_url)
    place.xmo("run", now=NOW - HOUR)
    place.tickets(a=NOW, bad1=NOW)
    done = place.xmo("run", "--json")
    assert done.json["counts"]["asking"] == {"ask": 1, "sent": 1}
    for args in (("status",), ("quarantine", "list"), ("invitations", "list"), ("report",)):
        shown = place.xmo(*args, "--json")
        assert (shown.code, shown.err) == (0, ""), args
        assert shown.json


def test_init_writes_a_config_that_check_understands(tmp_path: Path, place: Place) -> None:
    new = tmp_path / "new"
    new.mkdir()
    done = place.xmo("--config", str(new / "xmo.toml"), "init", "--kind", "folder", now=None)
    assert (done.code, (new / "xmo.key").stat().st_mode & 0o777) == (0, 0o600)
    key = (new / "xmo.key").read_text().strip()
    assert len(key) >= 32
    assert key not in done.out + (new / "xmo.toml").read_text()
    again = place.xmo("--config", str(new / "xmo.toml"), "init", now=None)
    there = f"{new / 'xmo.toml'} and {new / 'xmo.key'} are there already."
    assert (again.code, again.err.startswith(there)) == (2, True)
    config = (new / "xmo.toml").read_text().replace('folder = ""', f'folder = "{place.folder / "corp"}"')
    (new / "xmo.toml").write_text(config)
    checked = place.xmo("--config", str(new / "xmo.toml"), "check", "--json", now=None)
    assert checked.code == 0
    assert [finding["text"] for finding in checked.json["folder"]] == ["0 rows."]


@pytest.mark.parametrize("lost", ["xmo.toml", "xmo.key"])
def test_init_writes_what_is_missing_and_leaves_the_other_alone(tmp_path: Path, place: Place, lost: str) -> None:
    new = tmp_path / "new"
    new.mkdir()
    config, key = new / "xmo.toml", new / "xmo.key"
    (config if lost == "xmo.key" else key).write_text("kept")
    done = place.xmo("--config", str(config), "init", now=None)
    assert (done.code, done.out.startswith(f"Wrote {new / lost}.")) == (0, True)
    assert (config if lost == "xmo.key" else key).read_text() == "kept"
    assert (new / lost).stat().st_size > 20


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--config", "nowhere/xmo.toml", "init"), "nowhere"),
        (("--config", "new.toml", "init", "--kind", "floder"), "There is no kind floder."),
    ],
)
def test_an_init_that_cannot_be_done_says_why(place: Place, args: tuple[str, ...], said: str) -> None:
    (place.folder / "xmo.key").unlink()
    done = place.xmo(*args, now=None)
    assert (done.code, said in done.err, "Traceback" in done.err) == (2, True, False)


def test_check_names_what_is_wrong_with_each_source(place: Place) -> None:
    place.write(sources=("corp", "branch"))
    place.fails("branch", "AuthError")
    done = place.xmo("check")
    assert done.code == 1
    assert "✗ The vendor said no.\n    Ask the vendor." in done.out
    assert "✓ 0 rows." in done.out
    assert place.xmo("check", "corp").code == 0
    assert place.xmo("check", "crop").code == 2


def test_a_broken_plugin_is_named_and_the_others_work(place: Place) -> None:
    (place.folder / "made_broken.py").write_text("import nowhere_to_be_found\n")
    (place.folder / "other").mkdir()
    info = place.folder / "xmo_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: xmo-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[xmo.plugins]\nbroken = made_broken\n")
    listed = place.xmo("plugins")
    assert listed.code == 1
    assert "✗ broken: it needs the module nowhere_to_be_found, which is not installed" in listed.out
    assert "✓ folder 1.2: xmo_compose, xmo_decide" in listed.out
    told = {plugin["name"]: plugin["broken"] for plugin in place.xmo("plugins", "--json").json}
    assert told["folder"] is None
    assert "nowhere_to_be_found" in told["broken"]
    assert place.xmo("run").code == 0
    assert "Plugin broken is broken" in place.xmo("check").out


def test_a_report_names_the_plugins_that_failed(running: Place) -> None:
    code = "from xmo_hooks import hookimpl\n@hookimpl\ndef {hook}(): raise KeyError('ann@example.com')\n"
    for name, hook in (("made_a", "xmo_score"), ("made_b", "xmo_figures"), ("made_c", "xmo_render")):
        (running.folder / f"{name}.py").write_text(code.format(hook=hook))
    points = "[xmo.plugins]\n" + "".join(f"{name} = {name}\n" for name in ("made_a", "made_b", "made_c"))
    info = running.folder / "xmo_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: xmo-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(points)
    running.tickets(a=NOW)
    running.xmo("run")
    with closing(sqlite3.connect(running.folder / "xmo.db")) as connection, connection:
        connection.execute("UPDATE invitation SET answered_at = sent_at, state = 'answered'")
    done = running.xmo("report", "--out", "out")
    assert done.code == 1
    assert "made_a: xmo_score failed: KeyError" in done.err
    assert "made_b: xmo_figures failed: KeyError" in done.err
    assert "made_c: xmo_render failed: KeyError" in done.err
    assert "ann@example.com" not in done.err + done.out
    assert (running.folder / "out").is_dir()


def test_a_report_that_cannot_be_written_says_why(running: Place) -> None:
    (running.folder / "out").write_text("a file")
    done = running.xmo("report", "--out", "out/deeper")
    assert done.code == 2
    assert "out/deeper cannot be written" in done.err
