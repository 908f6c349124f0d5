"""A clock that moves on only when somebody sleeps, so that an hour's wait takes no time."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The time of one test. `slept` holds every wait, in seconds; `looks` counts who looked at it."""

    def __init__(self, start: datetime | None) -> None:
        self._at = self._start = start or datetime.now(UTC).replace(microsecond=0)
        self.slept: list[float] = []
        self.looks = 0

    def now(self) -> datetime:
        """Return the time, in UTC."""
        self.looks += 1
        return self._at

    def monotonic(self) -> float:
        """Return the seconds since the test began."""
        return (self._at - self._start).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.slept.append(seconds)
        self._at += timedelta(seconds=max(0.0, seconds))
