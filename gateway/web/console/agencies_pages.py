"""Agencies: the directory, found by name or code; written, closed and merged; read from a list."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.exchange.agency_entries import Entry, check_entries, make_entry, read_entries
from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.registry import Registry
from gateway.model.agency import Agency
from gateway.model.formats import counted
from gateway.model.identifiers import AgencyCode, normalise_code
from gateway.model.people import Permission
from gateway.model.text import fold
from gateway.web.console.forms import Form, form_of, parts_of, query_of
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of

_SHOWN = 50
_LIST_LIMIT_BYTES = 32 << 20
_CHUNK_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AgenciesPages:
    """The pages about agencies."""

    shell: Shell
    directory: Directory
    registry: Registry
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.NODE, place=1, vi="Cơ quan", en="Agencies", icon="building")
        may = Permission.RUN
        yield Route(method="GET", path="/agencies", act=self.show_all, may=may, nav=nav)
        yield Route(method="GET", path="/agencies/add", act=self.ask, may=may)
        yield Route(method="POST", path="/agencies/add", act=self.add, may=may)
        yield Route(method="GET", path="/agencies/import", act=self.ask_for_list, may=may)
        yield Route(method="POST", path="/agencies/import", act=self.take_list, may=may, streams=True)
        yield Route(method="GET", path="/agencies/of/{code}", act=self.show, may=may)
        yield Route(method="POST", path="/agencies/of/{code}", act=self.change, may=may)
        yield Route(method="POST", path="/agencies/of/{code}/close", act=self.close, may=may)

    async def show_all(self, request: web.Request) -> web.StreamResponse:
        """List the agencies that a question finds, by code; a page begins behind the code it is asked for."""
        asked = query_of(request)
        directory = await self.directory.current()
        found = await asyncio.to_thread(_find_all, directory, asked.text("q"), asked.text("show"))
        after = asked.text("after")
        rest = [agency for agency in found if agency.code > after]
        shown = rest[:_SHOWN]
        older = None
        if len(rest) > _SHOWN:
            older = str(request.rel_url.update_query(after=shown[-1].code))
        return await self.shell.render(
            request,
            "agencies/list.html",
            asked=asked,
            agencies=shown,
            found_count=len(found),
            all_count=len(directory.agencies),
            directory=directory,
            older=older,
        )

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Show the form that writes an agency."""
        return await self._ask(request, Form(), ())

    async def add(self, request: web.Request) -> web.StreamResponse:
        """Write an agency."""
        form = await form_of(request)
        directory = await self.directory.current(certainly=True)
        entry = _entry_of(form.text("code"), form)
        faults = check_entries([entry], directory, take_over=form.ticked("take_over"))
        if entry.agency.code in directory.agencies:
            faults.append(
                Fault(
                    rule="agency-known",
                    where="code",
                    vi=f"cơ quan {entry.agency.code} đã có trong danh bạ",
                    en=f"agency {entry.agency.code} is in the directory already",
                )
            )
        if faults:
            return await self._ask(request, form, faults)
        await self._write(request, [entry])
        return self._back(
            request, entry.agency.code, "Đã ghi cơ quan vào danh bạ.", "The agency was written."
        )

    async def _ask(self, request: web.Request, form: Form, faults: Sequence[Fault]) -> web.StreamResponse:
        directory = await self.directory.current()
        return await self.shell.render(
            request,
            "agencies/add.html",
            status=422 if faults else 200,
            form=form,
            faults=faults,
            systems=_systems(directory),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show one agency."""
        directory = await self.directory.current(certainly=True)
        agency = _find(request, directory)
        return await self._show(request, directory, agency, None, ())

    async def _show(
        self,
        request: web.Request,
        directory: Snapshot,
        agency: Agency,
        form: Form | None,
        faults: Sequence[Fault],
    ) -> web.StreamResponse:
        below = [each for each in directory.agencies.values() if each.parent == agency.code]
        return await self.shell.render(
            request,
            "agencies/one.html",
            status=422 if faults else 200,
            agency=agency,
            form=form or _form_of(agency, directory),
            faults=faults,
            below=sorted(below, key=lambda each: each.code)[:_SHOWN],
            served_by=directory.served_by.get(agency.code),
            successor=directory.agencies.get(agency.merged_into) if agency.merged_into else None,
            systems=_systems(directory),
        )

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Write what is known of an agency anew."""
        form = await form_of(request)
        directory = await self.directory.current(certainly=True)
        agency = _find(request, directory)
        entry = _entry_of(agency.code, form)
        faults = check_entries([entry], directory, take_over=form.ticked("take_over"))
        if faults:
            return await self._show(request, directory, agency, form, faults)
        await self._write(request, [entry])
        return self._back(request, agency.code, "Đã lưu.", "Saved.")

    async def close(self, request: web.Request) -> web.StreamResponse:
        """Close an agency, or merge it into its successor."""
        form = await form_of(request)
        directory = await self.directory.current(certainly=True)
        agency = _find(request, directory)
        successor = normalise_code(form.text("successor")) if form.text("successor") else None
        try:
            await self.registry.close_agency(
                agency.code, by=_who(request), at=self.clock(), merged_into=successor
            )
        except Refusal as refusal:
            faults = [replace(fault, where="successor") for fault in refusal.faults]
            return await self._show(request, directory, agency, None, faults)
        return self._back(request, agency.code, "Đã đóng cơ quan.", "The agency was closed.")

    async def ask_for_list(self, request: web.Request) -> web.StreamResponse:
        """Show the form that reads a list."""
        return await self.shell.render(request, "agencies/import.html", faults=(), take_over=False)

    async def take_list(self, request: web.Request) -> web.StreamResponse:
        """Write a list of agencies: all of it, or nothing and every fault."""
        text, take_over = await _read_upload(request)
        entries, faults = read_entries(text)
        if not faults:
            directory = await self.directory.current(certainly=True)
            faults = check_entries(entries, directory, take_over=take_over)
        if faults:
            return await self.shell.render(
                request, "agencies/import.html", status=422, faults=faults, take_over=take_over
            )
        await self._write(request, entries)
        message = Message(
            vi=f"Đã ghi {len(entries)} cơ quan.",
            en=f"Written: {counted(len(entries), 'agency')}.",
            tone="good",
        )
        return self.shell.redirect(request, "/agencies", message)

    async def _write(self, request: web.Request, entries: Sequence[Entry]) -> None:
        await self.registry.put_agencies(
            [entry.agency for entry in entries],
            served_by={entry.agency.code: entry.served_by for entry in entries if entry.served_by},
            by=_who(request),
            at=self.clock(),
        )

    def _back(self, request: web.Request, code: AgencyCode, vi: str, en: str) -> web.Response:
        return self.shell.redirect(request, f"/agencies/of/{code}", Message(vi=vi, en=en, tone="good"))


def address_of(code: AgencyCode) -> str:
    """Return the address of an agency's page."""
    return f"{PREFIX}/agencies/of/{code}"


async def _read_upload(request: web.Request) -> tuple[bytes, bool]:
    text, take_over = b"", False
    async for part in parts_of(request):
        if part.name == "take_over":
            take_over = True
        while part.name == "list" and (chunk := await part.read_chunk(_CHUNK_BYTES)):
            text += chunk
            if len(text) > _LIST_LIMIT_BYTES:
                raise Refusal.because(
                    "list-too-large",
                    vi="Danh sách lớn quá 32 MiB; hãy chia nhỏ.",
                    en="The list is larger than 32 MiB; cut it into parts.",
                )
    return text, take_over


def _entry_of(code: str, form: Form) -> Entry:
    return make_entry(
        code,
        form.text("name"),
        aliases=form.text("aliases").replace(",", " ").split(),
        parent=form.text("parent"),
        mail=form.text("mail"),
        served_by=form.text("served_by"),
    )


def _form_of(agency: Agency, directory: Snapshot) -> Form:
    return Form(
        (
            ("name", agency.name),
            ("aliases", " ".join(agency.aliases)),
            ("parent", agency.parent or ""),
            ("mail", agency.mail or ""),
            ("served_by", directory.served_by.get(agency.code, "")),
        )
    )


def _find_all(directory: Snapshot, question: str, which: str) -> list[Agency]:
    """Find agencies by every word of a question, in names and codes; open ones unless asked otherwise."""
    words = fold(question).split()
    found = []
    for agency in directory.agencies.values():
        if (agency.closed_at is not None) != (which == "closed"):
            continue
        if which == "served" and agency.code not in directory.served_by:
            continue
        if words:
            text = fold(f"{agency.name} {agency.code} {' '.join(agency.aliases)}")
            if not all(word in text for word in words):
                continue
        found.append(agency)
    return sorted(found, key=lambda agency: agency.code)


def _systems(directory: Snapshot) -> list[tuple[str, str]]:
    usable = (id for id, stored in directory.systems.items() if stored.system.disabled_at is None)
    return [(id, id) for id in sorted(usable)]


def _find(request: web.Request, directory: Snapshot) -> Agency:
    agency = directory.agencies.get(AgencyCode(request.match_info["code"]))
    if agency is None:
        raise web.HTTPNotFound
    return agency


def _who(request: web.Request) -> str:
    return visitor_of(request).user.login
