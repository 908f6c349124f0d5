"""The dlt pipeline: its `rest_api` source reads the incidents of a ServiceNow table, and upserts them into SQLite."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import sys
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_source

CHANGED = "sys_updated_on"


def incidents(url: str, fields: list[str], page: int) -> Any:
    """Return the source: one resource, incremental by the time of the last change, merged by `sys_id`."""
    endpoint = {
        "path": "incident",
        "data_selector": "result",
        "params": {
            "sysparm_query": f"{CHANGED}>={{incremental.start_value}}^ORDERBY{CHANGED}^ORDERBYsys_id",
            "sysparm_fields": ",".join(fields),
        },
        "incremental": {"cursor_path": CHANGED, "initial_value": "1970-01-01 00:00:00", "row_order": "asc"},
        "paginator": {
            "type": "offset",
            "limit": page,
            "limit_param": "sysparm_limit",
            "offset_param": "sysparm_offset",
            "total_path": None,
        },
    }
    resource = {
        "name": "incident",
        "primary_key": "sys_id",
        "write_disposition": "merge",
        "endpoint": endpoint,
        "processing_steps": [{"map": lambda row: {name: row[name] for name in fields}}],
    }
    return rest_api_source({"client": {"base_url": f"{url}/api/now/table/"}, "resources": [resource]})


def main() -> None:
    """Load all incidents of the server at `URL` into a file of SQLite in this folder, `FIELDS` of each."""
    url, fields, page = sys.argv[1:]
    destination = dlt.destinations.sqlalchemy("sqlite:///peer.db")
    pipeline = dlt.pipeline("incidents", pipelines_dir=".", destination=destination, dataset_name="main")
    pipeline.run(incidents(url, fields.split(","), int(page))).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
