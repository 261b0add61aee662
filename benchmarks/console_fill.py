"""Fills a node's database with two years of documents and obligations, in bulk: to measure a console with.

``python -m benchmarks.console_fill FOLDER COUNT``; the folder is a data directory made by ``lienthong init``.
"""

import json
import math
import random
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.model.identifiers import time_ordered_id
from gateway.store.database import migrate, to_micros

AGENCIES = {
    "000.00.12.H57": "Sở Y tế tỉnh Thử Nghiệm",
    "000.00.08.H57": "Sở Tài chính tỉnh Thử Nghiệm",
    "000.00.03.H57": "Sở Nội vụ tỉnh Thử Nghiệm",
    "000.00.05.H57": "Sở Giáo dục và Đào tạo tỉnh Thử Nghiệm",
    "000.00.21.H57": "UBND huyện Thử Nghiệm Thượng",
    "000.00.22.H57": "UBND huyện Thử Nghiệm Hạ",
}
MINISTRY = "000.00.00.G22"
_SUBJECTS = (
    "V/v báo cáo tình hình phòng, chống dịch bệnh",
    "Về việc triển khai nhiệm vụ trọng tâm quý tới",
    "Kế hoạch kiểm tra công tác cải cách hành chính",
    "Mời họp giao ban",
    "Quyết định phê duyệt dự toán",
)


def fill(path: Path, count: int, *, now: datetime, days: int = 700) -> None:
    """Write so many documents, more on working days and more of late."""
    migrate(path)
    chance = random.Random(7)
    instants = sorted(_instants(count, now, days, chance))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # a node that opens it sets its own again
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        connection.executemany(
            "INSERT OR IGNORE INTO agencies (code, name) VALUES (?, ?)", list(AGENCIES.items())
        )
        for start in range(0, count, 50_000):
            _write(connection, instants[start : start + 50_000], start, now, chance)
        _register(connection)
        _oblige(connection, count // 20, now, days, chance)
    connection.close()


def _register(connection: sqlite3.Connection) -> None:
    """Enter every document; of their threads nothing is asked."""
    types = ("Công văn", "Báo cáo", "Quyết định", "Kế hoạch", "Giấy mời", "Tờ trình", "Thông báo")
    chosen = " ".join(f"WHEN {n} THEN '{name}'" for n, name in enumerate(types))
    connection.execute(
        "INSERT INTO register (agency, side, thread_id, package_id, at, day, type, is_legal,"
        " deliveries_count, in_time) SELECT iif(direction = 'inbound', recipients ->> 0, sender),"
        " iif(direction = 'inbound', 'in', 'out'), id, id, accepted_at, promulgated_on,"
        f" CASE rowid % {len(types)} {chosen} END, 0, 1, rowid % 9 > 0 FROM packages WHERE kind = 'document'"
    )
    connection.commit()


def _oblige(
    connection: sqlite3.Connection, count: int, now: datetime, days: int, chance: random.Random
) -> None:
    """Give so many obligations: most tasks, nine of ten ended, one of ten of them late."""
    codes = list(AGENCIES)
    kinds = ("task", "task", "task", "dossier", "dossier", "petition", "field-report")
    rows, steps = [], []
    for number in range(count):
        assigned = now - timedelta(days=days * chance.random() ** 1.3, hours=1)
        term = chance.choice([5, 10, 15, 20, 30, 45, 60])
        due = assigned + timedelta(days=term) if chance.random() < 0.95 else None
        ended = assigned + timedelta(days=term * chance.betavariate(5, 1.2) * 1.1)
        is_open = ended > now or chance.random() < 0.01
        obligation_id = time_ordered_id(int(assigned.timestamp() * 1000), (1 << 62) + number)
        kind, micros = chance.choice(kinds), to_micros(assigned)
        due_on = None if due is None else f"{due:%Y-%m-%d}"
        rows.append(
            (
                *(obligation_id, kind, chance.choices(codes, [9, 6, 4, 4, 2, 1])[0]),
                *(f"{kind}-{number}", f"{kind.upper()}-{number}", chance.choice(_SUBJECTS)),
                *(None if kind == "petition" else MINISTRY, micros, f"{assigned:%Y-%m-%d}", due_on, due_on),
                "open" if is_open else "done",
                None if is_open else to_micros(ended),
                None if is_open else f"{ended:%Y-%m-%d}",
                *(None, "", micros if is_open else to_micros(ended)),
            )
        )
        steps.append((obligation_id, "open", micros, due_on))
        if not is_open:
            steps.append((obligation_id, "finish", to_micros(ended), None))
    connection.executemany(f"INSERT INTO obligations VALUES (?{', ?' * 16})", rows)
    connection.executemany(
        "INSERT INTO obligation_steps (obligation_id, act, at, due_on) VALUES (?, ?, ?, ?)", steps
    )
    connection.commit()


def _instants(count: int, now: datetime, days: int, chance: random.Random) -> Iterator[datetime]:
    weights = [
        (0.3 + 0.7 * (1 - back / days))
        * (0.12 if (now - timedelta(days=back)).weekday() > 4 else 1)
        * (1 + 0.25 * math.sin(back / 9))
        for back in range(days)
    ]
    for back in chance.choices(range(days), weights, k=count):
        yield min(now, now - timedelta(days=back) + timedelta(hours=chance.gauss(0, 2.2)))


def _write(
    connection: sqlite3.Connection,
    instants: Sequence[datetime],
    start: int,
    now: datetime,
    chance: random.Random,
) -> None:
    packages, dispatches = [], []
    codes = list(AGENCIES)
    shares = [9, 6, 4, 4, 2, 1]
    for number, at in enumerate(instants, start=start):
        package_id = time_ordered_id(int(at.timestamp() * 1000), (1 << 62) + number)
        comes = chance.random() < 0.62
        agency = chance.choices(codes, shares)[0]
        sender, recipient = (MINISTRY, agency) if comes else (agency, MINISTRY)
        kind = "document" if chance.random() < 0.6 else "status"
        micros = to_micros(at)
        packages.append(
            (
                package_id,
                "inbound" if comes else "outbound",
                "axis" if comes else "SYT",
                package_id,
                kind,
                f"{number:064x}",
                chance.randint(9_000, 90_000),
                sender,
                json.dumps([recipient]),
                f"{sender},{at:%Y/%m/%d},{number}/VB",
                f"{number}/VB",
                f"{at:%Y-%m-%d}",
                chance.choice(_SUBJECTS),
                0,
                "valid",
                "[]",
                micros,
            )
        )
        recent = now - at < timedelta(hours=30) if comes else now - at < timedelta(minutes=50)
        state = "waiting" if recent and chance.random() < 0.2 else "delivered"
        state = "refused" if state == "delivered" and chance.random() < 0.002 else state
        ended = None if state == "waiting" else micros + chance.randint(1, 4000) * 1_000_000
        dispatches.append(
            (
                package_id,
                package_id,
                "mailbox" if comes else "axis",
                agency if comes else None,
                json.dumps([recipient]),
                0,
                "waiting",
                micros,
                micros,
                micros + 432_000_000_000,
                kind,
                sender,
                state,
                ended,
            )
        )
    connection.executemany(
        "INSERT INTO packages (id, direction, system_id, submission, kind, digest, size_bytes, sender,"
        " recipients, document_id, notation, promulgated_on, subject, priority, grade, warnings, accepted_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        packages,
    )
    connection.executemany(
        "INSERT INTO dispatches (id, package_id, destination, mailbox, recipients, priority, state,"
        " created_at, due_at, expires_at, kind, sender) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [row[:12] for row in dispatches],
    )
    connection.executemany(
        "UPDATE dispatches SET state = ?, ended_at = ? WHERE id = ?",
        [(*row[12:], row[0]) for row in dispatches if row[12] != "waiting"],
    )
    connection.commit()


if __name__ == "__main__":
    fill(Path(sys.argv[1]) / "lienthong.db", int(sys.argv[2]), now=datetime.now(UTC))
