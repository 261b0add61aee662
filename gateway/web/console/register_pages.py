"""The registers of documents (sổ văn bản đi, đến) of an agency for a year: line by line, and as a file.

Source: Nghị định 30/2020/NĐ-CP, phụ lục IV.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from aiohttp import web

from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.reporting import Reporting
from gateway.model.agency import Agency
from gateway.model.formats import local_day
from gateway.model.identifiers import normalise_code
from gateway.model.people import Permission, User
from gateway.store.database import Database
from gateway.store.register import Book, RegisterPlace, Side, count_register, list_register
from gateway.web.console.documents import name_of
from gateway.web.console.downloads import send_away
from gateway.web.console.forms import Form, form_of, query_of, read_day
from gateway.web.console.report_forms import RegisterForm, RegisterHead
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Shell
from gateway.web.console.spooled import written_by_lines
from gateway.web.console.visitor import language_of, visitor_of

ON_A_PAGE = 50
_FIRST_YEAR = 2020


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which register somebody looks at, among which agencies."""

    agency: Agency
    agencies: Sequence[Agency]
    side: Side
    year: int
    book: Book

    def address(self, **more: str) -> str:
        """Write its address."""
        fields = {"agency": self.agency.code, "side": self.side, "year": str(self.year), **more}
        return f"{PREFIX}/register?" + "&".join(f"{name}={text}" for name, text in fields.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterPages:
    """The registers. Only the forms that are there are offered."""

    shell: Shell
    database: Database
    directory: Directory
    reporting: Reporting
    forms: Sequence[RegisterForm]
    spool_dir: Path
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.DOCUMENTS, place=51, vi="Sổ văn bản", en="Register", icon="book")
        read = Permission.READ
        yield Route(method="GET", path="/register", act=self.show, may=read, nav=nav)
        yield Route(method="POST", path="/register/export", act=self.export, may=read)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show a page of a register."""
        form, directory, today = query_of(request), await self.directory.current(), self._today()
        chosen = _choose(form, visitor_of(request).user, directory, today)
        if chosen is None:
            return await self.shell.render(request, "register/none.html")
        after = _read_place(form.text("after"), chosen.book)
        before = 0 if after is None else await count_register(self.database, chosen.book, until=after)
        rows = await list_register(
            self.database, chosen.book, after=after, numbered_from=before + 1, limit=ON_A_PAGE + 1
        )
        shown = rows[:ON_A_PAGE]
        more = chosen.address(after=_write_place(shown[-1].place)) if len(rows) > ON_A_PAGE else ""
        return await self.shell.render(
            request,
            "register/page.html",
            chosen=chosen,
            rows=shown,
            count=await count_register(self.database, chosen.book),
            first=chosen.address() if after is not None else "",
            more=more,
            forms=self.forms,
            years=[(str(year), str(year)) for year in range(today.year, _FIRST_YEAR - 1, -1)],
            name_of=partial(name_of, directory),
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """Send a whole register as a file, once that is on record."""
        form, directory, user = (
            await form_of(request),
            await self.directory.current(),
            visitor_of(request).user,
        )
        chosen = _choose(form, user, directory, self._today())
        wanted = next((each for each in self.forms if each.ending == form.text("form")), None)
        if chosen is None or wanted is None:
            raise web.HTTPNotFound
        pages = await self.reporting.take_register(chosen.book, user=user, form=wanted.ending)
        head = RegisterHead(
            side=chosen.side,
            issuer=chosen.agency.name,
            over="" if chosen.agency.parent is None else name_of(directory, chosen.agency.parent),
            period=(f"năm {chosen.year}", str(chosen.year)),
        )
        names, language = partial(name_of, directory), language_of(request)
        chunks = written_by_lines(
            lambda lines, file: wanted.write(head, lines, names, file, language), pages, self.spool_dir
        )
        side = "den" if chosen.side is Side.IN else "di"
        name = f"so-van-ban-{side}-{chosen.year}-{chosen.agency.code}.{wanted.ending}"
        return await send_away(request, chunks, name=name, media_type=wanted.media_type)

    def _today(self) -> date:
        return local_day(self.clock())


def _choose(form: Form, user: User, directory: Snapshot, today: date) -> Chosen | None:
    """Understand which register is wanted, None where there is none; another's is as if it were not there."""
    agencies = _agencies_of(user, directory)
    if not agencies:
        return None
    code = directory.canonical(normalise_code(form.text("agency")))
    agency = next((each for each in agencies if each.code == code), None)
    if agency is None:
        if form.text("agency"):
            raise web.HTTPNotFound
        agency = agencies[0]
    side = Side.OUT if form.text("side") == Side.OUT else Side.IN
    typed = form.text("year")
    year = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) == 4 else today.year
    year = min(max(year, _FIRST_YEAR), today.year + 1)
    others = sorted(directory.names_of(agency.code) - {agency.code})
    book = Book(agencies=(agency.code, *others), side=side, first=date(year, 1, 1), last=date(year, 12, 31))
    return Chosen(agency=agency, agencies=agencies, side=side, year=year, book=book)


def _agencies_of(user: User, directory: Snapshot) -> list[Agency]:
    """List the agencies of a user that are served here: of nobody else is there a register."""
    codes = directory.served_by if user.agencies is None else map(directory.canonical, user.agencies)
    served = [code for code in codes if directory.has_mailbox(code) and code in directory.agencies]
    return sorted((directory.agencies[code] for code in set(served)), key=lambda agency: agency.name)


def _read_place(text: str, book: Book) -> RegisterPlace | None:
    """Read where a page ended; None is the first page."""
    day, point, number = text.partition(".")
    read = read_day(day)
    if not point or read is None or not (number.isascii() and number.isdecimal()) or len(number) > 18:
        return None
    return RegisterPlace(day=max(read, book.first), id=int(number))


def _write_place(place: RegisterPlace) -> str:
    return f"{place.day.isoformat()}.{place.id}"
