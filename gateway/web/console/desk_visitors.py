"""Who works at a desk of the console, and what the others are told who come to its pages."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from gateway.exchange.desk import Desk
from gateway.exchange.directory import Directory
from gateway.web.console.documents import name_of
from gateway.web.console.shell import Shell
from gateway.web.console.visitor import Visitor, visitor_of

_NAMED = 3


def works_at_a_desk(desk: Desk) -> Callable[[Visitor], Awaitable[bool]]:
    """Make what tells whether any of a visitor's agencies works in the console."""

    async def works(visitor: Visitor) -> bool:
        return await desk.is_for(visitor.user)

    return works


async def show_no_desk(shell: Shell, request: web.Request, directory: Directory) -> web.Response:
    """Say that the visitor's agencies work in software of their own, and what is here for them."""
    snapshot = await directory.current()
    codes = sorted(visitor_of(request).user.agencies or ())
    names = dict.fromkeys(name_of(snapshot, code) for code in codes)
    return await shell.render(request, "mailbox/none.html", agencies=list(names)[:_NAMED], count=len(names))
