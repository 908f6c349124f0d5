"""The vendors' own API descriptions, made ready for the validating proxy."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("XMO_API_DESCRIPTIONS", Path(__file__).parents[2] / "shared/data/openapi"))
FILES = {
    "servicenow": ["servicenow-table.unofficial.yaml"],
    "jira": ["jira-cloud-platform.v3.json", "jira-service-management.v1001.json"],
    "zendesk": ["zendesk-support.oas.yaml"],
}


def missing() -> list[Path]:
    """Return the files that are not there."""
    wanted = [FOLDER / f"{name}.gz" for names in FILES.values() for name in names]
    return [path for path in wanted if not path.exists()]


def prepare(vendor: str, folder: Path) -> Path:
    """Write the description of a vendor's API to a folder and return its path."""
    texts = [gzip.decompress((FOLDER / f"{name}.gz").read_bytes()) for name in FILES[vendor]]
    if FILES[vendor][0].endswith(".yaml"):
        path = folder / f"{vendor}.yaml"
        path.write_bytes(texts[0])
        return path
    path = folder / f"{vendor}.json"
    path.write_text(json.dumps(_merged([_parsed(text) for text in texts])), encoding="utf-8")
    return path


def _parsed(text: bytes) -> Any:
    """Parse a description whose examples are JSON inside strings, which no schema would accept."""

    def mend(node: dict[str, Any]) -> dict[str, Any]:
        for key in ("example", "value"):
            if isinstance(value := node.get(key), str) and value[:1] in ("{", "["):
                try:
                    node[key] = json.loads(value)
                except ValueError:
                    continue  # an example that is cut stays the text that it is
        return node

    return json.loads(text, object_hook=mend)


def _merged(documents: list[Any]) -> Any:
    """Put the paths of all documents into the first; equal names of components get the number of their document."""
    first, *others = documents
    for number, other in enumerate(others, 2):
        text = json.dumps(other)
        for kind, components in other["components"].items():
            for name in components:
                text = text.replace(f'"#/components/{kind}/{name}"', f'"#/components/{kind}/{name}_{number}"')
        renamed = json.loads(text)
        first["paths"] |= renamed["paths"]
        for kind, components in renamed["components"].items():
            known = first["components"].setdefault(kind, {})
            known |= {f"{name}_{number}" if kind != "securitySchemes" else name: c for name, c in components.items()}
    return first
