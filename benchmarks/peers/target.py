"""The Singer target: the SDK's own SQL sink over SQLite, with an upsert in place of its insert."""

# mypy: disable-error-code="import-not-found, misc"
from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecReader
from singer_sdk.sql import SQLConnector, SQLSink, SQLTarget
from sqlalchemy.dialects.sqlite import insert


class Connector(SQLConnector):
    """A file of SQLite."""

    allow_temp_tables = False
    allow_column_alter = False
    allow_merge_upsert = True

    def get_sqlalchemy_url(self, config: dict[str, Any]) -> str:
        """Return the address of the file."""
        return f"sqlite:///{config['path']}"


class Sink(SQLSink[Connector]):
    """Upserts a batch with one statement."""

    connector_class = Connector

    def generate_insert_statement(self, full_table_name: Any, schema: dict[str, Any]) -> Any:
        """Overwrite a record that is known by its key."""
        _, schema_name, table_name = self.connector.parse_full_table_name(full_table_name)
        names = list(self.conform_schema(schema)["properties"])
        table = sa.Table(table_name, sa.MetaData(), *(sa.Column(name, sa.String) for name in names), schema=schema_name)
        statement = insert(table)
        changed = {name: statement.excluded[name] for name in names}
        return statement.on_conflict_do_update(index_elements=list(self.key_properties), set_=changed)


class TargetSQLite(SQLTarget):
    """The target."""

    name = "target-sqlite"
    message_reader_class = MsgSpecReader  # the SDK's own, faster than its standard one
    default_sink_class = Sink
    config_jsonschema = th.PropertiesList(th.Property("path", th.StringType, required=True)).to_dict()


if __name__ == "__main__":
    TargetSQLite.cli()
