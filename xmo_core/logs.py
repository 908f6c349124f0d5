"""The log: one line for each event on stderr, in text or JSON, without secrets."""

import logging
import sys
from typing import Any, TextIO

from xmo_core.options import LogOptions
from xmo_core.secrets import redact

# structlog loads rich for tracebacks that we do not let it write, which takes a tenth of the start of every run: it is
# told that there is no rich.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
try:
    import structlog
    from structlog.stdlib import ProcessorFormatter
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger
finally:
    if sys.modules["rich"] is None:
        del sys.modules["rich"]

_CHATTY = ("alembic", "urllib3", "waitress", "pysnow")
_FACTS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_JSON: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def configure(options: LogOptions, stream: TextIO | None = None) -> None:
    """Send every log, ours and the libraries', to `stream` (stderr). Called once, when a command begins."""
    handler = logging.StreamHandler(stream or sys.stderr)
    render = _JSON if options.format == "json" else _text(colour=handler.stream.isatty())
    chain = [ProcessorFormatter.remove_processors_meta, *render, _redacted]
    handler.setFormatter(ProcessorFormatter(processors=chain, foreign_pre_chain=_FACTS))
    logging.basicConfig(handlers=[handler], level=options.level.upper(), force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_FACTS, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(options.level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


def get(name: str) -> FilteringBoundLogger:
    """Return the log of one part of XMO; `bind` adds facts to all its lines."""
    log: FilteringBoundLogger = structlog.get_logger(name)
    return log


def _text(*, colour: bool) -> list[Processor]:
    # Not the rich tracebacks: they print the values of local variables, and these are people's.
    return [structlog.dev.ConsoleRenderer(colors=colour, exception_formatter=structlog.dev.plain_traceback)]


def _redacted(_logger: WrappedLogger, _method: str, line: EventDict | str) -> Any:
    return redact(str(line))
