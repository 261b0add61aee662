"""The logger of every room: lines go to stderr, from warnings up, until whoever runs says otherwise.

`lienthong serve` says otherwise (gateway/cli/operating_log.py). Other commands print what they were asked
for on stdout, often for a program to read, and structlog's own default would write between it.
"""

import logging
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO, cast

import structlog


@dataclass(frozen=True, slots=True, weakref_slot=True)  # structlog keeps a lock by the stream
class _Unfailing:
    stream: TextIO | None

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):  # full, or nobody reads; closed
            if self.stream is not None:
                self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if self.stream is not None:
                self.stream.flush()

    def isatty(self) -> bool:
        return self.stream is not None and self.stream.isatty()


def unfailing(stream: TextIO | None) -> TextIO:
    """Make a stream that would rather lose lines than stop a walk, as no walk is there for its lines."""
    return cast("TextIO", _Unfailing(stream))


if not structlog.is_configured():
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=unfailing(sys.stderr).isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=unfailing(sys.stderr)),
    )

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()


def cause_of(error: BaseException) -> str | None:
    """Say in words, on one line, what lies behind an error of ours; None when nothing does."""
    cause = error.__cause__
    if cause is None:
        return None
    # The system's own words, where it has some: libraries put addresses and numbers of theirs around them.
    errno = cause.errno if isinstance(cause, OSError) else None
    said = os.strerror(errno) if errno is not None and errno > 0 else str(cause).partition("\n")[0]
    return said or ("it took too long" if isinstance(cause, TimeoutError) else type(cause).__name__)
