"""Forms as visitors filled them in. The door has checked the token of all that is not streamed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from gateway.errors import Fault, Refusal
from gateway.model.text import normalise, visible
from gateway.web.console.door import check_token
from gateway.web.console.posted import posted
from gateway.web.console.visitor import CSRF_FIELD, visitor_of

Choice = TypeVar("Choice", bound=StrEnum)

_TOKEN_LIMIT_BYTES = 256


@dataclass(frozen=True, slots=True)
class Form:
    """The text fields of a form, in Unicode's NFC, visible, trimmed; files are not among them."""

    fields: tuple[tuple[str, str], ...] = ()

    def text(self, name: str) -> str:
        """Return a field; empty when it is not there."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every value of a field: ticked boxes, several choices."""
        return [value for key, value in self.fields if key == name]

    def ticked(self, name: str) -> bool:
        """Tell whether a box is ticked."""
        return bool(self.text(name))


async def form_of(request: web.Request) -> Form:
    """Read a form."""
    fields = await posted(request)
    return Form(tuple((key, clean(value)) for key, value in fields.items() if isinstance(value, str)))


def query_of(request: web.Request) -> Form:
    """Read what stands in the address, the same way."""
    return Form(tuple((key, clean(value)) for key, value in request.query.items()))


async def parts_of(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """Lend the parts of a large form one after the other; its first part must be the session's token.

    Errors: Refusal ``form-not-ours``, before anything else of the form is read; ``form-unreadable``.
    """
    token: str | None = None
    async for part in _read_parts(request):
        if token is None:
            said = await part.read_chunk(_TOKEN_LIMIT_BYTES) if part.name == CSRF_FIELD else b""
            token = said.decode("ascii", "replace")
            check_token(visitor_of(request), token)
            continue
        yield part
    if token is None:
        check_token(visitor_of(request), token)


def chosen(form: Form, name: str, choices: type[Choice], *, default: Choice) -> Choice:
    """Read a choice; the default when nothing was chosen.

    Errors: Refusal ``choice-unknown`` when none of our pages offers it.
    """
    try:
        return choices(form.text(name)) if form.text(name) else default
    except ValueError as error:
        raise Refusal.because(
            "choice-unknown",
            where=name,
            vi="Lựa chọn này không có trong biểu mẫu.",
            en="The form offers no such choice.",
        ) from error


def read_day(text: str) -> date | None:
    """Read a day as a browser's date field writes it; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def day_in(form: Form, name: str) -> date | Fault | None:
    """Read the day of a field; None when none was typed, a fault when it is none."""
    typed = form.text(name)
    if not typed:
        return None
    fault = Fault(rule="day-unreadable", where=name, vi="Không đọc được ngày này.", en="This is no day.")
    return read_day(typed) or fault


def clean(text: str) -> str:
    """Bring a field to the form in which it is read."""
    return visible(normalise(text.replace("\r\n", "\n"))).strip()


async def _read_parts(request: web.Request) -> AsyncIterator[BodyPartReader]:
    if request.content_type != "multipart/form-data":
        raise _unreadable()
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader):
                raise _unreadable()
            yield part
    except (ValueError, HttpProcessingError) as error:  # no boundary, or what should be a header is none
        raise _unreadable() from error


def _unreadable() -> Refusal:
    return Refusal.because("form-unreadable", vi="Biểu mẫu không đọc được.", en="The form cannot be read.")
