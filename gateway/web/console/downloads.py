"""How a stranger's file leaves: with its own name, as what it is, and never as a page of ours."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from aiohttp import web

from gateway.model.text import fold
from gateway.web.responses import stream

# Whatever the bytes are, a browser that shows them runs nothing, loads nothing and belongs to nobody.
_APART = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; form-action 'none'"
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
# A browser's own reader of PDF does not open in a sandbox; it runs no script of ours, nor in our name.
_READER = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"


def disposition(name: str, *, is_shown: bool = False) -> str:
    """Write a Content-Disposition: the name without accents for old programs, the whole for others.

    Shape: name is a `safe_name`.
    Source: RFC 6266, appendix D; RFC 8187.
    """
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\%' else "_"
        for sign in fold_name(name)
    )
    kind = "inline" if is_shown else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def fold_name(name: str) -> str:
    """Write a file's name without accents."""
    return fold(name) or "tep"


async def send_away(
    request: web.Request,
    chunks: AsyncIterator[bytes],
    *,
    name: str,
    media_type: str,
    length: int | None = None,
) -> web.StreamResponse:
    """Send a file to be kept, whatever it is."""
    headers = {
        **_SAFE,
        "Content-Disposition": disposition(name),
        "Content-Security-Policy": f"{_APART}; frame-ancestors 'none'",
        "X-Frame-Options": "DENY",
    }
    return await stream(request, chunks, media_type, length=length, headers=headers)


async def show_in_frame(
    request: web.Request, chunks: AsyncIterator[bytes], *, name: str, length: int | None = None
) -> web.StreamResponse:
    """Show a PDF in a frame of one of our pages. Nothing else is ever shown."""
    headers = {
        **_SAFE,
        "Content-Disposition": disposition(name, is_shown=True),
        "Content-Security-Policy": _READER,
        "X-Frame-Options": "SAMEORIGIN",
    }
    return await stream(request, chunks, "application/pdf", length=length, headers=headers)
