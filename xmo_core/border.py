"""The border between the engine and a vendor's plugin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from xmo_core.logs import get as get_log
from xmo_hooks import Unavailable, XmoError

log = get_log("xmo.border")


@contextmanager
def contract_kept() -> Iterator[None]:
    """Turn what a source raises against the contract into `Unavailable`, so that it stops no other source. The message
    of such an error may quote a person's data; its type never does."""
    try:
        yield
    except XmoError:
        raise
    except Exception as error:
        log.debug("source failed", exc_info=True)
        raise Unavailable(f"The plugin failed: {type(error).__name__}.") from error
