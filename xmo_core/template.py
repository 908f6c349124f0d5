"""The config that `xmo init` writes: complete enough to run, with a comment wherever a choice is to be made."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template

from marshmallow import Schema

from xmo_core.secrets import is_secret
from xmo_hooks import ChannelKind, Kind, Section

_HEAD = Path(__file__).with_name("starter.toml")


def starter(
    *,
    name: str,
    url: str,
    sources: Mapping[str, Kind],
    channels: Mapping[str, ChannelKind],
    sections: Iterable[Section],
) -> str:
    """Write the first config for these sources and channels, by their names, and for the sections that plugins offer.
    Called by `xmo init`; what must be there or mostly is stands open, the rest is commented out."""
    site = {"name": json.dumps(name, ensure_ascii=False), "url": json.dumps(url)}
    text = [Template(_HEAD.read_text(encoding="utf-8")).substitute(site)]
    for source, kind in sources.items():
        text += _table(f"sources.{source}", kind)
        text += [f"# limits = {{ {json.dumps(path)} = {limit} }}" for path, limit in kind.limits.items()] + [""]
    for channel, way in channels.items():
        text += [
            *_table(f"channels.{channel}", way),
            f"# sources = [{json.dumps(next(iter(sources), 'NAME'))}]  # whose questions it carries; else those of all",
            "",
        ]
    for section in sections:
        text += [f"\n[{section.name}]", *_options(section.schema(), section.name.upper()), ""]
    return "\n".join(line.rstrip() for line in "\n".join(text).split("\n")).rstrip() + "\n"


def _table(place: str, kind: Kind | ChannelKind) -> Iterator[str]:
    yield f"\n[{place}]"
    yield f"kind = {json.dumps(kind.name)}"
    yield from _options(kind.schema(), place.partition(".")[2].upper())
    if kind.requests_per_minute is not None:
        yield f"# requests_per_minute = {kind.requests_per_minute}"


def _options(schema: Schema, prefix: str) -> Iterable[str]:
    """Write a line for each option, from what its field's metadata says: an "example" in TOML, its "meaning" in a few
    words, and "starts" where most configs begin with it."""
    for name, field in schema.fields.items():
        option, said = field.data_key or name, field.metadata
        if not field.dump_only:
            example = said.get("example", '"https://"' if option == "url" else '""')
            shown = f'{{ env = "{prefix}_{option.upper()}" }}' if is_secret(option) else example
            meaning = f"  # {said['meaning']}" if "meaning" in said else ""
            yield f"{'' if field.required or said.get('starts') else '# '}{option} = {shown}{meaning}"
