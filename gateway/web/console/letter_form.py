"""The form in which a letter is written: text fields and files of any size, read part by part."""

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import BodyPartReader, web

from gateway.errors import Fault, Refusal
from gateway.model.code_lists import Priority
from gateway.model.identifiers import AgencyCode, normalise_code
from gateway.model.letter import Letter
from gateway.web.console.forms import Form, clean, parts_of, read_day

_FIELD_LIMIT_BYTES = 64 << 10
_FIELDS_LIMIT = 2000
_CHUNK_BYTES = 256 << 10

Attach = Callable[[str, AsyncIterator[bytes]], Awaitable[None]]


async def read_letter_form(request: web.Request, attach: Attach) -> tuple[Form, list[Fault]]:
    """Read the fields, and hand each file on as it comes.

    A file that is refused is read to its end and dropped, so that the browser hears why; the rest of the form
    counts all the same. Its faults come back.
    Errors: Refusal ``form-not-ours``, ``form-unreadable``.
    """
    fields: list[tuple[str, str]] = []
    faults: list[Fault] = []
    async for part in parts_of(request):
        if part.filename is None:
            fields.append((part.name or "", await _text_of(part)))
            if len(fields) > _FIELDS_LIMIT:
                raise _unreadable()
        elif part.filename:
            try:
                await attach(part.filename, _chunks_of(part))
            except Refusal as refusal:
                faults += [_of_file(fault, part.filename) for fault in refusal.faults]
                await part.release()
        else:
            await part.release()  # a file field nobody used
    return Form(tuple(fields)), faults


def letter_of(form: Form, before: Letter) -> Letter:
    """Read a letter out of the form; what cannot be read stays empty, and is told when it is checked."""
    removed = {normalise_code(code) for code in form.all("remove")}
    added = [normalise_code(code) for code in form.all("add")]
    kept = [code for code in (*before.recipients, *added) if code not in removed]
    return Letter(
        recipients=tuple(dict.fromkeys(kept)),
        number=_line(form.text("number")),
        notation=_line(form.text("notation")),
        day=read_day(form.text("day")),
        place=_line(form.text("place")),
        type_name=_line(form.text("type_name")) or before.type_name,
        subject=_line(form.text("subject")),
        priority=Priority(_number(form.text("priority"), highest=max(Priority))),
        due_on=read_day(form.text("due_on")),
        steering=_number(form.text("steering"), highest=2),
        signer_competence=_line(form.text("signer_competence")),
        signer_position=_line(form.text("signer_position")),
        signer_name=_line(form.text("signer_name")),
        to_places=form.text("to_places"),
        reason=_line(form.text("reason")),
    )


def removed_files(form: Form) -> list[str]:
    """List the files that were ticked to be taken out."""
    return form.all("remove_file")


async def _text_of(part: BodyPartReader) -> str:
    read = bytearray()
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        read += chunk
        if len(read) > _FIELD_LIMIT_BYTES:
            raise _unreadable()
    return clean(read.decode("utf-8", "replace"))


async def _chunks_of(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(_CHUNK_BYTES):
        yield chunk


def _of_file(fault: Fault, name: str) -> Fault:
    shown = "".join(filter(str.isprintable, name))[-60:]
    return Fault(rule=fault.rule, where="files", vi=f"{shown}: {fault.vi}", en=f"{shown}: {fault.en}")


def _line(text: str) -> str:
    return " ".join(text.split())


def _number(text: str, *, highest: int) -> int:
    return min(int(text), highest) if text.isascii() and text.isdigit() else 0


def agency_from(form: Form) -> AgencyCode:
    """Read for which agency something is begun."""
    return normalise_code(form.text("agency"))


def _unreadable() -> Refusal:
    return Refusal.because(
        "form-unreadable", vi="Biểu mẫu quá dài, không đọc được.", en="The form is too long to be read."
    )
