"""The working calendar: a year at a glance, days written and taken out, years read from a list and saved."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from aiohttp import web

from gateway.deadlines.announced import YearStanding, judge_year, wanted_year
from gateway.deadlines.calendar import DAY_KINDS, WorkingCalendar
from gateway.deadlines.calendar_text import make_day, read_calendar, write_calendar
from gateway.errors import Fault, Refusal
from gateway.exchange.working_days import WorkingDays
from gateway.model.formats import local_day
from gateway.model.people import Permission
from gateway.store.calendar import Years, load_calendar, load_imported
from gateway.store.database import Database
from gateway.web.console.downloads import disposition
from gateway.web.console.forms import Form, form_of, parts_of, query_of, read_day
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of
from gateway.web.console.year_sheet import SHORT_WEEKDAYS, WEEKDAYS, YearSheet

_LIST_LIMIT_BYTES = 1 << 20
_FIRST_YEAR, _LAST_YEAR = 1900, 9998


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarPages:
    """The pages about which days are worked.

    Shape: the next year is wanted within a time before it begins.
    """

    shell: Shell
    database: Database
    working_days: WorkingDays
    wanted_within: timedelta
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.NODE, place=6, vi="Lịch làm việc", en="Working calendar", icon="calendar")
        may = Permission.RUN
        yield Route(method="GET", path="/calendar", act=self.show, may=may, nav=nav)
        yield Route(method="GET", path="/calendar/file", act=self.save, may=may)
        yield Route(method="POST", path="/calendar/day", act=self.put, may=may)
        yield Route(method="POST", path="/calendar/remove", act=self.remove, may=may)
        yield Route(method="POST", path="/calendar/import", act=self.take_list, may=may, streams=True)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show a year, and one of its days to be changed."""
        asked = query_of(request)
        day = _day_in(asked)
        return await self._show(request, day.year if day else self._year(asked), asked, ())

    async def put(self, request: web.Request) -> web.StreamResponse:
        """Write one day."""
        form = await form_of(request)
        day = _day_in(form)
        try:
            special = make_day(day, form.text("kind"), form.text("name"))
        except Refusal as refusal:
            return await self._show(request, day.year if day else self._year(form), form, refusal.faults)
        await self.working_days.put_day(special, by=_who(request), at=self.clock())
        return self._back(
            request, special.day.year, f"Đã ghi ngày {special.day:%d/%m/%Y}.", f"{special.day} was written."
        )

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """Let a day be as its weekday says."""
        day = _day_in(await form_of(request))
        if day is None:
            raise web.HTTPNotFound
        await self.working_days.remove_day(day, by=_who(request), at=self.clock())
        return self._back(request, day.year, f"Đã bỏ ngày {day:%d/%m/%Y}.", f"{day} was taken out.")

    async def take_list(self, request: web.Request) -> web.StreamResponse:
        """Read whole years from a list: all of it, or nothing and every fault."""
        text = await _read_upload(request)
        try:
            days = read_calendar(text)
        except Refusal as refusal:
            faults = [replace(fault, where=f"list {fault.where}") for fault in refusal.faults]
            return await self._show(request, self._today().year, Form(), faults)
        changed = await self.working_days.replace_years(days, by=_who(request), at=self.clock())
        years = ", ".join(map(str, changed))
        if not changed:
            year = days[0].day.year if days else self._today().year
            return self._back(
                request, year, "Lịch trong tệp giống lịch đang dùng.", "Nothing in the list is different."
            )
        return self._back(
            request, min(changed), f"Đã thay lịch năm {years}.", f"The calendar of {years} was replaced."
        )

    async def save(self, request: web.Request) -> web.StreamResponse:
        """Send a year as the list that can be read again."""
        year = self._year(query_of(request))
        days = (await load_calendar(self.database)).get(year)
        if days is None:
            raise web.HTTPNotFound
        headers = {"Content-Disposition": disposition(f"lich-lam-viec-{year}.csv")}
        return web.Response(body=write_calendar(days), content_type="text/csv", headers=headers)

    async def _show(
        self, request: web.Request, year: int, form: Form, faults: Sequence[Fault]
    ) -> web.StreamResponse:
        years, imported = await load_calendar(self.database), await load_imported(self.database)
        days = years.get(year, ())
        typed = _day_in(form)
        known = next((each for each in days if each.day == typed), None)
        if known is not None and not form.text("kind"):
            form = Form((("day", known.day.isoformat()), ("kind", known.kind.value), ("name", known.name)))
        return await self.shell.render(
            request,
            "calendar/page.html",
            status=422 if faults else 200,
            sheet=YearSheet.of(year, days),
            standing=judge_year(days),
            standings=YearStanding,
            is_imported=year in imported,
            working_days_count=_count_working_days(years, year),
            wanted=wanted_year(years, self._today(), self.wanted_within),
            form=form,
            list_faults=[fault for fault in faults if fault.where.startswith("list")],
            faults=[fault for fault in faults if not fault.where.startswith("list")],
            kinds=DAY_KINDS,
            weekdays=WEEKDAYS,
            short_weekdays=SHORT_WEEKDAYS,
            today=self._today(),
        )

    def _back(self, request: web.Request, year: int, vi: str, en: str) -> web.Response:
        return self.shell.redirect(request, f"/calendar?year={year}", Message(vi=vi, en=en, tone="good"))

    def _year(self, form: Form) -> int:
        typed = form.text("year")
        year = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) == 4 else 0
        return year if _FIRST_YEAR <= year <= _LAST_YEAR else self._today().year

    def _today(self) -> date:
        return local_day(self.clock())


def _day_in(form: Form) -> date | None:
    """Read a day of a year that can be shown; None when none is there."""
    day = read_day(form.text("day"))
    return day if day is not None and _FIRST_YEAR <= day.year <= _LAST_YEAR else None


def _count_working_days(years: Years, year: int) -> int:
    calendar = WorkingCalendar.of(years.get(year, ()))
    return calendar.working_days_between(date(year - 1, 12, 31), date(year, 12, 31))


def _who(request: web.Request) -> str:
    return visitor_of(request).user.login


async def _read_upload(request: web.Request) -> bytes:
    text = b""
    async for part in parts_of(request):
        while part.name == "list" and (chunk := await part.read_chunk()):
            text += chunk
            if len(text) > _LIST_LIMIT_BYTES:
                raise Refusal.because(
                    "list-too-large", vi="Danh sách lớn quá 1 MiB.", en="The list is larger than 1 MiB."
                )
    return text
