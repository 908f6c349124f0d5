"""The entry point of the Jira plugin. Light: everything heavy is imported when a source is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xmo_hooks import Kind, Sandbox, Source, Tools, hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

    from xmo_jira.options import Options

XMO_CONTRACT = (1, 0)


def options_schema() -> Schema:
    """Make the schema of a `[sources.NAME]` of this kind. Called when the config is read."""
    from xmo_jira.options import OptionsSchema

    return OptionsSchema()


def make_source(options: Options, tools: Tools) -> Source:
    """Make the source; connects nothing. Called once a run."""
    from xmo_jira.source import Jira

    return Jira(options, tools)


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    """Offer the kind "jira". It names no limit: Cloud's are 100 requests of a kind a second and points an hour that
    hang on the plan (a 429 says when to come back), Data Center's are set by its admin."""
    can = frozenset({"comment", "gone", "hear"})
    return [Kind(name="jira", schema=options_schema, make=make_source, can=can)]


@hookimpl
def xmo_sandboxes() -> Iterable[Sandbox]:
    """Offer the stand-ins for a Cloud site and for a Data Center. Called by `xmo sandbox`."""
    from xmo_jira.sandbox import SANDBOX, SERVER

    return [SANDBOX, SERVER]
