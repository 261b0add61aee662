"""What a form holds, as the browser sent it."""

import asyncio

from aiohttp import web
from multidict import MultiDictProxy

from gateway.errors import Refusal

_PATIENCE_SECONDS = 60
Posted = MultiDictProxy["str | bytes | bytearray | web.FileField"]


async def posted(request: web.Request) -> Posted:
    """Read a form of up to a megabyte; asked again it is read no second time.

    Errors: Refusal ``form-unreadable`` when no browser would write it so; HTTP 408 when it comes too slowly.
    """
    try:
        # Strangers send forms, too, and each that waits keeps a connection.
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await request.post()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (LookupError, ValueError) as error:  # an encoding that is none, bytes that are not in it
        raise Refusal.because(
            "form-unreadable", vi="Biểu mẫu không đọc được.", en="The form cannot be read."
        ) from error


def as_typed(fields: Posted, name: str) -> str:
    """Return a field with nothing trimmed, as a password must be; empty when it is no text."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""
