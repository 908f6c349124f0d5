"""Names that no sideload brings: of brands, forms, and options of dropdowns. Read once a run, where asked for."""

from collections.abc import Iterator, Mapping
from typing import Any

from xmo_zendesk.client import Client

_PATHS = {
    "brand": ("brands", "brands"),
    "form": ("ticket_forms", "ticket_forms"),
    "field": ("ticket_fields", "ticket_fields"),
}


class Names:
    """Names by id: of brands and forms, and of options by `FIELD:VALUE`. What plan or role may not list has none."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, dict[str, str]] = {}

    def __call__(self, kind: str) -> Mapping[str, str]:
        """Return the names of one kind: "brand", "form" or "field"."""
        if kind not in self._known:
            rows = self._client.optional(*_PATHS[kind])
            named = (pair for row in rows for pair in (_options(row) if kind == "field" else [(row.get("id"), row)]))
            self._known[kind] = {str(key): str(one.get("name")) for key, one in named}
        return self._known[kind]


def _options(field: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for option in field.get("custom_field_options") or ():
        yield f"{field.get('id')}:{option.get('value')}", option
