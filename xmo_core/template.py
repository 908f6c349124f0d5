"""The config that `xmo init` writes: complete enough to run, with a comment wherever a choice is to be made."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template
from typing import Any

from marshmallow import Schema, fields, missing

from xmo_core.secrets import is_secret
from xmo_hooks import Kind, Section

_HEAD = Path(__file__).with_name("starter.toml")


def starter(*, name: str, url: str, sources: Mapping[str, Kind], sections: Iterable[Section]) -> str:
    """Write the first config for these sources, by their names, and for the sections that plugins offer. Called by
    `xmo init`; what a schema requires stands open, what it does not is commented out."""
    site = {"name": json.dumps(name, ensure_ascii=False), "url": json.dumps(url)}
    text = [Template(_HEAD.read_text(encoding="utf-8")).substitute(site)]
    for source, kind in sources.items():
        lines = [f"\n[sources.{source}]", f"kind = {json.dumps(kind.name)}", *_options(kind.schema(), source.upper())]
        text += [*lines, f"# requests_per_minute = {kind.requests_per_minute or 600}", ""]
    for section in sections:
        text += [f"\n[{section.name}]", *_options(section.schema(), section.name.upper()), ""]
    return "\n".join(line.rstrip() for line in "\n".join(text).split("\n")).rstrip() + "\n"


def _options(schema: Schema, prefix: str) -> Iterable[str]:
    for name, field in schema.fields.items():
        option = field.data_key or name
        if not field.dump_only:
            yield f"{'' if field.required else '# '}{option} = {_example(option, field, prefix)}"


def _example(option: str, field: fields.Field[Any], prefix: str) -> str:
    if is_secret(option):
        return f'{{ env = "{prefix}_{option.upper()}" }}'
    if option == "url":
        return '"https://"'
    if isinstance(field, fields.Boolean | fields.Number) and field.load_default is not missing:
        return str(field.load_default).lower()
    return '""' if isinstance(field, fields.String) else "…"
