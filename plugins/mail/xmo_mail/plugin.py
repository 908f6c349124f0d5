"""The entry point of the mail plugin. Light: everything heavy is imported when a question is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xmo_hooks import Channel, ChannelKind, Tools, hookimpl

if TYPE_CHECKING:
    from marshmallow import Schema

    from xmo_mail.options import Options

XMO_CONTRACT = (1, 1)


def options_schema() -> Schema:
    """Make the schema of a `[channels.NAME]` of this kind. Called when the config is read."""
    from xmo_mail.options import OptionsSchema

    return OptionsSchema()


def make_channel(options: Options, tools: Tools) -> Channel:
    """Make the channel; connects nothing. Called in each process of a run."""
    from xmo_mail.channel import Mail

    return Mail(options, tools)


@hookimpl
def xmo_channels() -> Iterable[ChannelKind]:
    """Offer the kind "mail". It has no documented limit: each server has its own."""
    return [ChannelKind(name="mail", schema=options_schema, make=make_channel)]
