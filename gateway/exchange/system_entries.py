"""A system an operator wants connected: checked against the directory before anything is written.

Pure: what is found wrong comes back as faults, all at once.
"""

import re
from collections.abc import Iterator

from gateway.errors import Fault
from gateway.exchange.agency_entries import taken_faults
from gateway.exchange.directory import Snapshot
from gateway.model.agency import System

# It travels in a header, and stands in log lines and addresses.
_SYSTEM_ID = re.compile(r"[A-Za-z0-9._@-]{1,100}", re.ASCII)


def is_system_id(text: str) -> bool:
    """Tell whether a text can name a system."""
    return _SYSTEM_ID.fullmatch(text) is not None


def check_system(wanted: System, directory: Snapshot, *, take_over: bool) -> Iterator[Fault]:
    """Find everything that is wrong with a system to be connected.

    Shape: take_over allows its agencies to be served by another system until now. Each fault's place is
    ``system`` or ``serves``.
    """
    if not is_system_id(wanted.id):
        yield Fault(
            rule="system-id-form",
            where="system",
            vi="mã hệ thống chỉ gồm chữ không dấu, số và . _ @ -, tối đa 100 ký tự",
            en="a system's id has letters, digits and . _ @ - only, 100 at most",
        )
    known = directory.systems.get(wanted.id)
    if known is not None and known.system.disabled_at is None:
        yield Fault(
            rule="system-exists",
            where="system",
            vi=f"hệ thống {wanted.id} đã kết nối; có thể đổi khóa hoặc thêm cơ quan cho nó",
            en=f"system {wanted.id} is connected already; rotate its secret or let it serve more agencies",
        )
    if not wanted.serves:
        yield Fault(
            rule="serves-nobody",
            where="serves",
            vi="hệ thống phải phục vụ ít nhất một cơ quan",
            en="a system serves at least one agency",
        )
    for code in sorted(wanted.serves):
        canonical = directory.canonical(code)
        if canonical not in directory.agencies:
            yield Fault(
                rule="unknown-agency",
                where="serves",
                vi=f"không có cơ quan {code} trong danh bạ; hãy thêm cơ quan trước",
                en=f"agency {code} is not in the directory; add it first",
            )
        elif not take_over:
            yield from taken_faults(canonical, wanted.id, directory, where="serves")
