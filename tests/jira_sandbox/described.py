"""A small referee: does an answer keep to the vendor's own description of its API?"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "shared/data/openapi"
FILES = ("jira-cloud-platform.v3.json.gz", "jira-service-management.v1001.json.gz")
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
}
# As the usual validators read date-time: the colon of the offset may be missing, as the vendor leaves it out.
_FORMATS = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)"),
    "uri": re.compile(r"https?://\S+"),
}


class Description:
    """The vendor's description of both APIs."""

    def __init__(self) -> None:
        self._files = [json.loads(gzip.decompress((FOLDER / name).read_bytes())) for name in FILES]

    def wrong(self, path: str, method: str, status: int, body: Any) -> list[str]:
        """Return what is wrong with an answer; raises `KeyError` where the path does not have such an answer."""
        file = next(file for file in self._files if path in file["paths"])
        content = file["paths"][path][method]["responses"][str(status)]["content"]["application/json"]
        return list(_wrong(file, content["schema"], body, "answer"))


def _wrong(file: Any, schema: Any, value: Any, where: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = file["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for part in schema.get("allOf", ()):
        yield from _wrong(file, part, value, where)
    if value is None and schema.get("nullable"):
        return
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        yield f"{where} is {value!r} and should be of type {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where} is {value!r} and should be one of {schema['enum']}"
    elif kind == "string" and not _FORMATS.get(schema.get("format"), re.compile(".*", re.DOTALL)).fullmatch(value):
        yield f"{where} is {value!r} and should be a {schema['format']}"
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from _wrong(file, schema.get("items", {}), each, f"{where}[{place}]")
    elif isinstance(value, dict):
        yield from _wrong_object(file, schema, value, where)


def _wrong_object(file: Any, schema: Any, value: dict[str, Any], where: str) -> Iterator[str]:
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (f"{where} lacks {name}" for name in schema.get("required", ()) if name not in value)
    for name, each in value.items():
        if name in known:
            yield from _wrong(file, known[name], each, f"{where}.{name}")
        elif more is False:
            yield f"{where} has {name}, which is not described"
        elif isinstance(more, dict):
            yield from _wrong(file, more, each, f"{where}.{name}")
