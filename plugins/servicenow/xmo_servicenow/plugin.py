"""The entry point of the ServiceNow plugin. Light: pysnow and marshmallow are imported when a source is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xmo_hooks import Kind, Sandbox, Source, Tools, hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

    from xmo_servicenow.options import Options

XMO_CONTRACT = (1, 0)


def options_schema() -> Schema:
    """Make the schema of a `[sources.NAME]` of this kind. Called when the config is read."""
    from xmo_servicenow.options import OptionsSchema

    return OptionsSchema()


def make_source(options: Options, tools: Tools) -> Source:
    """Make the source; connects nothing. Called once a run; raises `ConfigError` where pysnow is not installed."""
    from xmo_servicenow.source import ServiceNow

    return ServiceNow(options, tools)


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    """Offer the kind "servicenow". The vendor has no limit of its own: an instance has those that its admin sets."""
    can = frozenset({"comment", "restart", "hear"})
    return [Kind(name="servicenow", schema=options_schema, make=make_source, can=can)]


@hookimpl
def xmo_sandboxes() -> Iterable[Sandbox]:
    """Offer the stand-in for an instance. Called by `xmo sandbox`."""
    from xmo_servicenow.sandbox import SANDBOX

    return [SANDBOX]
