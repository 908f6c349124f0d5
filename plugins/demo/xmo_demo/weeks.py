"""The weeks of the demo: in each one, time passes at the vendor, the line runs once, and those who were asked react."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from xmo_demo.processes import Xmo
from xmo_demo.respondents import Deed
from xmo_demo.vendor import Vendor
from xmo_demo.visit import Browser

START = datetime(2016, 3, 2, tzinfo=UTC)  # a day into the excerpt: what ended before is history
WEEKS = 13  # then the excerpt ends
WEEK = timedelta(days=7)
PAUSE = timedelta(hours=12)  # between a question and its answer


@dataclass(frozen=True, kw_only=True, slots=True)
class Week:
    """What one run did and what came back; `left` is the link of a question to which nobody reacted."""

    at: datetime
    fetched: int
    asked: int
    deeds: Counter[Deed]
    left: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where the weeks are played; `pages` is the address of the survey pages, `port` the port that they listen on."""

    xmo: Xmo
    vendor: Vendor
    browser: Browser
    pages: str
    port: int


def play(stage: Stage, weeks: int) -> Iterator[Week]:
    """Yield the first run, which switches asking on, then week by week. Raises `XmoError` and errors of requests."""
    stage.vendor.put_clock(START)
    fetched, asked = _run(stage, START)
    yield Week(at=START, fetched=fetched, asked=asked, deeds=Counter())
    for n in range(1, weeks + 1):
        yield _week(stage, START + n * WEEK)


def _week(stage: Stage, at: datetime) -> Week:
    stage.vendor.put_clock(at)
    # The pages start while the line runs: both take a second, and a demo should be short.
    with stage.xmo.listening("serve", "--port", str(stage.port), now=at + PAUSE) as pages:
        fetched, asked = _run(stage, at)
        pages.ready()
        deeds: Counter[Deed] = Counter()
        left = None
        for question in stage.vendor.questions(at, f"{stage.pages}/a"):
            deed = stage.browser.react(question)
            deeds[deed] += 1
            left = question.link if deed == "nothing" else left
    return Week(at=at, fetched=fetched, asked=asked, deeds=deeds, left=left)


def _run(stage: Stage, at: datetime) -> tuple[int, int]:
    """Run the line once, and return how many tickets it fetched and how many questions it sent."""
    counts = json.loads(stage.xmo.run("run", "--json", now=at))["counts"]
    return counts.get("desk", {}).get("tickets", 0), counts.get("asking", {}).get("sent", 0)
