"""The log: one line for each event on stderr, in text or JSON, without secrets."""

import logging
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from xmo_core.options import LogOptions
from xmo_core.secrets import redact

_CHATTY = ("alembic", "urllib3", "waitress", "pysnow")


def configure(options: LogOptions, stream: TextIO | None = None) -> None:
    """Send every log, ours and the libraries', to `stream` (stderr). Called once, when a command begins."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_render(options, colour=out.isatty()),
                _redacted,
            ],
            foreign_pre_chain=_facts(),
        )
    )
    logging.basicConfig(handlers=[handler], level=options.level.upper(), force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_facts(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(options.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def get(name: str) -> FilteringBoundLogger:
    """Return the log of one part of XMO; `bind` adds facts to all its lines."""
    log: FilteringBoundLogger = structlog.get_logger(name)
    return log


def _facts() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _render(options: LogOptions, *, colour: bool) -> list[Processor]:
    if options.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    # Not the rich tracebacks: they print the values of local variables, and these are people's.
    return [structlog.dev.ConsoleRenderer(colors=colour, exception_formatter=structlog.dev.plain_traceback)]


def _redacted(_logger: WrappedLogger, _method: str, line: EventDict | str) -> Any:
    return redact(str(line))
