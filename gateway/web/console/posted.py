"""What a form holds, as the browser sent it."""

from aiohttp import web
from multidict import MultiDictProxy

from gateway.errors import Refusal

Posted = MultiDictProxy["str | bytes | bytearray | web.FileField"]


async def posted(request: web.Request) -> Posted:
    """Read a form of up to a megabyte; asked again it is read no second time.

    Errors: Refusal ``form-unreadable`` when no browser would write it so.
    """
    try:
        return await request.post()
    except (LookupError, ValueError) as error:  # an encoding that is none, bytes that are not in it
        raise Refusal.because(
            "form-unreadable", vi="Biểu mẫu không đọc được.", en="The form cannot be read."
        ) from error


def as_typed(fields: Posted, name: str) -> str:
    """Return a field with nothing trimmed, as a password must be; empty when it is no text."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""
