"""The operating log: tonight's operator reads it, on stderr, one line for each event.

Ours and the libraries' lines go the same way. Tracebacks come without local variables, where secrets and
documents lie; control signs in a value never reach the terminal.
"""

import logging
import re
import sys
from typing import Any, TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from structlog.types import EventDict, Processor

from gateway.log_lines import unfailing
from gateway.settings import Log


def start_log(settings: Log, *, into: TextIO | None = None, worker: int | None = None) -> None:
    """Send every log line to stderr or into a file, in the form and from the level the settings say.

    Shape: worker is the number of one of several processes; it stands in each of its lines.
    """
    file = unfailing(into or sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        *(() if worker is None else (_naming(worker),)),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(
            fmt="%Y-%m-%d %H:%M:%S" if settings.format == "console" else "iso",
            utc=settings.format != "console",
        ),
        _leave_out_nothing,
        _make_printable,
    ]
    ending = [*_exceptions(settings.format), _renderer(settings.format)]
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=file),
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler(file)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )
    lines.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(max(level, logging.INFO))  # the libraries' own debugging tells what they carry
    logging.captureWarnings(True)
    logging.getLogger("aiohttp.server").addFilter(_tell_in_one_line)


def _tell_in_one_line(record: logging.LogRecord) -> bool:
    """Tell without a traceback that a caller sent no HTTP, as often as he likes."""
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, HttpProcessingError):
        return True
    record.msg, record.args, record.exc_info = f"{record.getMessage()}: {type(error).__name__}", (), None
    record.levelno, record.levelname = logging.INFO, "INFO"
    return logging.getLogger().isEnabledFor(logging.INFO)


def _exceptions(form: str) -> list[Processor]:
    if form == "console":
        return []
    if form == "json":
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        return [structlog.processors.ExceptionRenderer(tracebacks)]
    return [structlog.processors.format_exc_info]


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "logfmt":
        return structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    is_terminal = unfailing(sys.stderr).isatty()
    console = structlog.dev.ConsoleRenderer(
        pad_event_to=0,
        colors=is_terminal,
        exception_formatter=structlog.dev.plain_traceback,
        sort_keys=False,
    )
    return console if is_terminal else writing_plain_lines(console)


# What needs more than one line, or a column of its own.
_ELABORATE = frozenset({"exception", "exc_info", "stack", "logger", "logger_name"})
_QUOTED = re.compile("[ \t=\r\n\"']")


def writing_plain_lines(console: structlog.dev.ConsoleRenderer) -> Processor:
    """Write a plain line as the console does, only quicker: there is one for each request."""

    def write(logger: Any, method: str, event: EventDict) -> str:
        if not _ELABORATE.isdisjoint(event):
            return console(logger, method, event)
        head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event')}"
        return " ".join([head, *(f"{key}={_quote(value)}" for key, value in event.items())])

    return write


def _quote(value: object) -> str:
    return value if isinstance(value, str) and not _QUOTED.search(value) else repr(value)


def _naming(worker: int) -> Processor:
    def name(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event.setdefault("worker", worker)
        return event

    return name


def _leave_out_nothing(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {key: value for key, value in event.items() if value is not None}


def _make_printable(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(sign if sign.isprintable() else "·" for sign in value)
    return event
