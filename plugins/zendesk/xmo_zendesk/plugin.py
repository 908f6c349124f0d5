"""The entry point of the Zendesk plugin. Light: everything heavy is imported when a source is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xmo_hooks import Kind, Sandbox, Source, Tools, hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

    from xmo_zendesk.options import Options

XMO_CONTRACT = (1, 0)
REQUESTS_PER_MINUTE = 200  # the smallest plan's; all apps of an account share its limit
LIMITS = {"/api/v2/incremental/": 10}  # all exports together; 30 with the vendor's add-on


def options_schema() -> Schema:
    """Make the schema of a `[sources.NAME]` of this kind. Called when the config is read."""
    from xmo_zendesk.options import OptionsSchema

    return OptionsSchema()


def make_source(options: Options, tools: Tools) -> Source:
    """Make the source; connects nothing. Called once a run."""
    from xmo_zendesk.source import Zendesk

    return Zendesk(options, tools)


@hookimpl
def xmo_sources() -> Iterable[Kind]:
    """Offer the kind "zendesk". Deletions are reported by the export itself, so it has no capability "gone"."""
    return [
        Kind(
            name="zendesk",
            schema=options_schema,
            make=make_source,
            can=frozenset({"comment", "hear"}),
            requests_per_minute=REQUESTS_PER_MINUTE,
            limits=LIMITS,
            final=frozenset({"closed"}),
        )
    ]


@hookimpl
def xmo_sandboxes() -> Iterable[Sandbox]:
    """Offer the stand-in for an account. Called by `xmo sandbox`."""
    from xmo_zendesk.sandbox import SANDBOX

    return [SANDBOX]
