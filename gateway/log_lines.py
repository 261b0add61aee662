"""The logger of every room: lines go to stderr, from warnings up, until whoever runs says otherwise.

`lienthong serve` says otherwise (gateway/cli/operating_log.py). Other commands print what they were asked
for on stdout, often for a program to read, and structlog's own default would write between it.
"""

import logging
import os
import sys

import structlog

if not structlog.is_configured():
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
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
