"""Fills a store with documents to look for: ``python -m benchmarks.search_store PLACE [--documents 10M]``.

Five years of a country's correspondence: three thousand agencies of which a few write most, the types of
document in their shares, titles of real administrative language with a long tail of rare syllables, two
recipients each, standings as life leaves them. Only what a search reads is written (documents, their words,
recipients), oldest first, so that ten millions fit on a small disk; packages, threads and the log are not.
The fill goes on where it was left, so it may be stopped at any time.
"""

import argparse
import itertools
import random
import time
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, time_ordered_id
from gateway.model.marks import agency_mark, business_mark, day_marks, grade_mark, type_mark, urgency_mark
from gateway.model.question import Side
from gateway.model.signature import Grade
from gateway.model.text import words_of
from gateway.store import blocks
from gateway.store.bits import BLOCK_SIZE, pack, spot_of
from gateway.store.database import engine_of, looking, migrate, to_micros
from gateway.store.findable import ids_between
from gateway.store.sheets import DOCUMENT_WORDS, DOCUMENTS
from gateway.store.tables import Dialect, Server, Source, Tables, Unbatched, Writer

NOW = datetime(2026, 11, 26, 3, tzinfo=UTC)
_SPAN = timedelta(days=5 * 365)
_PROCESSES = 2
# Rows come without those they refer to; and what is lost when the machine stops is filled again.
_FILLING = {
    Dialect.SQLITE: ("PRAGMA synchronous = OFF", "PRAGMA cache_size = -300000", "PRAGMA foreign_keys = OFF"),
    Dialect.POSTGRESQL: (
        "SET session_replication_role = replica",
        "SET synchronous_commit = off",
    ),
}
_TOLD = ("thread_id", "code", "round_at", "status", "delivery", "status_at", "document", "due_on")
_UNITS = {"K": 10**3, "M": 10**6}

_OFFICES = (
    "Sở Y tế",
    "Sở Tài chính",
    "Sở Nội vụ",
    "Sở Xây dựng",
    "Sở Công Thương",
    "Sở Tư pháp",
    "Sở Giáo dục và Đào tạo",
    "Sở Khoa học và Công nghệ",
    "Sở Nông nghiệp và Môi trường",
    "Sở Văn hóa, Thể thao và Du lịch",
    "Thanh tra tỉnh",
    "Văn phòng Ủy ban nhân dân tỉnh",
)
_TYPES = {
    "Công văn": 5400,
    "Báo cáo": 1300,
    "Quyết định": 1100,
    "Kế hoạch": 560,
    "Tờ trình": 430,
    "Thông báo": 420,
    "Giấy mời": 310,
    "Hướng dẫn": 90,
    "Công điện": 80,
    "Nghị quyết": 70,
    "Chỉ thị": 50,
    "Biên bản": 40,
    "Chương trình": 30,
    "Đề án": 25,
    "Phương án": 20,
    "Quy chế": 16,
    "Quy định": 12,
    "Thông tư": 10,
    "Hợp đồng": 8,
    "Dự án": 8,
    "Giấy giới thiệu": 6,
    "Thông cáo": 4,
    "Nghị định": 3,
    "Giấy ủy quyền": 3,
    "Bản ghi nhớ": 2,
    "Giấy chứng nhận": 2,
    "Bản thỏa thuận": 1,
    "Giấy nghỉ phép": 1,
    "Bản cam kết": 1,
}
_OPENINGS = (
    "Về việc báo cáo kết quả",
    "Về việc triển khai thực hiện",
    "Về việc tăng cường công tác",
    "Về việc đôn đốc thực hiện",
    "Về việc phối hợp",
    "Về việc cung cấp thông tin",
    "Về việc góp ý dự thảo",
    "Phê duyệt kế hoạch",
    "Hướng dẫn thực hiện",
    "Báo cáo tình hình",
    "Báo cáo kết quả",
    "Xin ý kiến góp ý dự thảo",
    "Mời họp về",
    "Thông báo kết luận về",
    "Phê duyệt dự toán",
    "Kiểm tra",
    "Bổ sung",
    "Ban hành quy chế",
    "Thành lập tổ công tác",
    "Thẩm định",
)
_MATTERS = (
    "cải cách hành chính",
    "chuyển đổi số",
    "tiêm chủng mở rộng",
    "phòng chống dịch bệnh",
    "an toàn thực phẩm",
    "phòng cháy chữa cháy",
    "quản lý đất đai",
    "giải phóng mặt bằng",
    "thu chi ngân sách",
    "giải ngân vốn đầu tư công",
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
    "bình đẳng giới",
    "nuôi trồng thủy sản",
    "khai thác khoáng sản",
    "trợ giúp pháp lý",
    "sắp xếp đơn vị hành chính",
    "dịch vụ công trực tuyến",
    "chứng thực chữ ký số",
    "bảo vệ môi trường làng nghề",
    "phổ cập giáo dục mầm non",
    "tinh giản biên chế",
)
_ENDINGS = (
    "",
    "trên địa bàn tỉnh",
    "quý I",
    "quý II",
    "quý III",
    "quý IV",
    "6 tháng đầu năm",
    "năm 2024",
    "năm 2025",
    "năm 2026",
    "giai đoạn 2026-2030",
    "theo Nghị quyết của Chính phủ",
    "tại các xã biên giới",
    "cho cán bộ, công chức",
    "dịp Tết Nguyên đán",
)
# Initials × rhymes of Vietnamese syllables: a place's or a person's name is one or two of them.
_INITIALS = (
    "b",
    "c",
    "ch",
    "d",
    "đ",
    "g",
    "h",
    "kh",
    "l",
    "m",
    "n",
    "ng",
    "nh",
    "ph",
    "qu",
    "s",
    "t",
    "th",
    "tr",
)
_INITIALS += ("v", "x")
_RHYMES = (
    "a",
    "an",
    "ang",
    "anh",
    "ao",
    "ân",
    "âu",
    "em",
    "ên",
    "i",
    "inh",
    "iên",
    "iêm",
    "o",
    "ôn",
    "ông",
    "ơn",
)
_RHYMES += ("u", "ung", "uy", "uyên", "ương", "ươi", "y", "ăn", "ăng", "ai")
_STATUSES = {"06": 620, "03": 100, "05": 80, "01": 120, "02": 20, None: 60}
_STANDINGS = {"06": "done", "03": "working", "05": "working", "01": "delivered", "02": "declined"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class House:
    """An agency: what its documents are found by."""

    code: AgencyCode
    name: str
    initials: str
    words: str
    marks: dict[Side, str]


def houses() -> list[House]:
    """Return the agencies of thirty-four provinces, the ones that write most first."""
    names = [
        (f"000.00.{department:02}.H{province:02}", f"{office} Thử Nghiệm {province}")
        for department, office in enumerate(_OFFICES, 1)
        for province in range(1, 35)
    ]
    names += [
        (f"000.{commune:02}.30.H{province:02}", f"Ủy ban nhân dân xã Số {commune} tỉnh Thử Nghiệm {province}")
        for commune in range(1, 78)
        for province in range(1, 35)
    ]
    return [
        House(
            code=AgencyCode(code),
            name=name,
            initials="".join(word[0] for word in name.split()[:3]).upper(),
            words=" ".join((*words_of(name), *words_of(code))),
            marks={side: agency_mark(AgencyCode(code), side) for side in Side},
        )
        for code, name in names
    ]


def weights_of(count: int) -> list[float]:
    """Return cumulated weights after Zipf, flattened at the top as large offices are many."""
    return list(itertools.accumulate(1 / (place + 5) for place in range(count)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """The rows of one document."""

    document: tuple[Any, ...]
    words: tuple[Any, ...]
    recipients: tuple[tuple[Any, ...], ...]


@dataclass
class Draw:
    """Draws documents, one like another only by chance."""

    chance: random.Random
    houses: list[House]

    def __post_init__(self) -> None:
        self._weights = weights_of(len(self.houses))
        syllables = [first + rhyme for first in _INITIALS for rhyme in _RHYMES]
        random.Random(3).shuffle(syllables)
        self._names = [(one.capitalize(), " ".join(words_of(one))) for one in syllables]
        self._name_weights = weights_of(len(self._names))
        self._pieces = [
            [(text, " ".join(words_of(text))) for text in texts] for texts in (_OPENINGS, _MATTERS, _ENDINGS)
        ]
        self._matter_weights = weights_of(len(_MATTERS))
        self._types = list(_TYPES)
        self._type_weights = list(itertools.accumulate(_TYPES.values()))
        self._type_marks = {name: type_mark(name) for name in _TYPES}
        self._statuses = list(_STATUSES)
        self._status_weights = list(itertools.accumulate(_STATUSES.values()))
        self._day_marks: dict[date, str] = {}

    def one(self, number: int, count: int) -> Drawn:
        """Draw the rows of one document."""
        chance, random_ = self.chance, self.chance.random
        part = number / count
        at = NOW - _SPAN + _SPAN * part
        micros = to_micros(at)
        id_ = _id_of(number, count)
        thread_id = time_ordered_id(micros // 1000, number)
        sender, *recipients = dict.fromkeys(
            chance.choices(self.houses, cum_weights=self._weights, k=(2, 2, 2, 3, 3, 6)[int(random_() * 6)])
        )
        recipients = recipients or [self.houses[0] if sender is not self.houses[0] else self.houses[1]]
        day = at.date() - timedelta(days=(0, 0, 0, 1, 2)[int(random_() * 5)])
        subject, subject_words = self._title()
        type_ = chance.choices(self._types, cum_weights=self._type_weights)[0]
        figure = int(6000 ** (random_() ** 0.7)) or 1
        notation = f"{figure}/{sender.initials}-VP"
        urgency = _urgency(random_())
        grade = _grade(random_())
        business = _business(random_())
        due_on = (day + timedelta(days=15)).isoformat() if random_() < 0.2 else None
        signer = chance.choices(self._names, cum_weights=self._name_weights)[0][1]
        parties = [sender, *recipients]
        marks = " ".join(
            (
                *(one.marks[Side.ANY] for one in parties),
                sender.marks[Side.SENDER],
                *(one.marks[Side.RECIPIENT] for one in recipients),
                *("d_out", "d_in", self._type_marks[type_], business_mark(business)),
                *(urgency_mark(urgency), grade_mark(grade), self._day(day)),
            )
        )
        document = (
            *(id_, thread_id, thread_id, sender.code, notation, figure, subject, day.isoformat(), type_),
            *(urgency.value, business.value, grade.value, due_on, "outbound", 1, micros),
        )
        initials = " ".join(words_of(f"{sender.initials}-VP"))
        rest = (
            f"{' '.join(one.words for one in parties)} {figure} {initials} pdf nguyen van {signer} {number}"
        )
        words = (id_, f"{figure} {initials}", subject_words, rest, marks)
        told = tuple(
            (thread_id, one.code, micros, *self._standing(part), micros, id_, due_on) for one in recipients
        )
        return Drawn(document, words, told)

    def _title(self) -> tuple[str, str]:
        chance = self.chance
        pieces = [
            chance.choice(self._pieces[0]),
            chance.choices(self._pieces[1], cum_weights=self._matter_weights)[0],
            chance.choice(self._pieces[2]),
        ]
        if chance.random() < 0.5:
            named = chance.choices(self._names, cum_weights=self._name_weights, k=2)
            pieces += [("tại xã", "tai xa"), *named]
        return " ".join(text for text, _ in pieces), " ".join(words for _, words in pieces if words)

    def _standing(self, part: float) -> tuple[str | None, str]:
        status = self.chance.choices(self._statuses, cum_weights=self._status_weights)[0]
        if part < 0.99 and status in ("01", None) and self.chance.random() < 0.97:
            status = "06"
        if status is not None:
            return status, "delivered"
        return None, "waiting" if part > 0.99 and self.chance.random() < 0.7 else "refused"

    def _day(self, day: date) -> str:
        if day not in self._day_marks:
            self._day_marks[day] = " ".join(day_marks(day))
        return self._day_marks[day]


def _urgency(drawn: float) -> Priority:
    return Priority(0 if drawn < 0.9 else 1 if drawn < 0.97 else 2 if drawn < 0.99 else 3)


def _grade(drawn: float) -> Grade:
    grades = list(Grade)
    return grades[-1] if drawn < 0.7 else grades[int(drawn * 1000) % (len(grades) - 1)]


def _business(drawn: float) -> Business:
    return Business(0 if drawn < 0.96 else 1 if drawn < 0.97 else 2 if drawn < 0.99 else 3)


def fill(source: Source, count: int) -> None:
    """Fill a store and let it be asked, or go on doing so."""
    migrate(source)
    began = time.perf_counter()
    with closing(engine_of(source).open_writer()) as writer:
        writer.begin()
        writer.statements.executemany(
            "INSERT INTO agencies (code, name) VALUES (?, ?) ON CONFLICT (code) DO NOTHING",
            [(one.code, one.name) for one in houses()],
        )
        writer.commit()
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for part in [pool.submit(_fill_part, source, count, part) for part in range(_PROCESSES)]:
            part.result()
    print(f"filled {count} documents in {time.perf_counter() - began:.0f} s", flush=True)
    _settle(source)
    size_bytes = _size_bytes(source)
    print(f"{size_bytes / count:.0f} bytes each, ready after {time.perf_counter() - began:.0f} s")


def _fill_part(source: Source, count: int, part: int) -> None:
    began = time.perf_counter()
    agencies = houses()
    with closing(engine_of(source).open_writer()) as writer:
        for setting in _FILLING[engine_of(source).dialect]:
            writer.statements.execute(setting)
        for start in range(part * BLOCK_SIZE, count, _PROCESSES * BLOCK_SIZE):
            known = "SELECT 1 FROM documents WHERE id = ?"
            if writer.statements.execute(known, (_id_of(start, count),)).fetchone():
                continue
            draw = Draw(random.Random(start), agencies)
            drawn = [draw.one(number, count) for number in range(start, min(start + BLOCK_SIZE, count))]
            words = _gathered(drawn) if len(drawn) == BLOCK_SIZE else None
            writer.begin()
            _write(writer, drawn, words)
            writer.commit()
            print(f"{start:>10} {time.perf_counter() - began:7.0f} s", flush=True)


def _id_of(number: int, count: int) -> int:
    at = NOW - _SPAN + _SPAN * (number / count)
    return ids_between(at, at)[0] + (number & 63)


def _gathered(drawn: Sequence[Drawn]) -> list[tuple[str, bytes]]:
    """Say of each word which documents have it, as a node that gathers them would."""
    places: dict[str, array[int]] = defaultdict(lambda: array("H"))
    blocks.note(map(_read, drawn), itertools.chain(*map(_stands, drawn)), {}, places)
    return [(word, pack(places[word])) for word in sorted(places)]


def _read(drawn: Drawn) -> Any:
    document = dict(zip(DOCUMENTS.columns, drawn.document, strict=True))
    words = dict(zip(DOCUMENT_WORDS.columns, drawn.words, strict=True))
    return words | {"held": 0, "figure": document["number"], "due_on": document["due_on"]}


def _stands(drawn: Drawn) -> Iterator[Any]:
    for _, _, _, status, delivery, _, id_, due_on in drawn.recipients:
        standing = _STANDINGS.get(status) or {"refused": "failed"}.get(delivery, delivery)
        yield {"id": id_, "standing": standing, "due_on": due_on}


def _write(writer: Writer, drawn: Sequence[Drawn], words: Sequence[tuple[str, bytes]] | None) -> None:
    """Write documents, and the block that they fill."""
    ids = [one.words[0] for one in drawn]
    writer.add_rows("documents", DOCUMENTS.columns, (one.document for one in drawn))
    writer.add_rows("document_words", DOCUMENT_WORDS.columns, (one.words for one in drawn))
    writer.add_rows("recipients", _TOLD, (told for one in drawn for told in one.recipients))
    if words is None:
        writer.add_rows("loose_documents", ("id", "turn"), ((id_, 0) for id_ in ids))
        return
    tables = Unbatched(writer.statements)
    block = blocks.begin(tables, ids)
    writer.add_rows("block_words", ("block", "word", "bits"), ((block, *row) for row in words))
    writer.add_rows("gathered_documents", ("id", "spot"), zip(ids, itertools.count(spot_of(block, 0))))
    tables.execute("UPDATE blocks SET is_complete = 1 WHERE id = ?", (block,))


def _settle(source: Source) -> None:
    """Let a server have counted and seen to what came, as it does by itself in time."""
    if isinstance(source, Server):
        with closing(engine_of(source).open_writer()) as writer:
            writer.statements.execute("VACUUM (ANALYZE)")


def _size_bytes(source: Source) -> int:
    if isinstance(source, Path):
        return source.stat().st_size
    with looking(source) as tables:
        (size_bytes,) = tables.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(size_bytes)


def add(tables: Tables, drawn: Sequence[Drawn]) -> None:
    """Write documents that were drawn."""
    tables.executemany(f"INSERT INTO documents VALUES (?{', ?' * 15})", [one.document for one in drawn])
    tables.executemany("INSERT INTO document_words VALUES (?, ?, ?, ?, ?)", [one.words for one in drawn])
    tables.executemany("INSERT INTO loose_documents VALUES (?, 0)", [one.words[:1] for one in drawn])
    tables.executemany(
        f"INSERT INTO recipients ({', '.join(_TOLD)}) VALUES (?{', ?' * 7})",
        [told for one in drawn for told in one.recipients],
    )


def main() -> None:
    """Fill."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("place", type=source_at, help="a file, or postgresql://…")
    parser.add_argument("--documents", default="100K", help="how many, as 200K or 10M")
    given = parser.parse_args()
    fill(given.place, number_in(given.documents))


def number_in(text: str) -> int:
    """Read a number as 200K or 10M."""
    return int(text[:-1]) * _UNITS[text[-1]]


def source_at(place: str) -> Source:
    """Read a file's path or a server's address."""
    return Server(address=place) if place.startswith("postgresql:") else Path(place)


if __name__ == "__main__":
    main()
