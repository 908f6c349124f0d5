"""The survey plugin: asks people how support made them feel, when their trouble has ended."""

from collections.abc import Iterable
from datetime import datetime

from xmo_hooks import (
    Ask,
    Desk,
    Invitation,
    Ledger,
    Message,
    Mount,
    Occasion,
    Section,
    Settings,
    Site,
    Skip,
    Wait,
    hookimpl,
)
from xmo_surveys.options import Survey, SurveySchema

XMO_CONTRACT = (1, 1)


@hookimpl
def xmo_sections() -> Iterable[Section]:
    """Name the section `[survey]`."""
    return [Section(name="survey", type=Survey, schema=SurveySchema)]


@hookimpl
def xmo_decide(occasion: Occasion, ledger: Ledger, now: datetime, settings: Settings) -> Ask | Skip | Wait:
    """Vote on asking about the end of one problem."""
    from xmo_surveys.trigger import decide

    return decide(occasion, ledger, now, settings.get(Survey))


@hookimpl
def xmo_compose(invitation: Invitation, settings: Settings) -> Message:
    """Write the comment that carries the question."""
    from xmo_surveys.words import compose

    return compose(invitation, settings.get(Site))


@hookimpl
def xmo_pages(desk: Desk, settings: Settings) -> Iterable[Mount]:
    """Serve the pages people answer on."""
    from xmo_surveys.pages import PATH, make_pages

    return [Mount(path=PATH, app=make_pages(desk, settings.get(Site), settings.get(Survey)))]
