"""What a person at a terminal sees of a long run; a timer's log sees nothing of it."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


class Progress:
    """One line a source: what came in, and while a vendor makes it wait, for what and until when."""

    def __init__(self, *, show: bool) -> None:
        self._bars: Bars | None = None
        self._lines: dict[str, TaskID] = {}
        if show:
            from rich.console import Console
            from rich.progress import Progress as Bars
            from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(finished_text="✓"),
                TextColumn("{task.fields[source]:<16}"),
                TextColumn("{task.completed:>9,.0f} tickets"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[note]}", style="dim"),
            )
            self._bars = Bars(*columns, console=Console(stderr=True))

    def __enter__(self) -> Self:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def page(self, source: str, tickets: int) -> None:
        """Add a page's tickets to a source's line."""
        if self._bars:
            self._bars.update(self._line(source), advance=tickets, note="")

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Say that a source waits, for what and until when."""
        if self._bars:
            self._bars.update(self._line(source), note=f"waiting until {until:%H:%M:%S} UTC: {reason}")

    def done(self, source: str) -> None:
        """Mark a source as fetched to its end."""
        if self._bars:
            line = self._line(source)
            self._bars.update(line, total=self._bars.tasks[line].completed, note="")

    def _line(self, source: str) -> TaskID:
        if self._bars is None:
            raise RuntimeError("there are no lines to draw on")
        if source not in self._lines:
            self._lines[source] = self._bars.add_task("", total=None, source=source, note="")
        return self._lines[source]
