"""Writing the options of a test as they would stand in `xmo.toml`."""

import json
from collections.abc import Mapping
from typing import Any


def table(name: str, options: Mapping[str, Any]) -> str:
    """Write one table of the config."""
    return "\n".join([f"[{name}]", *(f"{json.dumps(key)} = {value(of)}" for key, of in options.items()), ""])


def value(of: Any) -> str:
    """Write one value: JSON, but for tables inside it."""
    if isinstance(of, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {value(inner)}" for key, inner in of.items()) + "}"
    if isinstance(of, list | tuple):
        return "[" + ", ".join(value(inner) for inner in of) + "]"
    return json.dumps(of)
