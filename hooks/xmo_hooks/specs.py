"""The hook specs: what a plugin may implement. Here "hook" means a pluggy hook, never a vendor client or a webhook.

A plugin is a module named by an entry point of group `xmo.plugins`. It implements any of these with `@hookimpl`, taking
only the arguments it wants. The core calls each plugin by itself: one that raises is named and stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import pluggy

from xmo_hooks.records import Ask, Experience, Invitation, Ledger, Message, Occasion, Skip, Table, Wait
from xmo_hooks.services import ChannelKind, Desk, Kind, Mount, Reader, Sandbox, Section, Settings

hookspec = pluggy.HookspecMarker("xmo")
hookimpl = pluggy.HookimplMarker("xmo")


@hookspec
def xmo_sections() -> Iterable[Section]:  # type: ignore[empty-body]
    """Name the config sections of this plugin. Called when the config is read."""


@hookspec
def xmo_sources() -> Iterable[Kind]:  # type: ignore[empty-body]
    """Offer kinds of sources, picked by `kind` in `[sources.NAME]`. Called when the config is read."""


@hookspec
def xmo_channels() -> Iterable[ChannelKind]:  # type: ignore[empty-body]
    """Offer kinds of channels, picked by `kind` in `[channels.NAME]`. Called when the config is read."""


@hookspec
def xmo_sandboxes() -> Iterable[Sandbox]:  # type: ignore[empty-body]
    """Offer stand-ins for a vendor's API. Called by `xmo sandbox`."""


@hookspec
def xmo_decide(occasion: Occasion, ledger: Ledger, now: datetime, settings: Settings) -> Ask | Skip | Wait | None:
    """Vote on asking about one occasion: a survey trigger. Called for each resolution without a decision, in order of
    time, and again before the question goes out. Any Skip wins, then any Wait; the probabilities of the Asks
    multiply; no vote is a Skip. Pure: the same arguments give the same vote."""


@hookspec(firstresult=True)
def xmo_compose(invitation: Invitation, settings: Settings) -> Message | None:
    """Write the words of one invitation. Called when it is about to be sent; the first message counts."""


@hookspec
def xmo_score(experience: Experience, settings: Settings) -> Mapping[str, int | None]:  # type: ignore[empty-body]
    """Score one experience, in thousandths, None for unknown: a scoring rule. Called after answers came in, and for
    all answers again when the rule has changed. Pure, and its names are unique over all plugins."""


@hookspec
def xmo_figures(reader: Reader, now: datetime, settings: Settings) -> Iterable[Table]:  # type: ignore[empty-body]
    """Compute tables of figures from cells. Called by `xmo report`; the wall stands behind it."""


@hookspec
def xmo_render(tables: Sequence[Table], now: datetime, settings: Settings) -> Mapping[str, bytes]:  # type: ignore[empty-body]
    """Write files from the tables that passed the wall: file name to content. Called by `xmo report`."""


@hookspec
def xmo_pages(desk: Desk, settings: Settings) -> Iterable[Mount]:  # type: ignore[empty-body]
    """Serve pages. Called by `xmo serve`; the app mounted at `/a` answers the links of invitations, `/a/TOKEN`."""
