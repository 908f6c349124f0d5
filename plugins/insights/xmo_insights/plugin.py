"""The door of the insights plugin: which hooks it implements. What is heavy is imported when a hook is called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from xmo_hooks import hookimpl

if TYPE_CHECKING:
    from xmo_hooks import Experience, Reader, Section, Settings, Table

XMO_CONTRACT = (1, 0)


@hookimpl
def xmo_sections() -> Iterable[Section]:
    """Name the section `[insights]`."""
    from xmo_hooks import Section
    from xmo_insights.options import Insights, InsightsSchema

    return [Section(name="insights", type=Insights, schema=InsightsSchema)]


@hookimpl
def xmo_score(experience: Experience, settings: Settings) -> Mapping[str, int | None]:
    """Score the answer to the question that `[insights]` names; see `xmo_insights.scores`."""
    from xmo_insights.options import Insights
    from xmo_insights.scores import score

    return score(experience.answers, settings.get(Insights).question)


@hookimpl
def xmo_figures(reader: Reader, now: datetime, settings: Settings) -> Iterable[Table]:
    """Compute the tables on feeling for `xmo report`; see `xmo_insights.figures`."""
    from xmo_insights.figures import tables
    from xmo_insights.options import Insights

    return list(tables(reader, now, settings.get(Insights).cuts))  # so that it fails here, if it does
