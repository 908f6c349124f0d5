"""The store's version: made on first use, refused when it is another's or of another version."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import xmo_core
from tests.core.support import NOW, rows, ticket
from xmo_core.cli import exit_code
from xmo_core.store import Store, open_store, versions
from xmo_core.store import tables as t
from xmo_core.store.tickets import TicketWriter
from xmo_hooks import ConfigError, Unavailable

ENSURE = """
import sys
from xmo_core.store import open_store, versions
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
versions.ensure(store)
store.close()
"""


def set_version(store: Store, found: str) -> None:
    with store.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :found"), {"found": found})


def test_an_empty_database_is_made_a_store(store_url: str) -> None:
    store = open_store(store_url)
    versions.ensure(store)
    with store.reading() as connection:
        assert versions.version(connection) == versions.HEAD
    versions.ensure(store)
    store.close()


def test_a_store_that_is_made_apart_leaves_no_alembic_behind(store_url: str) -> None:
    script = f"""
import sys
from xmo_core.store import open_store, versions
store = open_store({store_url!r})
versions.ensure(store, apart=True)
with store.reading() as connection:
    print(versions.version(connection), "alembic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [versions.HEAD, "False"]


def test_a_store_that_cannot_be_made_apart_says_why(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Store) -> None:
        raise Unavailable("The disk is full.")

    monkeypatch.setattr(versions, "upgrade", full)
    store = open_store(store_url)
    with pytest.raises(Unavailable, match="The disk is full"):
        versions.ensure(store, apart=True)
    store.close()


def test_the_newest_migration_is_the_one_that_is_written_down() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(xmo_core.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == versions.HEAD


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), t.metadata) == []


def test_a_column_that_no_migration_makes_is_found(store: Store) -> None:
    more = sa.MetaData()
    for table in t.metadata.sorted_tables:
        table.to_metadata(more)
    more.tables["run"].append_column(sa.Column("more", sa.Text))
    more.tables["run"].c.command.type = sa.Integer()
    with store.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), more)
    assert {change[0] if isinstance(change, tuple) else change[0][0] for change in found} == {
        "add_column",
        "modify_type",
    }


def test_a_database_of_somebody_else_is_refused_and_left_alone(store_url: str) -> None:
    store = open_store(store_url)
    with store.writing() as connection:
        connection.execute(sa.text("CREATE TABLE invoices (id INTEGER)"))
    for touch in (versions.ensure, versions.upgrade):
        with pytest.raises(ConfigError, match=r"tables that are not XMO's \(invoices") as refused:
            touch(store)
        assert exit_code(refused.value) == 2
        assert refused.value.hint == "Give [store] url a database of its own."
    assert sa.inspect(store.engine).get_table_names() == ["invoices"]
    store.close()


def test_an_older_store_is_refused_until_it_is_upgraded(store: Store) -> None:
    set_version(store, "0000")
    with pytest.raises(ConfigError, match=f"The store is of version 0000, this xmo needs {versions.HEAD}") as refused:
        versions.ensure(store)
    set_version(store, versions.HEAD)
    assert exit_code(refused.value) == 2
    assert "`xmo db backup FILE`, then run `xmo db upgrade`" in refused.value.hint


def test_a_newer_store_is_refused_also_by_an_upgrade(store: Store) -> None:
    set_version(store, "0999")
    for touch in (versions.ensure, versions.upgrade):
        with pytest.raises(ConfigError, match="version 0999, newer than this xmo knows") as refused:
            touch(store)
        assert exit_code(refused.value) == 2
        assert refused.value.hint == "Install the newer xmo that wrote it."
    set_version(store, versions.HEAD)


def test_an_upgrade_of_a_store_that_is_new_changes_nothing(store: Store) -> None:
    assert versions.upgrade(store) == (versions.HEAD, versions.HEAD)


def test_a_store_of_the_first_version_is_upgraded_with_all_that_it_holds(store_url: str) -> None:
    store = open_store(store_url)
    config = Config()
    config.set_main_option("script_location", str(Path(xmo_core.__file__).parent / "migrations"))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO cursor (source, cursor, known_since) VALUES ('corp', '7', 0)"
                if store.dialect == "sqlite"
                else "INSERT INTO cursor (source, cursor, known_since) VALUES ('corp', '7', now())"
            )
        )
    with pytest.raises(ConfigError, match="version 0001"):
        versions.ensure(store)
    assert versions.upgrade(store) == ("0001", versions.HEAD)
    versions.ensure(store)
    with store.reading() as connection:
        assert connection.execute(sa.select(t.cursor.c.source, t.cursor.c.cursor, t.cursor.c.swept_at)).all() == [
            ("corp", 7, None)
        ]
        assert connection.execute(sa.text("SELECT * FROM v_touchpoint")).all() == []
    store.close()


def test_two_first_runs_at_once_make_one_store(store_url: str) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ENSURE, store_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    told = [process.communicate()[1] for process in both]
    assert ([process.returncode for process in both], told) == ([0, 0], ["", ""])
    store = open_store(store_url)
    with store.reading() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM alembic_version")).scalar_one() == 1
    store.close()


def test_the_views_hold_no_person_no_decision_and_no_answer(store: Store) -> None:
    found = sa.inspect(store.engine)
    assert sorted(found.get_view_names()) == ["v_figure", "v_measurement", "v_run", "v_ticket", "v_touchpoint"]
    columns = {name: {column["name"] for column in found.get_columns(name)} for name in found.get_view_names()}
    service = {column.name for column in t.ticket.columns} - {"person", "problem", "key", "title", "url", "attributes"}
    assert columns["v_ticket"] <= service
    assert not columns["v_ticket"] & {"person", "requester", "title", "key", "decision", "answer"}
    own = {"ticket", "key", "person"}
    assert columns["v_touchpoint"] <= {column.name for column in t.touchpoint.columns} - own | {"number"}
    assert columns["v_measurement"] <= {column.name for column in t.measurement.columns} - own | {"number"}
    assert columns["v_run"] <= {column.name for column in t.run.columns}
    assert not columns["v_figure"] & {"person", "invitation", "problem", "text", "question"}
    with store.reading() as connection:
        for name in columns:
            assert connection.execute(sa.text(f"SELECT * FROM {name}")).all() == []


def test_the_views_show_times_as_bi_tools_read_them(store: Store) -> None:
    with store.writing() as connection:
        one = ticket(resolved_at=None, changed_at=NOW)
        TicketWriter(store, "corp").write(connection, rows(store, "corp", one))
        query = sa.text("SELECT number, changed_at, resolved_at FROM v_ticket")
        number, changed_at, resolved_at = connection.execute(query).one()
    assert (number, resolved_at) == ("INC1", None)
    assert f"{changed_at}".startswith("2026-03-01 12:00:00")


def test_a_new_store_is_for_nobody_else_and_an_old_one_keeps_its_rights(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    old.touch(mode=0o640)
    for file in (tmp_path / "new.db", old):
        store = open_store(f"sqlite:///{file}")
        versions.ensure(store)
        store.close()
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("new.db", "old.db")] == [0o600, 0o640]
