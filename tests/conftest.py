"""What every test has in common."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.object_store import Store

# The suite is a gate: the same cases every time, and no verdict about how busy the machine is.
settings.register_profile(
    "gate",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("gate")

# Quiet, and never with local variables: a failing test shows its own.
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ],
)


@pytest.fixture(scope="session")
def object_store() -> Iterator["Store"]:
    """One object store for all tests of a worker; each takes a prefix of its own."""
    from tests.object_store import moto

    with moto() as store:
        yield store
