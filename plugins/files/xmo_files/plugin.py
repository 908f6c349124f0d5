"""The entry point of the files plugin. Light: everything heavy is imported when a source is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xmo_hooks import Kind, Source, Tools, hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

    from xmo_files.mapping import Options

XMO_CONTRACT = (1, 0)


def options_schema() -> Schema:
    """Make the schema of a `[sources.NAME]` of this kind. Called when the config is read."""
    from xmo_files.options import OptionsSchema

    return OptionsSchema()


def make_source(options: Options, tools: Tools) -> Source:
    """Make the source; opens nothing. Called once a run."""
    from xmo_files.source import Files

    return Files(options, tools)


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    """Offer the kind "files". It has no capability: a file carries no question to anybody, and tells no deletion."""
    return [Kind(name="files", schema=options_schema, make=make_source)]
