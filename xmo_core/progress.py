"""What a person at a terminal sees of a long run; a timer's log sees nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress:
    """One line a source: what came in, and while a vendor makes it wait, for what and until when."""

    def __init__(self, *, show: bool) -> None:
        self._bars = _bars() if show else None
        self._lines: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def begin(self, sources: Iterable[str]) -> None:
        """Show a line for each source. Called when their processes are there: none is to be born beside the thread that
        draws."""
        if self._bars is not None:
            self._bars.start()
        for source in sources:
            self._update(source)

    def page(self, source: str, tickets: int) -> None:
        """Add a page's tickets to a source's line."""
        self._update(source, advance=tickets, note="")

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Say that a source waits, for what and until when."""
        self._update(source, note=f"waiting until {until:%H:%M:%S} UTC: {reason}")

    def done(self, source: str) -> None:
        """Mark a source as fetched to its end."""
        self._update(source, total=0, note="")

    def _update(self, source: str, **changes: Any) -> None:
        if self._bars is not None:
            if source not in self._lines:
                self._lines[source] = self._bars.add_task("", total=None, source=source, note="")
            self._bars.update(self._lines[source], **changes)


def _bars() -> Bars:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.SpinnerColumn(finished_text="✓"),
        progress.TextColumn("{task.fields[source]:<16} {task.completed:>9,.0f} tickets"),
        progress.TimeElapsedColumn(),
        progress.TextColumn("{task.fields[note]}", style="dim"),
        console=Console(stderr=True),
    )
