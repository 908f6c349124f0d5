"""The config that `xmo init` writes: complete enough to run, with a comment wherever a choice is to be made."""

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, fields, missing

from xmo_core.secrets import is_secret
from xmo_hooks import Kind, Section

_HEAD = """\
# The config of XMO. A secret never stands in it: write {{ env = "NAME" }} or {{ file = "NAME" }} in its place.
[site]
name = {name}
url = {url}  # the public address of the survey pages
key = {{ file = "xmo.key" }}  # pseudonyms and invitation links hang on it: keep it safe, never change it
# answer_within = "14d"

[store]
url = "sqlite:///xmo.db"  # or postgresql+psycopg://USER@HOST/NAME

# [http]
# proxy = "http://proxy.example.com:3128"
# ca_bundle = "ca.pem"

# [log]
# format = "json"
"""


def starter(*, name: str, url: str, sources: Mapping[str, Kind], sections: Iterable[Section]) -> str:
    """Write the first config for these sources, by their names, and for the sections that plugins offer. Called by
    `xmo init`; what a schema requires stands open, what it does not is commented out."""
    text = [_HEAD.format(name=_quoted(name), url=_quoted(url))]
    for source, kind in sources.items():
        lines = [f"\n[sources.{source}]", f"kind = {_quoted(kind.name)}", *_options(kind.schema(), source.upper())]
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


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
