"""The logger of every room: lines go to stderr, from warnings up, until whoever runs says otherwise.

`lienthong serve` says otherwise (gateway/cli/operating_log.py). Other commands print what they were asked
for on stdout, often for a program to read, and structlog's own default would write between it.
"""

import logging
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
