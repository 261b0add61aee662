"""Legal holds: what must not be erased, placed and released by who audits, never by who runs the node."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.errors import Fault, Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.dossier import Dossier, open_dossier
from gateway.exchange.holding import Holding
from gateway.exchange.lookup import agencies_called
from gateway.model.people import Permission
from gateway.store.holds import list_holds
from gateway.web.console.document_actions import DocumentAction
from gateway.web.console.documents import name_of
from gateway.web.console.forms import Form, form_of, query_of
from gateway.web.console.route import PREFIX, Area, Nav, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import Visitor, visitor_of


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldsPages:
    """The pages about holds. Who is for certain agencies may hold their documents, and release nothing."""

    shell: Shell
    directory: Directory
    holding: Holding
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        audit = Permission.AUDIT
        nav = Nav(area=Area.WATCH, place=2, vi="Tạm giữ", en="Legal holds", icon="lock")
        yield Route(method="GET", path="/holds", act=self.show, may=audit, nav=nav, everywhere=True)
        yield Route(method="POST", path="/holds", act=self.place, may=audit, everywhere=True)
        yield Route(
            method="POST",
            path="/holds/{id:[0-9]{1,15}}/release",
            act=self.release,
            may=audit,
            everywhere=True,
        )
        yield Route(method="POST", path="/documents/{thread}/hold", act=self.hold, may=audit)

    def offered(self, visitor: Visitor, dossier: Dossier) -> Iterable[DocumentAction]:
        """Offer to hold a document."""
        if visitor.may(Permission.AUDIT):
            yield DocumentAction(
                address=f"{PREFIX}/documents/{dossier.thread.id}/hold",
                words=("Tạm giữ", "Hold"),
                icon="lock",
                question=("Tạm giữ văn bản này?", "Hold this document?"),
                explanation=(
                    "Nội dung không bị xóa dù đã hết thời hạn lưu, cho đến khi có người bỏ tạm giữ.",
                    "Its content is not erased though its time is over, until the hold is released.",
                ),
                asks_reason=True,
            )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """List the holds in force, or all there ever were."""
        return await self._show(request, Form(), ())

    async def place(self, request: web.Request) -> web.StreamResponse:
        """Hold everything an agency sent or received, or a document by its number."""
        form, visitor, at = await form_of(request), visitor_of(request), self.clock()
        what, reason, by = form.text("what"), form.text("reason"), visitor.user.login
        try:
            if form.text("kind") == "document":
                number = await self.holding.hold_document(what, reason=reason, by=by, at=at)
            else:
                called = agencies_called(what, await self.directory.current()) if what else []
                code = called[0].code if called else what
                number = await self.holding.hold_agency(code, reason=reason, by=by, at=at)
        except Refusal as refusal:
            return await self._show(request, form, refusal.faults)
        return self.shell.redirect(request, "/holds", _placed(number))

    async def hold(self, request: web.Request) -> web.StreamResponse:
        """Hold one document that the visitor sees."""
        visitor, wanted = visitor_of(request), request.match_info["thread"]
        dossier = await open_dossier(self.holding.database, self.directory, wanted, user=visitor.user)
        reason = (await form_of(request)).text("reason")
        number = await self.holding.hold_document(
            dossier.thread.id, reason=reason, by=visitor.user.login, at=self.clock()
        )
        return self.shell.redirect(request, f"/documents/{dossier.thread.id}", _placed(number))

    async def release(self, request: web.Request) -> web.StreamResponse:
        """Release a hold."""
        number, reason = int(request.match_info["id"]), (await form_of(request)).text("reason")
        by = visitor_of(request).user.login
        await self.holding.release(number, reason=reason, by=by, at=self.clock())
        message = Message(vi=f"Đã bỏ tạm giữ số {number}.", en=f"Hold {number} is released.")
        return self.shell.redirect(request, "/holds", message)

    async def _show(self, request: web.Request, form: Form, faults: Sequence[Fault]) -> web.StreamResponse:
        directory = await self.directory.current()
        shows_all = query_of(request).ticked("all")
        return await self.shell.render(
            request,
            "audit/holds.html",
            status=422 if faults else 200,
            holds=await list_holds(self.holding.database, released=shows_all),
            shows_all=shows_all,
            form=form,
            faults=tuple(faults),
            name_of=lambda code: name_of(directory, code),
        )


def _placed(number: int) -> Message:
    return Message(vi=f"Đã tạm giữ, số {number}.", en=f"It is held; the hold's number is {number}.")
