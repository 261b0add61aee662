"""The index of documents: what is found, what is not, in which order, page by page."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.exchange import lookup
from gateway.exchange.directory import Directory
from gateway.exchange.notary import Notary
from gateway.model.code_lists import Business, Priority
from gateway.model.identifiers import AgencyCode, PackageId, ThreadId
from gateway.model.marks import (
    agency_mark,
    business_mark,
    day_marks,
    grade_mark,
    type_mark,
    urgency_mark,
    way_mark,
)
from gateway.model.people import User, UserId, UserRole
from gateway.model.question import Days, Order, Question, Side, Standing, Way, read_terms
from gateway.model.signature import Grade
from gateway.model.text import words_of
from gateway.store import blocks, search
from gateway.store.audit_log import list_latest
from gateway.store.blocks import gather_block, note_standings
from gateway.store.database import Database, open_database, to_micros
from gateway.store.findable import Findable, index_document
from gateway.store.findings import load_hits
from gateway.store.packages import Direction
from gateway.store.search import Counted, Search, Sought, seek
from gateway.store.search_terms import Clause
from gateway.store.tables import Tables
from tests.databases import fresh_source
from tests.keys import seal

HEALTH, FINANCE, OTHER = AgencyCode("000.00.12.H57"), AgencyCode("000.00.08.H57"), AgencyCode("H01.2")
AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
TODAY = date(2026, 11, 26)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a test says about a document; the rest is as usual."""

    name: str
    number: str = "1/SYT-VP"
    subject: str = "Công văn"
    rest: str = ""
    sender: AgencyCode = HEALTH
    recipients: tuple[AgencyCode, ...] = (FINANCE,)
    status: str | None = "03"
    delivery: str = "delivered"
    due_on: date | None = None
    day: date = date(2026, 11, 20)
    at: datetime = AT
    type: str = "Công văn"
    urgency: Priority = Priority.NORMAL
    business: Business = Business.NEW
    grade: Grade = Grade.VALID
    way: Way = Way.OUT


def write(tables: Tables, letter: Letter) -> None:
    """Write a document as acceptance would."""
    thread_id, micros = ThreadId(letter.name), to_micros(letter.at)
    known = tables.execute("SELECT 1 FROM threads WHERE id = ?", (thread_id,)).fetchone()
    package_id = PackageId(f"{letter.name}-{letter.business}")
    if known is None:
        tables.execute(
            "INSERT INTO threads (id, owner, document_id, notation, subject, opened_at) VALUES (?,?,?,?,?,?)",
            (thread_id, letter.sender, letter.name, letter.number, letter.subject, micros),
        )
    tables.execute(
        "INSERT INTO packages (id, direction, submission, kind, digest, size_bytes, thread_id, sender,"
        " recipients, priority, grade, warnings, accepted_at)"
        " VALUES (?1, 'outbound', ?1, 'document', ?1, 1, ?2, ?3, ?4, 0, ?5, '[]', ?6)",
        (package_id, thread_id, letter.sender, json.dumps(letter.recipients), letter.grade, micros),
    )
    if known is None:
        tables.executemany(
            "INSERT INTO recipients (thread_id, code, round_at, status, delivery) VALUES (?, ?, ?, ?, ?)",
            [(thread_id, code, micros, letter.status, letter.delivery) for code in letter.recipients],
        )
    marks = [agency_mark(code) for code in (letter.sender, *letter.recipients)]
    marks += [agency_mark(letter.sender, Side.SENDER)]
    marks += [agency_mark(code, Side.RECIPIENT) for code in letter.recipients]
    marks += [type_mark(letter.type), urgency_mark(letter.urgency), business_mark(letter.business)]
    marks += [grade_mark(letter.grade), way_mark(letter.way), *day_marks(letter.day)]
    index_document(
        tables,
        Findable(
            thread_id=thread_id,
            package_id=package_id,
            owner=letter.sender,
            notation=letter.number,
            title=letter.subject,
            promulgated_on=letter.day,
            type=letter.type,
            urgency=letter.urgency,
            business=letter.business,
            grade=letter.grade,
            due_on=letter.due_on,
            direction=Direction.OUTBOUND,
            attachment_count=0,
            number=tuple(words_of(letter.number)),
            subject=tuple(words_of(letter.subject)),
            rest=tuple(words_of(letter.rest)),
            marks=tuple(marks),
        ),
    )


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    database = await open_database(
        fresh_source(tmp_path / "lienthong.db"), linger=timedelta(0), batch_limit=64
    )
    yield database
    await database.close()


async def put(database: Database, *letters: Letter) -> None:
    """Write some documents, in their order."""

    def act(tables: Tables) -> None:
        for letter in letters:
            write(tables, letter)

    await database.write(act)


async def found(
    database: Database,
    typed: str = "",
    *,
    scope: frozenset[AgencyCode] | None = None,
    accepted: tuple[datetime, datetime] | None = None,
    **filters: object,
) -> list[str]:
    """Search, and name what was found; the count must agree, and everything once more out of blocks."""
    question = replace(Question(terms=read_terms(typed)), **filters)  # type: ignore[arg-type]
    sought = Sought(question=question, scope=scope, accepted=accepted, today=TODAY)
    names = await found_now(database, sought)
    for young, size in ((2, 8), (1, 3)):  # some are gathered, then all, and small blocks made large ones
        while await gather_block(database, young=young, size=size):
            pass
        assert await found_now(database, sought) == names
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_LOOKED_AT", -1)  # as if they were too many to look at each
        assert await found_now(database, sought) == names
    return names


async def found_now(database: Database, sought: Sought) -> list[str]:
    """Search things as they are."""
    asked = await seek(database, sought)
    hits = await load_hits(database, await asked.page(after=None, limit=100), sought.scope)
    assert await asked.count(exactly=True) == Counted(number=len(hits))
    return [hit.thread_id for hit in hits]


@pytest.mark.parametrize("typed", ["tiêm chủng", "tiem chung", "TIÊM CHỦNG", "tiem chun", "chủng tiêm"])
async def test_words_find_with_and_without_accents(database: Database, typed: str) -> None:
    """In capitals, unfinished, in another order."""
    await put(
        database, Letter(name="a", subject="Báo cáo tiêm chủng mở rộng"), Letter(name="b", subject="Tiếp dân")
    )
    assert await found(database, typed) == ["a"]


@pytest.mark.parametrize("typed", ["đề nghị", "de nghi", "ĐỀ NGHỊ", "Ðề nghị"])
async def test_d_with_a_stroke_is_d(database: Database, typed: str) -> None:
    """Which Unicode's decomposition does not know, and some keyboards write as another letter."""
    await put(database, Letter(name="a", subject="Đề nghị cấp kinh phí"))
    assert await found(database, typed) == ["a"]


@pytest.mark.parametrize("typed", ["412", "0412", "412/SYT-VP", "412/syt-vp", "syt-vp", "412 / SYT – VP"])
async def test_numbers_find_in_every_form(database: Database, typed: str) -> None:
    """The number alone, with its notation, with zeros before it."""
    await put(
        database,
        Letter(name="a", number="412/SYT-VP"),
        Letter(name="b", number="4120/STC-KH", subject="Khác"),
    )
    assert await found(database, typed) == ["a"]


async def test_codes_and_file_names_find(database: Database) -> None:
    """Beside number and title."""
    await put(database, Letter(name="a", rest="H57.12 Phụ lục số 3.xlsx Nguyễn Văn Ánh"))
    for typed in ("H57.12", "phu luc so 3", "nguyễn văn ánh", "xlsx"):
        assert await found(database, typed) == ["a"], typed
    assert await found(database, '"phu so"') == []


@pytest.mark.both_engines
async def test_every_filter_holds_back_what_does_not_fit(database: Database) -> None:
    """Each alone, with words and without, in every order of the list."""
    odd = Letter(
        name="odd",
        subject="Khác hẳn",
        sender=FINANCE,
        recipients=(HEALTH,),
        status="02",
        due_on=date(2026, 11, 1),
        day=date(2026, 10, 31),
        at=AT - timedelta(days=30),
        type="Báo cáo",
        urgency=Priority.EXPRESS,
        business=Business.UPDATE,
        grade=Grade.ABSENT,
        way=Way.IN,
    )
    late = Letter(name="late", subject="Khác nữa", due_on=date(2026, 11, 25), status="03")
    await put(database, odd, Letter(name="usual", subject="Khác thường", due_on=date(2026, 12, 1)), late)
    filters: list[dict[str, object]] = [
        {"way": Way.IN},
        {"agencies": frozenset({FINANCE}), "side": Side.SENDER},
        {"agencies": frozenset({HEALTH}), "side": Side.RECIPIENT},
        {"type": "Báo cáo"},
        {"business": Business.UPDATE},
        {"standing": Standing.DECLINED},
        {"promulgated": Days(last=date(2026, 10, 31))},
        {"accepted": (AT - timedelta(days=31), AT - timedelta(days=29))},
        {"urgency": Priority.EXPRESS},
        {"grade": Grade.ABSENT},
    ]
    for one in filters:
        for typed in ("", "khac"):
            for order in Order:
                assert await found(database, typed, order=order, **one) == ["odd"], (one, typed, order)
    assert await found(database, overdue=True) == ["late"]
    assert await found(database, agencies=frozenset({OTHER})) == []


async def test_in_and_out_are_the_visitors_own(database: Database) -> None:
    """Between two neighbours a document that went out here came in for whom it was sent to."""
    await put(database, Letter(name="theirs"), Letter(name="mine", sender=FINANCE, recipients=(HEALTH,)))
    own = frozenset({FINANCE})
    for typed in ("", "cong van"):
        for order in Order:
            assert await found(database, typed, scope=own, order=order, way=Way.IN) == ["theirs"]
            assert await found(database, typed, scope=own, order=order, way=Way.OUT) == ["mine"]


@pytest.mark.parametrize(
    ("status", "delivery", "standing"),
    [
        (None, "waiting", Standing.WAITING),
        (None, "claimed", Standing.WAITING),
        ("01", "waiting", Standing.WAITING),
        ("01", "delivered", Standing.DELIVERED),
        (None, "delivered", Standing.DELIVERED),
        ("03", "delivered", Standing.WORKING),
        ("05", "waiting", Standing.WORKING),
        ("06", "delivered", Standing.DONE),
        ("02", "refused", Standing.DECLINED),
        (None, "refused", Standing.FAILED),
        (None, "expired", Standing.FAILED),
    ],
)
async def test_a_standing_comes_of_delivery_and_answer(
    database: Database, status: str | None, delivery: str, standing: Standing
) -> None:
    """And is found under its one word, under no other."""
    await put(database, Letter(name="a", status=status, delivery=delivery))
    assert [one for one in Standing if await found(database, standing=one)] == [standing]


@pytest.mark.both_engines
async def test_nobody_finds_what_is_not_his(database: Database) -> None:
    """By no word, filter or order; and who got a document does not learn how others stand."""
    await put(
        database,
        Letter(name="theirs", subject="Bí mật", sender=OTHER, recipients=(FINANCE,)),
        Letter(name="both", subject="Chung", sender=OTHER, recipients=(HEALTH, FINANCE), status="02"),
    )
    mine = frozenset({HEALTH})
    for order in Order:
        assert await found(database, scope=mine, order=order) == ["both"]
        assert await found(database, "bi mat", scope=mine, order=order) == []
    assert await found(database, scope=mine, agencies=frozenset({FINANCE}), standing=Standing.DECLINED) == []
    assert await found(database, scope=frozenset()) == []
    asked = await seek(database, Sought(question=Question(), scope=mine, accepted=None, today=TODAY))
    (hit,) = await load_hits(database, await asked.page(after=None, limit=9), mine)
    assert (hit.recipient_count, hit.standings) == (2, ((Standing.DECLINED, 1),))


HOSTILE = [
    '"',
    "'",
    '" OR "x',
    "*",
    "marks:v_h01_2",
    "NOT a",
    "a NEAR b",
    "(",
    "a) OR (b",
    "\x00",
    "-",
    "{subject}:x",
]


@pytest.mark.parametrize("typed", HOSTILE)
async def test_no_typing_breaks_the_search_or_out_of_it(database: Database, typed: str) -> None:
    """It finds what its words find, which is nothing of others."""
    await put(
        database, Letter(name="theirs", subject="x a b subject marks", sender=OTHER, recipients=(OTHER,))
    )
    for order in Order:
        assert await found(database, typed, scope=frozenset({HEALTH}), order=order) == []


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(("typed", "looked_at"), [("", 100), ("", 5), ("khan", 5), ("khan cap", 5)])
async def test_pages_miss_nothing_and_repeat_nothing_while_documents_come(
    database: Database, order: Order, typed: str, looked_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three on a page, and between two pages something new, and a block; many at the same instant."""
    monkeypatch.setattr(search, "_LOOKED_AT", looked_at)
    letters = [
        Letter(name=f"{n:03}", number=f"{n % 7}/X", subject="Việc khẩn, cấp" if n % 2 else "Cấp việc khẩn")
        for n in range(40)
    ]
    await put(database, *letters)
    question = Question(terms=read_terms(typed), order=order)
    sought = Sought(question=question, scope=frozenset({HEALTH}), accepted=None, today=TODAY)
    seen: list[str] = []
    after = None
    while places := await (await seek(database, sought)).page(after=after, limit=3):
        seen += [hit.thread_id for hit in await load_hits(database, places, None)]
        after = places[-1]
        new = f"new-{len(seen)}"
        await put(database, Letter(name=new, number="0/X", subject="Khẩn cấp", at=AT + timedelta(days=1)))
        await gather_block(database, young=4, size=12)
    old = [name for name in seen if not name.startswith("new")]
    assert sorted(old) == [letter.name for letter in letters]
    assert len(set(seen)) == len(seen)


@pytest.mark.both_engines
async def test_relevance_puts_number_then_title_then_the_rest(database: Database) -> None:
    """The newest first within each."""
    await put(
        database,
        Letter(name="number", number="57/SYT"),
        Letter(name="title", number="1/A", subject="Trả lời công văn 57 của Sở"),
        Letter(name="older", number="2/A", rest="57"),
        Letter(name="newer", number="3/A", rest="57", at=AT + timedelta(hours=1)),
    )
    assert await found(database, "57", order=Order.RELEVANCE) == ["number", "title", "newer", "older"]
    assert await found(database, "57", order=Order.NEWEST) == ["newer", "older", "title", "number"]


@pytest.mark.both_engines
async def test_how_words_stand_in_titles_is_read_off_bits_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where those end that have them side by side, no row is looked at for whether it is of the next."""
    titles = (
        "Cải cách thủ tục hành chính",
        "Hành chính: thủ tục, cải cách",
        "Cải cách hành chính",
        "Công văn",
    )
    rest = "Thủ tục cải cách hành chính"
    letters = [Letter(name=f"{n:02}", number="1/A", subject=titles[n % 4], rest=rest) for n in range(40)]
    await put(database, *letters)
    typed = "cai cach thu tuc hanh chinh"
    names = await found(database, typed, order=Order.RELEVANCE)
    assert [int(name) % 4 for name in names[:20]] == [0] * 10 + [1] * 10
    assert len(names) == 40
    looked_at: list[int] = []
    look_at = Search._look_at

    async def counting(self: Search, ids: Sequence[int], doubts: Sequence[Clause]) -> set[int]:
        looked_at.extend(ids if doubts else ())
        return await look_at(self, ids, doubts)

    monkeypatch.setattr(search, "_LOOKED_AT", -1)
    monkeypatch.setattr(Search, "_look_at", counting)
    question = Question(terms=read_terms(typed), order=Order.RELEVANCE)
    asked = await seek(database, Sought(question=question, scope=None, accepted=None, today=TODAY))
    assert len(await asked.page(after=None, limit=100)) == 40
    assert looked_at == []


@pytest.mark.both_engines
async def test_a_later_version_is_listed_and_the_earlier_words_still_find(database: Database) -> None:
    """An update changes the title; who remembers the old one finds the document all the same."""
    first = Letter(name="a", subject="Kế hoạch tiêm chủng")
    await put(database, first, replace(first, subject="Kế hoạch tiêm phòng", business=Business.UPDATE))
    assert await found(database, "chung") == await found(database, "phong") == ["a"]
    assert (
        await found(database, business=Business.UPDATE)
        == await found(database, business=Business.NEW)
        == ["a"]
    )
    await put(database, replace(first, subject="Kế hoạch tiêm ngừa", business=Business.REPLACE))
    assert await found(database, "chung") == await found(database, "ngua") == ["a"]


async def test_an_earlier_number_finds_though_the_later_one_has_all_its_signs(database: Database) -> None:
    """Number 1 is no part of number 11, nor is the word that another begins with."""
    first = Letter(name="a", number="1/SYT-VP", subject="Kế ho")
    await put(
        database,
        first,
        replace(first, number="11/SYT-VP", subject="Tiêm kế hoạch", business=Business.UPDATE),
    )
    for typed in ("1/SYT-VP", "1 ", '"kế ho"', "11/SYT-VP"):
        assert await found(database, typed) == ["a"], typed


async def test_a_count_beyond_what_is_looked_at_is_an_estimate_and_says_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a phrase bits know only that its words stand in pairs; an export counts each all the same."""
    monkeypatch.setattr(search, "_LOOKED_AT", 20)
    right = [Letter(name=f"a{n}", subject="An toàn thực phẩm") for n in range(30)]
    await put(
        database,
        *right,
        *(replace(one, name=f"b{one.name}", subject="Thực phẩm an toàn thực") for one in right),
    )
    await gather_block(database, young=60)
    question = Question(terms=read_terms('"an toan thuc pham"'))
    asked = await seek(database, Sought(question=question, scope=None, accepted=None, today=TODAY))
    assert await asked.count(exactly=True) == Counted(number=30)
    estimate = await asked.count()
    assert not estimate.is_exact
    assert 20 <= estimate.number <= 40
    assert len(await asked.page(after=None, limit=100)) == 30


async def test_no_document_is_lost_when_small_blocks_become_a_whole_one(database: Database) -> None:
    """Not those that changed before, nor those of a whole block that lacks some."""
    letters = [Letter(name=f"{n:02}", subject="Việc") for n in range(16)]
    sought = Sought(question=Question(), scope=None, accepted=None, today=TODAY)
    for start in (0, 8):
        for n in range(start, start + 8, 2):
            await put(database, *letters[n : n + 2])
            await gather_block(database, young=2, size=8)
        changed = replace(letters[start + 1], business=Business.UPDATE, at=AT + timedelta(days=1))
        await put(database, changed)
        while await gather_block(database, young=2, size=8):
            pass
        assert sorted(await found_now(database, sought)) == [letter.name for letter in letters[: start + 8]]
    assert (await database.fetch_all("SELECT count(*) FROM blocks WHERE is_complete = 1"))[0][0] == 3


@pytest.mark.both_engines
async def test_where_a_document_stands_is_found_as_it_is_now(database: Database) -> None:
    """Before it is noted in its block, and after."""
    await put(database, *(Letter(name=name, due_on=date(2026, 11, 1)) for name in "abc"))
    assert await found(database, standing=Standing.WORKING) == ["c", "b", "a"]
    await database.write(
        lambda tables: tables.execute("UPDATE recipients SET status = '06' WHERE thread_id = 'b'")
    )
    for _ in range(2):
        assert await found(database, standing=Standing.DONE) == ["b"]
        assert await found(database, standing=Standing.WORKING) == ["c", "a"]
        assert await found(database, overdue=True) == ["c", "a"]
        while await note_standings(database):
            pass
    assert await database.fetch_all("SELECT * FROM restood_documents") == []


@pytest.mark.both_engines
async def test_a_document_that_changes_while_its_block_is_made_is_found_as_it_is_then(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays loose, and leaves the block."""
    first = Letter(name="a", subject="Tiêm chủng")
    await put(database, first, Letter(name="b", subject="Tiêm chủng"))
    write = blocks._write

    async def write_late(*given: Any) -> None:
        await put(database, replace(first, subject="Tiêm phòng", business=Business.UPDATE))
        await write(*given)

    monkeypatch.setattr(blocks, "_write", write_late)
    assert await gather_block(database, young=2)
    monkeypatch.undo()
    assert await found(database, "phong") == ["a"]
    assert await found(database, "chung") == ["b", "a"]


async def test_what_a_walk_takes_back_is_not_found(database: Database) -> None:
    """The index commits with the document or not at all."""

    def act(tables: Tables) -> None:
        write(tables, Letter(name="a"))
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(act)
    assert await found(database) == []


async def test_an_export_records_how_much_leaves_though_blocks_became_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was counted in blocks that are no more is counted again: the record says what is handed out."""
    await put(database, *(Letter(name=f"{n:02}", subject="An toàn thực phẩm") for n in range(16)))
    while await gather_block(database, young=2, size=1000):
        pass
    usual, merged = lookup.seek, list[bool]()

    async def seek_and_be_overtaken(*asked: Any) -> Search:
        found = await usual(*asked)
        if not merged:
            merged.append(await gather_block(database, young=2, size=16))
        return found

    monkeypatch.setattr(lookup, "seek", seek_and_be_overtaken)
    monkeypatch.setattr(search, "_LOOKED_AT", -1)  # as if they were too many to look at each
    desk = lookup.Lookup(
        database=database,
        directory=Directory(database=database),
        notary=Notary(gateway=HEALTH, seal=seal()),
        clock=lambda: AT + timedelta(days=1),
    )
    question = Question(terms=read_terms('"an toan thuc pham"'))
    pages = await desk.export(
        question,
        user=User(id=UserId("1"), login="lan", name="Lan", role=UserRole.CLERK, agencies=None),
        form="csv",
    )
    assert merged == [True]
    handed_out = [hit async for page in pages for hit in page]
    (entry,) = await list_latest(database, limit=1)
    assert json.loads(entry.statement)["details"]["count"] == len(handed_out) == 16
