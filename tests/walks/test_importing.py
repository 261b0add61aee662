"""Lists of what agencies owe: taken in whole or not at all, twice without harm, a day at a time."""

import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.back_office import furnish_importing
from gateway.config import load_config
from gateway.errors import Refusal
from gateway.exchange.ids import Mint
from gateway.exchange.importing import Brought
from gateway.model.formats import local_day
from gateway.model.log import LogKind
from gateway.office import now, open_office
from gateway.points import Point, watch
from gateway.store.audit_log import list_latest
from tests.packages import Sent, document
from tests.walks.duties_kit import Hands, day, hands
from tests.walks.world import FINANCE, HEALTH, MINISTRY, World

HEAD = "kind,agency,reference,subject,assigned_by,assigned_on,due_on,done_on"
DOSSIER = f"dossier,{FINANCE},HS-1,Cấp giấy phép,,2026-03-01,2026-03-09,"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Hands]:
    """An office on the tenth of March 2026."""
    async with hands(tmp_path) as found:
        yield found


def listed(*lines: str, head: str = HEAD, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO("\r\n".join((head, *lines)).encode(encoding))


async def take(office: Hands, *lines: str, head: str = HEAD) -> Brought:
    return await office.importing.take(listed(*lines, head=head), by="ai-do")


async def told(office: Hands, *lines: str, head: str = HEAD) -> list[tuple[str, str]]:
    """What is wrong with a list, and where."""
    with pytest.raises(Refusal) as refused:
        await take(office, *lines, head=head)
    assert refused.value.code == "list-wrong"
    return [(fault.rule, fault.where) for fault in refused.value.faults]


async def kept(office: Hands) -> list[tuple[object, ...]]:
    return await office.rows("SELECT reference, standing, due_on, ended_on FROM obligations ORDER BY id")


async def test_a_list_gives_extends_and_finishes(office: Hands) -> None:
    """New lines are given; another day extends; a done day finishes, on that day."""
    brought = await take(office, DOSSIER, f"petition,{HEALTH},ĐT-1,Khiếu nại,,2026-02-01,,2026-02-10")
    assert (brought.lines, brought.given, brought.extended, brought.finished) == (2, 2, 0, 1)
    office.now += timedelta(days=1)
    brought = await take(office, DOSSIER.replace("2026-03-09", "2026-03-20"))
    assert (brought.given, brought.extended, brought.finished) == (0, 1, 0)
    office.now += timedelta(days=1)
    brought = await take(office, DOSSIER.replace("2026-03-09,", "2026-03-25,2026-03-11"))
    assert (brought.extended, brought.finished) == (1, 1)
    assert await kept(office) == [
        ("HS-1", "done", "2026-03-25", "2026-03-11"),
        ("ĐT-1", "done", None, "2026-02-10"),
    ]
    (entry,) = await list_latest(office.office.database, limit=1, kind=LogKind.ADMINISTERED)
    assert b'"act":"obligations-imported"' in entry.statement
    (entry,) = await list_latest(office.office.database, limit=1, kind=LogKind.OBLIGED)
    assert b'"reason":"imported"' in entry.statement


async def test_the_same_list_again_changes_nothing(office: Hands) -> None:
    """Not a row, not an entry; nor does a list that knows less than what is kept."""
    lines = [DOSSIER, f"task,{HEALTH},NV-1,Báo cáo,{MINISTRY},2026-01-05,2026-02-01,2026-01-20"]
    await take(office, *lines)
    before = await office.rows("SELECT count(*), max(seq) FROM log")
    for again in (lines, [line.rsplit(",", 2)[0] + ",," for line in lines]):
        office.now += timedelta(days=1)
        brought = await take(office, *again)
        assert (brought.lines, brought.changes) == (2, 0)
    assert await office.rows("SELECT count(*), max(seq) FROM log") == before


async def test_looking_writes_nothing(office: Hands) -> None:
    """It tells what would come of it."""
    brought = await office.importing.look(listed(DOSSIER))
    assert (brought.lines, brought.given) == (1, 1)
    assert await kept(office) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_a_list_is_read_as_spreadsheets_write_it(office: Hands, encoding: str, separator: str) -> None:
    """With or without mark, by any separator, in Vietnamese, days as people write them."""
    head = separator.join(("Loại", "Mã cơ quan", "Số hồ sơ", "Trích yếu", "Ngày tiếp nhận", "Ngày hẹn trả"))
    line = separator.join(("Hồ sơ", FINANCE, "HS-1", '"Cấp; phép, mới"', "1/3/2026", "09/03/2026"))
    brought = await office.importing.take(listed(line, "", head=head, encoding=encoding), by="ai-do")
    assert brought.given == 1
    assert await office.rows("SELECT kind, subject, assigned_on, due_on FROM obligations") == [
        ("dossier", "Cấp; phép, mới", "2026-03-01", "2026-03-09")
    ]


async def test_petitions_end_in_three_ways(office: Hands) -> None:
    """Resolved, passed on, guided: a column says which."""
    head = f"{HEAD},Kết quả"
    line = f"đơn thư,{FINANCE},{{}},Kiến nghị,,2026-03-01,,2026-03-05,{{}}"
    await take(
        office,
        line.format("Đ1", ""),
        line.format("Đ2", "Đã chuyển"),
        line.format("Đ3", "guided"),
        head=head,
    )
    assert [row[1] for row in await kept(office)] == ["done", "passed-on", "guided"]
    assert await told(office, line.format("Đ4", "mất"), head=head) == [
        ("outcome-unknown", "dòng/line 2, outcome")
    ]
    task = line.replace("đơn thư", "task")
    assert await told(office, task.format("Đ5", "chuyển"), head=head) == [
        ("outcome-impossible", "dòng/line 2, outcome")
    ]


async def test_everything_wrong_is_told_with_its_line_and_nothing_is_taken(office: Hands) -> None:
    """One wrong line among good ones keeps all of them out."""
    wrong = await told(
        office,
        DOSSIER,
        f"việc,{FINANCE},X1,Nội dung,,2026-03-01,,",
        "task,000.00.99.H57,X2,,H99,2026-03-01,2026-02-01,",
        f"task,{FINANCE},X3,Nội dung,,30/2/2026,,",
        f"task,{FINANCE},X4,Nội dung,,,,",
        f"task,{FINANCE},X5,Nội dung,,2026-03-01,,2026-02-01",
        f"task,{FINANCE},X6,Nội dung,,2026-03-01,,2026-03-11",
        DOSSIER.replace("HS-1", "hs – 1"),
        f"task,{FINANCE},X7,Nội dung,,2026-03-01,,,thừa",
    )
    assert wrong == [
        ("kind-unknown", "dòng/line 3, kind"),
        ("missing", "dòng/line 4, subject"),
        ("unknown-agency", "dòng/line 4, agency"),
        ("unknown-agency", "dòng/line 4, assigned_by"),
        ("day-impossible", "dòng/line 4, due_on"),
        ("day-form", "dòng/line 5, assigned_on"),
        ("missing", "dòng/line 6, assigned_on"),
        ("day-impossible", "dòng/line 7, done_on"),
        ("day-impossible", "dòng/line 8, done_on"),
        ("line-repeated", "dòng/line 9"),
        ("cells-too-many", "dòng/line 10"),
    ]
    assert await kept(office) == []


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (b"", ["column-missing"] * 5),
        (b"kind,agency\n", ["column-missing"] * 3),
        (HEAD.encode(), ["list-empty"]),
        (f"{HEAD},ghi chú\n{DOSSIER}".encode(), ["column-unknown"]),
        (f"{HEAD}\n{DOSSIER}".encode("utf-16"), ["list-not-utf8"]),
        (f'{HEAD}\ntask,"{FINANCE}\n'.encode(), ["list-not-csv"]),
    ],
)
async def test_what_is_no_such_list_is_told(office: Hands, text: bytes, rules: list[str]) -> None:
    """By its form, before anything of it is looked at."""
    with pytest.raises(Refusal) as refused:
        await office.importing.take(io.BytesIO(text), by="ai-do")
    assert [fault.rule for fault in refused.value.faults] == rules


async def test_a_number_that_begins_anew_each_year_is_not_taken_for_last_years(office: Hands) -> None:
    """It would be lost: nothing is written, and it is said why."""
    await take(office, f"petition,{FINANCE},15,Khiếu nại,,2025-12-01,,2025-12-20")
    assert await told(office, f"petition,{FINANCE},15,Tố cáo,,2026-02-01,,") == [
        ("obligation-exists", "dòng/line 2, reference")
    ]


async def test_what_a_list_says_otherwise_is_told_and_stays(office: Hands) -> None:
    """Another subject, another end, work on what was cancelled: the lines are named."""
    held = await office.give(reference="NV-1", assigned_on=day(3, 1).date(), due_on=None)
    line = f"task,{FINANCE},NV-1,{held.subject},000.00.00.H57,2026-03-01,,"
    assert (await take(office, line)).differing == []
    assert (await take(office, line.replace(held.subject, "Việc khác"))).differing == [2]
    assert (await take(office, f"{line}2026-03-05")).finished == 1
    brought = await take(office, f"{line}2026-03-06")
    assert (brought.differing, brought.changes) == ([2], 0)


async def test_an_end_before_the_last_change_is_refused(office: Hands) -> None:
    """What was given more time on the tenth was not done on the fifth."""
    await take(office, DOSSIER)
    await take(office, DOSSIER.replace("2026-03-09", "2026-03-20"))
    assert await told(office, f"{DOSSIER}2026-03-05") == [("day-impossible", "dòng/line 2, done_on")]


async def test_a_list_that_was_broken_off_is_taken_in_again(office: Hands) -> None:
    """What was written stays; the same list once more brings the rest."""
    lines = [DOSSIER.replace("HS-1", f"HS-{n}") for n in range(600)]
    met = []

    def die(point: Point) -> None:
        if point is Point.DUTIES_IMPORTED:
            met.append(point)
            raise RuntimeError("died")

    watch(die)
    try:
        with pytest.raises(RuntimeError):
            await take(office, *lines)
    finally:
        watch(None)
    assert met
    assert await office.rows("SELECT count(*) FROM obligations") == [(250,)]
    brought = await take(office, *lines)
    assert (brought.lines, brought.given) == (600, 350)
    assert len(await kept(office)) == 600


async def test_what_a_document_imposed_is_not_owed_twice(world: World) -> None:
    """A list that holds the task as well extends and finishes that one."""
    told = document(Sent(sender=HEALTH), [FINANCE], steering=1, due=date(2098, 4, 30), tasks=["NV-7"])
    assert (await world.health.send(told, sender=HEALTH)).ok
    today = local_day(now()).isoformat()
    async with open_office(load_config(world.gateway.directory / "config.toml")) as office:
        lines = listed(f"task,{FINANCE},nv-7,Tên gọi khác,{HEALTH},{today},2098-05-30,{today}")
        brought = await furnish_importing(office, Mint()).take(lines, by="ai-do")
    assert (brought.given, brought.extended, brought.finished, brought.differing) == (0, 1, 1, [])
    assert [row["standing"] for row in world.gateway.rows("SELECT standing FROM obligations")] == ["done"]
