"""Moves a node's database to another place, of either engine: copied, compared, examined, released.

The old place is only read. A move that was interrupted is begun again in the same way, and goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from time import monotonic

from gateway.errors import Misconfiguration
from gateway.evidence.merkle import Frontier
from gateway.exchange.examination import Finding, House, examine
from gateway.model.identifiers import AgencyCode
from gateway.store.database import engine_of, looking
from gateway.store.moving import MovedTable, filling, in_making, move_table, paired, release, restore
from gateway.store.schema import newest_version, version_of
from gateway.store.tables import Dialect, Tables

Tell = Callable[[str, int], None]

# Who else is connected: other nodes, whose lock does not lie in this one's folder.
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'lienthong' AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What was moved, and is the same on both sides.

    Shape: log_root is the root of the whole log in hex; findings are what an examination of the new place
    says; an error among them was there before.
    Units: times in seconds.
    """

    tables: tuple[MovedTable, ...]
    log_size: int
    log_root: str
    findings: tuple[Finding, ...]
    copying_seconds: float
    checking_seconds: float

    @property
    def rows_count(self) -> int:
        """Tell how many rows there are."""
        return sum(table.rows_count for table in self.tables)


def move_database(
    here: House,
    there: House,
    *,
    owner: AgencyCode,
    at: datetime,
    thorough: bool,
    tell: Tell = lambda *_: None,
) -> Moved:
    """Move everything that is recorded; only while no node runs. Blocks: to be run in a thread.

    Shape: thorough as `examine` has it; tell is told each table's name, and how many rows of it came.
    Errors: Misconfiguration when the target cannot take it, or is not the same in the end.
    """
    began = monotonic()
    dialect = engine_of(here.source).dialect
    with looking(here.source) as source:
        _check_source(source, dialect)
        with filling(there.source, source, dialect, owner=owner) as target:
            tables = [
                move_table(source, target, table, partial(tell, table.name))
                for table in paired(source, dialect, target)
            ]
            restore(target)
            copied = monotonic()
            size, root = _log_of(source)
            with target.engine.looking() as moved:
                if _log_of(moved) != (size, root):
                    raise _refused("log-differs", "nhật ký không giống bản gốc", "the log is not the same")
            in_place = replace(there, source=in_making(there.source))
            findings = examine(in_place, at=at, thorough=thorough)
            _check_findings(findings, here, at, thorough)
            release(target)
    return Moved(
        tables=tuple(tables),
        log_size=size,
        log_root=root,
        findings=tuple(findings),
        copying_seconds=copied - began,
        checking_seconds=monotonic() - copied,
    )


def _check_source(source: Tables, dialect: Dialect) -> None:
    if version_of(source, dialect) != newest_version():
        raise _refused(
            "schema-unknown",
            "hãy chạy nút này một lần với phiên bản hiện tại rồi dừng lại",
            "serve this node once with this version, and stop it",
        )
    if dialect is Dialect.POSTGRESQL and source.execute(_OTHERS).fetchone()[0]:
        raise _refused("already-served", "còn nút khác đang dùng cơ sở dữ liệu", "another node is using it")


def _log_of(tables: Tables) -> tuple[int, str]:
    tree = Frontier()
    for (leaf,) in tables.execute("SELECT leaf FROM log ORDER BY seq"):
        tree.append(leaf)
    return tree.size, tree.root().hex()


def _check_findings(findings: list[Finding], here: House, at: datetime, thorough: bool) -> None:
    """Refuse what is wrong in the new place, unless it was as wrong before."""
    wrong = {finding for finding in findings if finding.is_error}
    if wrong and not wrong <= set(examine(here, at=at, thorough=thorough)):
        codes = ", ".join(sorted(finding.code for finding in wrong))
        raise _refused(
            "moved-and-wrong",
            f"khám nơi mới thấy: {codes}",
            f"an examination of the new place finds: {codes}",
        )


def _refused(code: str, vi: str, en: str) -> Misconfiguration:
    return Misconfiguration.because(code, where="storage.database", vi=vi, en=en)
