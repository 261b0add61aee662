"""Systems: what connects here, what each serves, and its secret, which is shown once."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from gateway.exchange.directory import Directory, Snapshot
from gateway.exchange.registry import Registry
from gateway.exchange.system_entries import check_system
from gateway.model.agency import System, SystemKind
from gateway.model.identifiers import SystemId, normalise_code
from gateway.model.people import Permission
from gateway.model.signature import SignaturePolicy
from gateway.store.database import Database
from gateway.store.systems import Traffic, look_at_traffic
from gateway.web.console.forms import Form, chosen, form_of
from gateway.web.console.route import Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of

KINDS: dict[SystemKind, tuple[str, str]] = {
    SystemKind.DMS: ("Phần mềm quản lý văn bản", "Document-management system"),
    SystemKind.GATEWAY: ("Cổng cấp dưới", "Downstream gateway"),
    SystemKind.AXIS: ("Trục", "Axis"),
}
POLICIES: dict[SignaturePolicy, tuple[str, str]] = {
    SignaturePolicy.REQUIRE: ("Bắt buộc ký số hợp lệ", "A valid signature is required"),
    SignaturePolicy.WARN: ("Nhận, ghi cảnh báo", "Taken, with a warning on record"),
    SignaturePolicy.OFF: ("Không xét", "Not looked at"),
}
_UNSEEN_LIMIT = 100
# A kind in the form that is none of a program: its agencies' people work in this console.
_AT_CONSOLE = "console"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsPages:
    """The pages about systems. A new secret waits in memory until its page is opened, once."""

    shell: Shell
    database: Database
    directory: Directory
    registry: Registry
    default_policy: SignaturePolicy
    endpoint: Callable[[web.Request], str]
    clock: Callable[[], datetime]
    _unseen: "OrderedDict[str, tuple[str, SystemId, str]]" = field(default_factory=OrderedDict)

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        nav = Nav(area=Area.NODE, place=0, vi="Hệ thống", en="Systems", icon="server")
        may = Permission.RUN
        yield Route(method="GET", path="/systems", act=self.show_all, may=may, nav=nav)
        yield Route(method="GET", path="/systems/connect", act=self.ask, may=may)
        yield Route(method="POST", path="/systems/connect", act=self.connect, may=may)
        yield Route(method="GET", path="/systems/secret/{ticket}", act=self.show_secret, may=may)
        yield Route(method="GET", path="/systems/of/{system}", act=self.show, may=may)
        yield Route(method="POST", path="/systems/of/{system}/policy", act=self.change_policy, may=may)
        yield Route(method="POST", path="/systems/of/{system}/rotate", act=self.rotate, may=may)
        yield Route(method="POST", path="/systems/of/{system}/disable", act=self.disable, may=may)

    async def show_all(self, request: web.Request) -> web.StreamResponse:
        """List the systems, disabled ones last."""
        directory = await self.directory.current(certainly=True)
        systems = sorted(
            (stored.system for stored in directory.systems.values()),
            key=lambda system: (system.disabled_at is not None, system.id),
        )
        traffic = await look_at_traffic(self.database)
        return await self.shell.render(
            request,
            "systems/list.html",
            systems=systems,
            directory=directory,
            traffic=traffic,
            kinds=KINDS,
            policies=POLICIES,
        )

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Show the form that connects a system."""
        return await self._ask(request, Form(), ())

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Connect a system; its secret, where it has one, is on the next page."""
        form = await form_of(request)
        directory = await self.directory.current(certainly=True)
        codes = form.text("serves").replace(",", " ").replace(";", " ").split()
        at_console = form.text("kind") == _AT_CONSOLE
        policy = chosen(form, "policy", SignaturePolicy, default=self.default_policy)
        wanted = System(
            id=SystemId(form.text("system")),
            kind=SystemKind.DMS if at_console else chosen(form, "kind", SystemKind, default=SystemKind.DMS),
            serves=frozenset(map(normalise_code, codes)),
            # What the console writes is this node's own, and sealed when it leaves: nothing to verify.
            policy=SignaturePolicy.OFF if at_console else policy,
            at_console=at_console,
        )
        faults = list(check_system(wanted, directory, take_over=form.ticked("take_over")))
        if faults:
            return await self._ask(request, form, faults)
        secret = await self.registry.put_system(wanted, by=_who(request), at=self.clock())
        if at_console:
            vi, en = "Đã mở hộp thư trên trang này.", "The mailbox in this console is open."
            return self._back(request, wanted, vi, en)
        return self._go_to_secret(request, wanted.id, secret)

    async def _ask(self, request: web.Request, form: Form, faults: Iterable[object]) -> web.StreamResponse:
        directory = await self.directory.current()
        free = [agency for agency in directory.addressable() if agency.code not in directory.served_by]
        return await self.shell.render(
            request,
            "systems/connect.html",
            status=422 if faults else 200,
            form=form,
            faults=tuple(faults),
            default_policy=self.default_policy,
            suggestions=sorted(free, key=lambda agency: agency.code)[:500],
            kinds=KINDS,
            policies=POLICIES,
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show one system."""
        directory = await self.directory.current(certainly=True)
        system = _find(request, directory)
        traffic = await look_at_traffic(self.database)
        return await self.shell.render(
            request,
            "systems/one.html",
            system=system,
            served=[directory.agencies.get(code) for code in sorted(system.serves)],
            traffic=traffic.get(system.id, Traffic()),
            endpoint=self.endpoint(request),
            kinds=KINDS,
            policies=POLICIES,
        )

    async def change_policy(self, request: web.Request) -> web.StreamResponse:
        """Ask something else of the signatures on its packages."""
        form = await form_of(request)
        system = _find(request, await self.directory.current(certainly=True))
        policy = chosen(form, "policy", SignaturePolicy, default=system.policy)
        await self.registry.change_policy(system.id, policy, by=_who(request), at=self.clock())
        return self._back(request, system, "Đã đổi mức xét chữ ký.", "The policy was changed.")

    async def rotate(self, request: web.Request) -> web.StreamResponse:
        """Give it a new secret, which is on the next page."""
        system = _find(request, await self.directory.current(certainly=True))
        secret = await self.registry.rotate_secret(system.id, by=_who(request), at=self.clock())
        return self._go_to_secret(request, system.id, secret)

    async def disable(self, request: web.Request) -> web.StreamResponse:
        """Stop trusting it."""
        system = _find(request, await self.directory.current(certainly=True))
        await self.registry.disable_system(system.id, by=_who(request), at=self.clock())
        return self._back(request, system, "Đã ngắt hệ thống.", "The system was disabled.")

    async def show_secret(self, request: web.Request) -> web.StreamResponse:
        """Show a new secret to who made it, once; a reloaded page says that it is gone."""
        found = self._unseen.pop(request.match_info["ticket"], None)
        session, system, secret = found or ("", SystemId(""), "")
        seen = session != visitor_of(request).session_id
        return await self.shell.render(
            request,
            "systems/secret.html",
            status=410 if seen else 200,
            system=system,
            secret="" if seen else secret,
            endpoint=self.endpoint(request),
        )

    def _go_to_secret(self, request: web.Request, system: SystemId, secret: str) -> web.Response:
        ticket = secrets.token_urlsafe(16)
        self._unseen[ticket] = (visitor_of(request).session_id, system, secret)
        while len(self._unseen) > _UNSEEN_LIMIT:
            self._unseen.popitem(last=False)
        return self.shell.redirect(request, f"/systems/secret/{ticket}")

    def _back(self, request: web.Request, system: System, vi: str, en: str) -> web.Response:
        return self.shell.redirect(request, f"/systems/of/{system.id}", Message(vi=vi, en=en, tone="good"))


def _who(request: web.Request) -> str:
    return visitor_of(request).user.login


def _find(request: web.Request, directory: Snapshot) -> System:
    stored = directory.systems.get(SystemId(request.match_info["system"]))
    if stored is None:
        raise web.HTTPNotFound
    return stored.system
