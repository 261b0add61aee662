"""What looking for documents costs: ``python -m benchmarks.search [--documents 1M] [--directory D]``.

A store of documents is filled through the same code that makes accepted documents findable, spread over two
years, six hundred agencies (a few of which write most) and the standings of life; then every kind of question
is asked as the console asks it, a page and its count, by somebody who sees all, by a large agency and by a
small one. A directory that is given is kept and used again. docs/performance.md has the figures.
"""

import argparse
import asyncio
import itertools
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gateway.exchange.directory import Directory
from gateway.exchange.lookup import Lookup
from gateway.exchange.notary import Notary
from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId, time_ordered_id
from gateway.model.marks import agency_mark, business_mark, day_marks, grade_mark, type_mark, urgency_mark
from gateway.model.people import User, UserId, UserRole
from gateway.model.question import Days, Order, Period, Question, Side, Standing, read_terms
from gateway.model.signature import Grade
from gateway.model.text import words_of
from gateway.store.database import migrate, open_database, to_micros
from gateway.store.findable import Findable, index_document
from gateway.store.packages import Direction
from gateway.trust.issuing import issue_seal, make_authority
from gateway.trust.keys import Algorithm, load_seal

_UNITS = {"K": 10**3, "M": 10**6}
_NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
_SPAN = timedelta(days=730)
_IN_A_TRANSACTION = 5_000
_ASKED_EACH = 5

_FIELDS = [
    "Y tế",
    "Tài chính",
    "Nội vụ",
    "Xây dựng",
    "Công Thương",
    "Tư pháp",
    "Giáo dục và Đào tạo",
    "Khoa học và Công nghệ",
    "Nông nghiệp và Môi trường",
    "Văn hóa",
    " Thể thao và Du lịch",
]
_TYPES = (("Công văn", 55), ("Báo cáo", 15), ("Quyết định", 10), ("Kế hoạch", 6), ("Tờ trình", 5))
_TYPES += (("Thông báo", 5), ("Giấy mời", 3), ("Công điện", 1))
_OPENINGS = [
    "Về việc báo cáo kết quả",
    "Về việc triển khai thực hiện",
    "Phê duyệt kế hoạch",
    "Hướng dẫn thực hiện",
    "Về việc tăng cường công tác",
    "Báo cáo tình hình",
    "Xin ý kiến góp ý dự thảo",
    "Mời họp về",
    "Về việc đôn đốc thực hiện",
    "Thông báo kết luận về",
    "Phê duyệt dự toán",
    "Về việc phối hợp",
]
_MATTERS = [
    "tiêm chủng mở rộng",
    "phòng chống dịch bệnh",
    "cải cách hành chính",
    "chuyển đổi số",
    "an toàn thực phẩm",
    "phòng cháy chữa cháy",
    "quản lý đất đai",
    "giải phóng mặt bằng",
    "thu chi ngân sách",
    "đầu tư công",
    "tuyển sinh lớp mười",
    "bảo hiểm y tế",
    "phòng chống thiên tai",
    "thanh tra đột xuất",
    "tiếp công dân",
    "xây dựng nông thôn mới",
    "quy hoạch đô thị",
    "giảm nghèo bền vững",
    "an ninh trật tự",
    "thi đua khen thưởng",
]
_ENDINGS = [
    "trên địa bàn tỉnh",
    "quý I",
    "quý II",
    "quý III",
    "quý IV",
    "6 tháng đầu năm",
    "năm 2025",
    "năm 2026",
    "giai đoạn 2026-2030",
    "theo Nghị quyết của Chính phủ",
    "tại các xã biên giới",
    "cho cán bộ công chức",
    "dịp Tết Nguyên đán",
]
_SYLLABLES = [
    "an",
    "bình",
    "châu",
    "đông",
    "giang",
    "hải",
    "khánh",
    "lâm",
    "minh",
    "ngọc",
    "phú",
    "quang",
    "sơn",
    "tân",
    "thanh",
    "uyên",
    "vĩnh",
    "xuân",
    "yên",
]
_STATUSES = (("06", 62), ("03", 10), ("05", 8), ("01", 12), ("02", 2), (None, 6))


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", default="1M", help="how many, as 200K or 1M")
    parser.add_argument("--directory", type=Path, help="where the store is, or will be kept")
    parser.add_argument(
        "--plans", action="store_true", help="print the plans of the questions that took long"
    )
    given = parser.parse_args()
    count = int(given.documents[:-1]) * _UNITS[given.documents[-1]]
    with tempfile.TemporaryDirectory() as temporary:
        directory = given.directory or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "search.db"
        if not path.exists():
            fill(path, count)
        asyncio.run(ask_all(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    code: AgencyCode
    name: str


def _houses() -> list[_House]:
    """Six hundred agencies; the first ones write most."""
    return [
        _House(
            code=AgencyCode(f"000.00.{department:02}.H{province:02}"),
            name=f"Sở {field_} tỉnh Thử Nghiệm {province}",
        )
        for department, field_ in enumerate(_FIELDS, 1)
        for province in range(1, 61)
    ]


def fill(path: Path, count: int) -> None:
    """Fill a new store with documents, oldest first."""
    migrate(path)
    houses = _houses()
    chance = random.Random(26)
    weights = list(itertools.accumulate(1 / (place + 1) for place in range(len(houses))))
    began = time.perf_counter()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        connection.executemany(
            "INSERT INTO agencies (code, name) VALUES (?, ?)", [(one.code, one.name) for one in houses]
        )
        for start in range(0, count, _IN_A_TRANSACTION):
            connection.execute("BEGIN")
            for number in range(start, min(count, start + _IN_A_TRANSACTION)):
                _add(connection, houses, weights, chance, number, count)
            connection.execute("COMMIT")
    took = time.perf_counter() - began
    size_bytes = path.stat().st_size
    print(
        f"filled {count} documents in {took:.0f} s, {took / count * 1e6:.0f} µs and"
        f" {size_bytes / count:.0f} bytes each"
    )


def _add(
    connection: sqlite3.Connection,
    houses: list[_House],
    weights: list[float],
    chance: random.Random,
    number: int,
    count: int,
) -> None:
    at = _NOW - _SPAN + _SPAN * (number / count)
    sender, *recipients = _distinct(
        chance.choices(houses, cum_weights=weights, k=chance.choice((2, 2, 2, 3, 4, 8)))
    )
    recipients = recipients or [houses[0] if sender is not houses[0] else houses[1]]
    milliseconds = to_micros(at) // 1000
    thread_id = ThreadId(time_ordered_id(milliseconds, number))
    day = at.date() - timedelta(days=chance.choice((0, 0, 0, 1, 2)))
    subject = " ".join(map(chance.choice, (_OPENINGS, _MATTERS, _ENDINGS)))
    if chance.random() < 0.4:
        subject += " tại xã " + " ".join(chance.choices(_SYLLABLES, k=2)).title()
    type_name = chance.choices([name for name, _ in _TYPES], [weight for _, weight in _TYPES])[0]
    notation = f"{chance.randint(1, 6000)}/{sender.name.split()[1][:2].upper()}-VP"
    urgency = Priority(chance.choices((0, 1, 2, 3), (90, 7, 2, 1))[0])
    grade = chance.choices(list(Grade), (20, 3, 1, 6, 70))[0]
    business = Business(chance.choices((0, 1, 2, 3), (96, 1, 2, 1))[0])
    due_on = day + timedelta(days=15) if chance.random() < 0.2 else None
    signer = "Nguyễn Văn " + chance.choice(_SYLLABLES).title()
    micros = to_micros(at)
    connection.execute(
        "INSERT INTO threads (id, owner, document_id, notation, promulgated_on, subject, opened_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            thread_id,
            sender.code,
            f"{sender.code},{day:%Y/%m/%d},{number}",
            notation,
            day.isoformat(),
            subject,
            micros,
        ),
    )
    codes = json.dumps([one.code for one in recipients])
    connection.execute(
        "INSERT INTO packages (id, direction, submission, kind, business, digest, size_bytes, thread_id,"
        " sender, recipients, notation, subject, priority, grade, warnings, accepted_at)"
        " VALUES (?, 'outbound', ?, 'document', ?, ?, 20000, ?, ?, ?, ?, ?, ?, ?, '[]', ?)",
        (
            thread_id,
            thread_id,
            business,
            thread_id,
            thread_id,
            sender.code,
            codes,
            notation,
            subject,
            urgency,
            grade,
            micros,
        ),
    )
    recent = number > count * 0.98
    for one in recipients:
        status = chance.choices([code for code, _ in _STATUSES], [weight for _, weight in _STATUSES])[0]
        status = status if recent or status not in ("01", None) else "06"
        delivery = (
            "waiting"
            if status is None and chance.random() < 0.7
            else "refused"
            if status is None
            else "delivered"
        )
        connection.execute(
            "INSERT INTO recipients (thread_id, code, round_at, status, status_at, delivery, recalled_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                thread_id,
                one.code,
                micros,
                status,
                micros,
                delivery,
                micros if business is Business.RECALL else None,
            ),
        )
    parties = [sender, *recipients]
    rest = itertools.chain.from_iterable(words_of(text) for one in parties for text in (one.name, one.code))
    marks = [agency_mark(one.code) for one in parties]
    marks += [
        agency_mark(sender.code, Side.SENDER),
        *(agency_mark(one.code, Side.RECIPIENT) for one in recipients),
    ]
    marks += [type_mark(type_name), business_mark(business), urgency_mark(urgency), grade_mark(grade)]
    marks += [*day_marks(day), "d_out", "d_in"]
    index_document(
        connection,
        Findable(
            thread_id=thread_id,
            package_id=PackageId(thread_id),
            owner=sender.code,
            notation=notation,
            title=subject,
            promulgated_on=day,
            type=type_name,
            urgency=urgency,
            business=business,
            grade=grade,
            due_on=due_on,
            direction=Direction.OUTBOUND,
            attachment_count=1,
            number=tuple(words_of(notation)),
            subject=tuple(words_of(subject)),
            rest=(*rest, *words_of(f"{notation}.pdf"), *words_of(signer), *words_of(str(number))),
            marks=tuple(marks),
        ),
    )


def _distinct(houses: list[_House]) -> list[_House]:
    return list(dict.fromkeys(houses))


@dataclass(slots=True, kw_only=True)
class _Asked:
    """What one question took, whoever asked it."""

    name: str
    seconds: list[float] = field(default_factory=list)
    found: str = ""


def _questions(today: date) -> Iterator[tuple[str, Question]]:
    """Every filter alone, with rare and with common words, two and three together, in every order."""
    large, small = AgencyCode("000.00.01.H02"), AgencyCode("000.00.10.H60")
    texts = (
        "",
        "412/Y-VP",
        "tiêm chủng",
        "bao cao tiem chung so y te",
        '"an toàn thực phẩm"',
        "báo cáo",
        "xã bình minh",
        "cai cach hanh chi",
        "so",
        "khong co chu nay",
    )
    filters: list[tuple[str, Question]] = [
        ("", Question()),
        ("a large agency", Question(agencies=frozenset({large}))),
        ("from a small agency", Question(agencies=frozenset({small}), side=Side.SENDER)),
        ("reports", Question(type="Báo cáo")),
        ("last month", Question(promulgated=Period.LAST_MONTH.days(today))),
        ("accepted last month", Question(accepted=Period.LAST_MONTH.days(today))),
        ("some days", Question(promulgated=Days(first=date(2025, 2, 11), last=date(2026, 7, 19)))),
        ("urgent", Question(urgency=Priority.EXPRESS)),
        ("recalls", Question(business=Business.RECALL)),
        ("unsigned", Question(grade=Grade.ABSENT)),
        ("invalid", Question(grade=Grade.INVALID)),
        *((standing.value, Question(standing=standing)) for standing in Standing),
        ("overdue", Question(overdue=True)),
        (
            "declined reports last month",
            Question(type="Báo cáo", standing=Standing.DECLINED, promulgated=Period.LAST_MONTH.days(today)),
        ),
        ("overdue at a large agency", Question(overdue=True, agencies=frozenset({large}))),
        (
            "failed in 2025, express",
            Question(
                standing=Standing.FAILED,
                urgency=Priority.EXPRESS,
                promulgated=Days(first=date(2025, 1, 1), last=date(2025, 12, 31)),
            ),
        ),
    ]
    for (told, question), typed, order in itertools.product(filters, texts, Order):
        if order is Order.RELEVANCE and not typed:
            continue
        yield (
            f"{typed or '–'} | {told or '–'} | {order.value}",
            replace(question, terms=read_terms(typed), order=order),
        )


async def ask_all(path: Path) -> None:
    """Ask every question as three people, first and second page; print what took longest."""
    authority = make_authority(name="benchmark", at=_NOW)
    issued = issue_seal(
        authority, holder=AgencyCode("000.00.00.H57"), name="n", at=_NOW, algorithm=Algorithm.ECDSA_SHA256
    )
    database = await open_database(path, linger=timedelta(milliseconds=2), batch_limit=64)
    lookup = Lookup(
        database=database,
        directory=Directory(database=database),
        notary=Notary(gateway=AgencyCode("000.00.00.H57"), seal=load_seal(issued.key_pem, issued.chain_pem)),
        clock=lambda: _NOW,
    )
    people = {
        "all": None,
        "large": frozenset({AgencyCode("000.00.01.H01")}),
        "small": frozenset({AgencyCode("000.00.09.H44")}),
    }
    for told, agencies in people.items():
        user = User(id=UserId("u"), login="u", name="U", role=UserRole.VIEWER, agencies=agencies)
        asked = []
        for name, question in _questions(_NOW.date()):
            began = time.perf_counter()
            found = await lookup.find(question, user=user, limit=50)
            seconds = [time.perf_counter() - began]
            if found.following:
                began = time.perf_counter()
                await lookup.find(question, user=user, after=found.following, limit=50)
                seconds.append(time.perf_counter() - began)
            asked.append(
                _Asked(name=name, seconds=seconds, found=f"{found.count}{'+' if found.is_more else ''}")
            )
        _tell(told, asked)
    await database.close()


def _tell(told: str, asked: list[_Asked]) -> None:
    took = sorted(seconds for one in asked for seconds in one.seconds)
    at = lambda part: took[min(len(took) - 1, int(len(took) * part))] * 1000  # noqa: E731
    print(
        f"\nseen by {told}: {len(took)} pages, median {at(0.5):.1f} ms, p95 {at(0.95):.1f} ms,"
        f" p99 {at(0.99):.1f} ms, longest {took[-1] * 1000:.1f} ms"
    )
    for one in sorted(asked, key=lambda one: -max(one.seconds))[:12]:
        print(f"  {max(one.seconds) * 1000:8.1f} ms  {one.found:>7}  {one.name}")


if __name__ == "__main__":
    main()
