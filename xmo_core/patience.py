"""How long a plugin may take where it runs in our own process: an import, a call of a hook."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from xmo_hooks import XmoError


class TookTooLongError(XmoError):
    """What was called did not come back in time."""


class _Late(BaseException):
    """Not an `Exception`: no plugin shall take it for one of its own."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Break off what takes longer by `TookTooLongError`; tried again each second until it gives way.

    A signal does it, which reaches the main thread alone, and no extension that never comes back to Python; elsewhere,
    and where the system knows no such signal, nothing is limited.
    """
    if current_thread() is not main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    over = False

    def late(_signal: int, _frame: FrameType | None) -> None:
        if not over:  # a signal that comes just after the end is nobody's
            raise _Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)
    try:
        try:
            yield
        finally:
            over = True
    except _Late:
        raise TookTooLongError(f"it took longer than {seconds:.0f} seconds") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
