"""The store's version: made on first use, refused when it is not the code's, raised by `xmo db upgrade`."""

import signal
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from xmo_core.store.engine import Store
from xmo_hooks import ConfigError, XmoError

# The newest migration. Written down so that an ordinary run need not import alembic (a second of CPU) to compare.
HEAD = "0005"


def ensure(store: Store, *, apart: bool = False) -> None:
    """Make an empty database a store, and refuse one of another version. Called before every command that needs it;
    `apart` makes it in a process of its own, for alembic takes 12 MB that would stay for the whole run."""
    with store.reading() as connection:
        found = version(connection)
    if found is None and apart:
        store.close()  # an open database must not be taken along into another process
        made = get_context("fork").Process(target=_upgrade, args=(store,), name="upgrade")
        made.start()
        made.join()
        ensure(store)  # where it could not be made, this says why
    elif found is None:
        upgrade(store)
    elif found != HEAD:
        raise _refusal(found)


def version(connection: Connection) -> str | None:
    """Return the version of the store, None for an empty database."""
    names = inspect(connection).get_table_names()
    if "alembic_version" not in names:
        if names:
            hint = "Give [store] url a database of its own."
            some = ", ".join(sorted(names)[:3])
            raise ConfigError(f"The database holds tables that are not XMO's ({some} …).", hint=hint)
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def upgrade(store: Store) -> tuple[str | None, str]:
    """Bring the store to the code's version, in one transaction; returns the version before and after."""
    from alembic import command
    from alembic.config import Config

    with store.writing() as connection:
        if store.dialect == "postgresql":
            # two first runs at once: the second waits, then finds everything made
            connection.execute(text("SELECT pg_advisory_xact_lock(7810)"))
        before = version(connection)
        if before is not None and before > HEAD:
            raise _refusal(before)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, HEAD


def _upgrade(store: Store) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a Ctrl-C is told by the command, not here as well
    with suppress(XmoError):
        upgrade(store)


def _refusal(found: str) -> ConfigError:
    if found < HEAD:
        hint = "Back it up with `xmo db backup FILE`, then run `xmo db upgrade`."
        return ConfigError(f"The store is of version {found}, this xmo needs {HEAD}.", hint=hint)
    hint = "Install the newer xmo that wrote it."
    return ConfigError(f"The store is of version {found}, newer than this xmo knows ({HEAD}).", hint=hint)
