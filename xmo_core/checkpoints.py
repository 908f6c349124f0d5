"""Named instants at which a process may die. In life they do nothing; the kill tests hook in here."""

from collections.abc import Callable

# Each name is passed at least once by the kill test, which reads them from here.
POINTS = (
    *("page.fetched", "page.written", "page.stored", "sync.complete", "decisions.written", "decisions.stored"),
    *("attempt.stored", "question.sent", "invitation.settled", "answer.written", "answer.stored"),
    *("scores.written", "scores.stored"),
)

_watch: list[Callable[[str], None]] = []


def reach(point: str) -> None:
    """Pass a named instant."""
    for watcher in _watch:
        watcher(point)


def watch(watcher: Callable[[str], None]) -> None:
    """Have a function called with each point that is reached, for the life of the process."""
    _watch.append(watcher)
