"""What every test has in common."""

import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from gateway.log_lines import log
from gateway.store.tables import Dialect
from tests.databases import engine as engine

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

# Quiet, and never with local variables: a failing test shows its own. To this stderr, whatever stands in its
# place later: what a node here says is no part of what a command prints that a test calls meanwhile.
_STDERR = sys.stderr


def _talk_as_tests_do() -> None:
    vars(log).pop("bind", None)  # what a command that began a log of its own in this process left behind
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=_STDERR),
    )


_talk_as_tests_do()


@pytest.fixture(autouse=True)
def log_of_each_test() -> Iterator[None]:
    """Let no test write where one before it wanted its lines."""
    yield
    _talk_as_tests_do()


@pytest.fixture(scope="session")
def object_store() -> Iterator["Store"]:
    """One object store for all tests of a worker; each takes a prefix of its own."""
    from tests.object_store import moto

    with moto() as store:
        yield store


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the whole suite run on either engine."""
    parser.addoption("--engine", choices=[each.value for each in Dialect], default=Dialect.SQLITE.value)


def pytest_configure(config: pytest.Config) -> None:
    """Name the markers."""
    config.addinivalue_line("markers", "both_engines: runs on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", "sqlite_only: is about what only SQLite has, its file or its steps")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked so on both engines."""
    if metafunc.definition.get_closest_marker("both_engines"):
        metafunc.parametrize("engine", list(Dialect), ids=str, indirect=True)
