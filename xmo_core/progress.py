"""What a person at a terminal sees of a long run; a timer's log sees nothing of it."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Progress:
    """One line a source: what came in, and while a vendor makes it wait, for what and until when."""

    def __init__(self, *, show: bool) -> None:
        self._lines: dict[str, TaskID] = {}
        self._bars = Bars(
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.fields[source]:<16}"),
            TextColumn("{task.completed:>9,.0f} tickets"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}", style="dim"),
            console=Console(stderr=True),
            disable=not show,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def page(self, source: str, tickets: int) -> None:
        """Add a page's tickets to a source's line."""
        self._bars.update(self._line(source), advance=tickets, note="")

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Say that a source waits, for what and until when."""
        self._bars.update(self._line(source), note=f"waiting until {until:%H:%M:%S} UTC: {reason}")

    def done(self, source: str) -> None:
        """Mark a source as fetched to its end."""
        line = self._line(source)
        self._bars.update(line, total=self._bars.tasks[line].completed, note="")

    def _line(self, source: str) -> TaskID:
        if source not in self._lines:
            self._lines[source] = self._bars.add_task("", total=None, source=source, note="")
        return self._lines[source]
