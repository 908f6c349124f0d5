"""Alembic runs this to migrate over the connection that `versions.upgrade` hands it."""

from alembic import context

from xmo_core.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
