"""Fences: what must still be true when an act runs, or it does not run.

Whoever walks behind a fence need not think of it: it is asked in every transaction that the walk and the
tasks it starts write, within that transaction. Nothing can change between the question and the act.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

from gateway.store.tables import Tables

Result = TypeVar("Result")
Fence = Callable[[Tables], None]
"""Raises when the act must not run."""

_fence: ContextVar[Fence | None] = ContextVar("fence", default=None)


@contextlib.contextmanager
def fenced(fence: Fence) -> Iterator[None]:
    """Let every act be asked that is written here."""
    token = _fence.set(fence)
    try:
        yield
    finally:
        _fence.reset(token)


def behind_fence(act: Callable[[Any], Result]) -> Callable[[Any], Result]:
    """Put an act behind the fence of whoever writes it, if there is one."""
    fence = _fence.get()
    if fence is None:
        return act

    def asked(tables: Any) -> Result:
        fence(tables)
        return act(tables)

    return asked
