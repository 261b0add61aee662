"""The list of documents: one box, filters, findings in sentences; searches to keep, lists to take away."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from gateway.edxml.document_types import TYPE_NAMES
from gateway.errors import Refusal
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.lookup import Findings, Lookup
from gateway.model.formats import local_day, write_day, write_instant
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Language, Permission, User
from gateway.model.question import OPEN_STANDINGS, Period, Question, Standing, found_in
from gateway.model.report import Words
from gateway.model.signature import Grade
from gateway.points import Point, passed
from gateway.store.database import Database
from gateway.store.findings import Hit
from gateway.store.saved_searches import SavedSearch, forget_search, list_searches, save_search
from gateway.store.search import Counted
from gateway.web.console import labels
from gateway.web.console.agency_field import agencies_to_offer
from gateway.web.console.document_query import OVERDUE, Query, read_place, write_place
from gateway.web.console.downloads import send_away
from gateway.web.console.forms import form_of, query_of
from gateway.web.console.labels import Label
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.spreadsheets import CSV_TYPE, XLSX_TYPE, Row, write_csv, write_xlsx
from gateway.web.console.visitor import language_of, visitor_of

ON_A_PAGE = 25
_LONGEST_NAME = 80

PERIODS: Mapping[Period, Words] = {
    Period.TODAY: ("Hôm nay", "Today"),
    Period.THIS_WEEK: ("Tuần này", "This week"),
    Period.THIS_MONTH: ("Tháng này", "This month"),
    Period.LAST_MONTH: ("Tháng trước", "Last month"),
    Period.THIS_QUARTER: ("Quý này", "This quarter"),
    Period.THIS_YEAR: ("Năm nay", "This year"),
}
# The worst news first: what a row is marked with.
_WORST = (
    *(Standing.FAILED, Standing.DECLINED, Standing.RECALLED, Standing.WAITING),
    *(Standing.WORKING, Standing.DELIVERED, Standing.DONE),
)
_HEAD = [
    "Số, ký hiệu",
    "Ngày ban hành",
    "Loại văn bản",
    "Trích yếu",
    "Cơ quan gửi",
    "Mã cơ quan gửi",
    "Nơi nhận",
    "Số nơi nhận",
    "Tình trạng",
    "Độ khẩn",
    "Hạn xử lý",
    "Chữ ký số",
    "Tiếp nhận lúc",
    "Mã trong hệ thống",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One document of the list, in words.

    Shape: title is pieces of which some were looked for; others is how many recipients are not named;
    standings are counted, the worst first.
    """

    hit: Hit
    title: list[tuple[str, bool]]
    number: list[tuple[str, bool]]
    sender: str
    recipients: list[str]
    others: int
    standings: list[tuple[Label, int]]
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The list of documents and what is done with it."""

    shell: Shell
    database: Database
    directory: Directory
    lookup: Lookup
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.DOCUMENTS, place=1, vi="Tra cứu văn bản", en="Documents", icon="search")
        read = Permission.READ
        yield Route(method="GET", path="/documents", act=self.show, may=read, nav=nav)
        yield Route(method="POST", path="/documents/export", act=self.export, may=read)
        yield Route(method="POST", path="/documents/saved", act=self.save, may=read)
        yield Route(method="POST", path="/documents/saved/forget", act=self.forget, may=read)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show what was found."""
        visitor, form = visitor_of(request), query_of(request)
        query, directory = Query.of(form), await self.directory.current()
        today = local_day(self.clock())
        question = await query.understand(directory, today)
        after = read_place(form.text("after"))
        findings = await self.lookup.find(question, user=visitor.user, after=after, limit=ON_A_PAGE)
        following = findings.following
        return await self.shell.render(
            request,
            "documents/list.html",
            query=query,
            findings=findings,
            lines=[_line(hit, question, directory, today) for hit in findings.hits],
            older="" if following is None else self._address(query.write(after=write_place(following))),
            newest="" if after is None else self._address(query.write()),
            wider=await self._count_wider(query, findings, visitor.user),
            saved=await list_searches(self.database, visitor.user.id),
            choices=_choices(language_of(request)),
            some_agencies=agencies_to_offer(directory),
        )

    def _address(self, query: str) -> str:
        return f"{PREFIX}/documents" + (f"?{query}" if query else "")

    async def _count_wider(self, query: Query, findings: Findings, user: User) -> list[tuple[str, Counted]]:
        """Where nothing was found: what would be, without one of the filters each."""
        if findings.hits or findings.count.number or not (filters := list(query.filters())):
            return []
        directory, today = await self.directory.current(), local_day(self.clock())
        wider = []
        for name in filters[:4]:
            fewer = Query(fields={key: text for key, text in query.fields.items() if key != name})
            count = await self.lookup.count(await fewer.understand(directory, today), user=user)
            if count.number:
                wider.append((name, count))
        return wider

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Send everything that was found as a file, once that is on record."""
        visitor, form = visitor_of(request), await form_of(request)
        directory, at = await self.directory.current(), self.clock()
        question = await Query.of(form).understand(directory, local_day(at))
        is_workbook = form.text("form") == "xlsx"
        kind = "xlsx" if is_workbook else "csv"
        pages = await self.lookup.export(question, user=visitor.user, form=kind)
        rows = _rows(pages, directory, local_day(at))
        chunks = write_xlsx(_HEAD, rows) if is_workbook else write_csv(_HEAD, rows)
        name = f"van-ban-{local_day(at):%Y%m%d}.{kind}"
        media_type = XLSX_TYPE if is_workbook else CSV_TYPE
        return await send_away(request, chunks, name=name, media_type=media_type)

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Keep a search under a name."""
        visitor, form = visitor_of(request), await form_of(request)
        name, query = " ".join(form.text("name").split())[:_LONGEST_NAME], Query.of(form).write()
        if not name or not query:
            raise Refusal.because(
                "search-unnamed",
                vi="Tìm kiếm cần lưu phải có tên và ít nhất một điều kiện.",
                en="A search to keep has a name and at least one condition.",
            )
        search, at = SavedSearch(name=name, query=query), self.clock()
        fits = await self.database.write(lambda tables: save_search(tables, visitor.user.id, search, at=at))
        passed(Point.SEARCH_SAVED)
        if not fits:
            raise Refusal.because(
                "too-many-searches",
                vi="Đã lưu đủ số tìm kiếm; hãy xóa bớt rồi lưu lại.",
                en="As many searches are kept as there is room for; remove one first.",
            )
        message = Message(vi=f"Đã lưu tìm kiếm “{name}”.", en=f"Search “{name}” is kept.")
        return self.shell.redirect(request, f"/documents?{query}", message)

    async def forget(self, request: web.Request) -> web.StreamResponse:
        """Forget a search that was kept."""
        visitor, name = visitor_of(request), (await form_of(request)).text("name")
        await self.database.write(lambda tables: forget_search(tables, visitor.user.id, name))
        passed(Point.SEARCH_FORGOTTEN)
        message = Message(vi=f"Đã xóa tìm kiếm “{name}”.", en=f"Search “{name}” is removed.")
        return self.shell.redirect(request, "/documents", message)


def _line(hit: Hit, question: Question, directory: Snapshot, today: date) -> Line:
    return Line(
        hit=hit,
        title=found_in(question.terms, hit.subject),
        number=found_in(question.terms, hit.notation),
        sender=name_of(directory, hit.owner),
        recipients=[name_of(directory, code) for code in hit.recipients],
        others=hit.recipient_count - len(hit.recipients),
        standings=worst_first(hit.standings),
        is_overdue=is_overdue(hit, today),
    )


def worst_first(standings: Iterable[tuple[Standing, int]]) -> list[tuple[Label, int]]:
    """Label with how many recipients a document stands where, the worst news first."""
    counts = dict(standings)
    return [(labels.standing_label(each), counts[each]) for each in _WORST if each in counts]


def is_overdue(hit: Hit, today: date) -> bool:
    """Tell whether somebody of whom the asker may know has not finished by the due date."""
    is_open = any(standing in OPEN_STANDINGS for standing, _ in hit.standings)
    return hit.due_on is not None and hit.due_on < today and is_open


def name_of(directory: Snapshot, code: AgencyCode) -> str:
    """Name an agency, or give its code when the directory does not know it."""
    agency = directory.agencies.get(directory.canonical(code))
    return code if agency is None else agency.name


def _choices(language: Language) -> dict[str, list[tuple[str, str]]]:
    """List what each filter offers: value and words."""
    place = language is Language.ENGLISH
    every = ("", ("Tất cả", "All")[place])

    def offered(words: Mapping[str, Words]) -> list[tuple[str, str]]:
        return [every, *((value, pair[place]) for value, pair in words.items())]

    states = {standing.value: labels.standing_label(standing).words for standing in Standing}
    return {
        "period": [
            ("", ("Mọi thời gian", "Any time")[place]),
            *((period.value, words[place]) for period, words in PERIODS.items()),
        ],
        "state": offered({**states, OVERDUE: labels.OVERDUE.words}),
        "way": offered({"in": ("Văn bản đến", "Incoming"), "out": ("Văn bản đi", "Outgoing")}),
        "side": [
            ("any", ("gửi hoặc nhận", "sent or received")[place]),
            ("sender", ("gửi", "sent")[place]),
            ("recipient", ("nhận", "received")[place]),
        ],
        "type": [every, *((name, name) for name in TYPE_NAMES)],
        "act": offered({str(int(act)): words for act, words in labels.BUSINESSES.items()}),
        "urgency": offered({str(int(each)): words for each, words in labels.URGENCIES.items()}),
        "grade": offered({grade.value: labels.grade_label(grade).words for grade in Grade}),
        "on": [
            ("", ("ngày ban hành", "promulgated")[place]),
            ("accepted", ("ngày tiếp nhận", "accepted")[place]),
        ],
        "order": [
            ("", ("Phù hợp nhất", "Best match")[place]),
            ("newest", ("Mới nhất", "Newest")[place]),
            ("number", ("Theo số văn bản", "By number")[place]),
        ],
    }


async def _rows(
    pages: AsyncIterator[list[Hit]], directory: Snapshot, today: date
) -> AsyncIterator[list[Row]]:
    async for hits in pages:
        yield [_row(hit, directory, today) for hit in hits]


def _row(hit: Hit, directory: Snapshot, today: date) -> Row:
    """Write a document as a row of a list; in Vietnamese, as lists of documents are."""
    vi = Language.VIETNAMESE
    recipients = [name_of(directory, code) for code in hit.recipients]
    others = hit.recipient_count - len(recipients)
    states = [f"{labels.standing_label(each).words[0]}: {count}" for each, count in hit.standings]
    return (
        hit.notation,
        write_day(hit.promulgated_on, vi),
        hit.type,
        hit.subject,
        name_of(directory, hit.owner),
        hit.owner,
        "; ".join(recipients) + (f" và {others} nơi khác" if others else ""),
        str(hit.recipient_count),
        "; ".join([*states, *([labels.OVERDUE.words[0]] if is_overdue(hit, today) else [])]),
        labels.URGENCIES[hit.urgency][0],
        "" if hit.due_on is None else write_day(hit.due_on, vi),
        labels.grade_label(hit.grade).words[0],
        write_instant(hit.accepted_at, vi),
        hit.thread_id,
    )
