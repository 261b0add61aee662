"""An agency's mailroom: sends what the plan says through its DMS, and collects, reads and counts what came.

Packages are read here in a way of its own, for what they must say; how the gateway reads them is not used.
"""

import asyncio
import base64
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from gateway.errors import LienthongError
from gateway.model.code_lists import Business, Kind
from gateway.model.formats import local_day
from gateway.model.identifiers import AgencyCode, DocumentId
from gateway.sandbox.agencies import Member
from gateway.sandbox.dms import DmsAnswer, SampleDms
from gateway.sandbox.documents import write_answer, write_letter
from gateway.sandbox.lettering import Line
from gateway.sandbox.nation.acts import Saying, Sending
from gateway.sandbox.nation.ledger import Arrival, OnDay
from gateway.sandbox.pdf import write_pdf
from gateway.vxp.answers import ErrorCode

_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_MESSAGE_TYPES = {Kind.DOCUMENT: "edoc", Kind.STATUS: "status"}
_RECALL = str(int(Business.RECALL))
_FILE_NAME = "Văn bản mẫu.pdf"


@dataclass(slots=True, kw_only=True)
class Mailroom:
    """One agency's mailroom, and what it has seen.

    Shape: got counts packages by what they say and the day they came, arrived documents that came for the
    first time, by type and day.
    """

    member: Member
    dms: SampleDms
    clock: Callable[[], datetime]
    sent_count: int = 0
    got: Counter[OnDay] = field(default_factory=Counter)
    arrived: Counter[OnDay] = field(default_factory=Counter)
    _held: set[tuple[AgencyCode, DocumentId]] = field(default_factory=set)

    async def carry_out(self, act: Sending | Saying) -> None:
        """Send one package.

        Errors: LienthongError ``act-refused`` when the gateway does not take it; Delay when it is silent.
        """
        letter, sender = act.letter, act.by
        if isinstance(act, Sending):
            content = write_letter(letter, at=self.clock(), amendment=act.amendment, files=files_of(sender))
            recipients, kind = [member.code for member in letter.recipients], Kind.DOCUMENT
        else:
            content = write_answer(letter, act.status, by=sender, at=self.clock(), reason=act.reason)
            recipients, kind = [letter.sender.code], Kind.STATUS
        answer = await _persist(
            lambda: self.dms.send(
                content, sender=sender.code, recipients=recipients, kind=_MESSAGE_TYPES[kind]
            )
        )
        self._expect(answer, letter.document_id)
        self.sent_count += 1

    async def collect(self, kind: Kind) -> list[Arrival]:
        """Collect, read, count and confirm everything of a kind that waits.

        Errors: LienthongError ``act-refused``, or ``not-intact`` when a document lost its file.
        """
        listed = await _persist(lambda: self.dms.received(_MESSAGE_TYPES[kind]))
        self._expect(listed, self.member.code)
        arrivals = []
        for item in listed.items:
            content = (await self.dms.download(item["docId"])).document
            arrivals.append(self._file(content, AgencyCode(item["to"])))
            self._expect(await self.dms.confirm(item["docId"]), item["docId"])
        return arrivals

    def _file(self, content: bytes, to: AgencyCode) -> Arrival:
        arrival, day = read_arrival(content, to), local_day(self.clock())
        self.got[arrival.says, day] += 1
        held = (arrival.sender, arrival.document_id)
        # Who took an agency over is asked to give back what only that one had.
        if arrival.is_status or arrival.says == _RECALL or held in self._held:
            return arrival
        if encoded_file(arrival.sender) not in content:
            raise LienthongError.because(
                "not-intact",
                where=arrival.document_id,
                vi="tệp đính kèm không nguyên vẹn",
                en="its file is not what was sent",
            )
        self._held.add(held)
        self.arrived[_text(_TYPE, content), day] += 1
        return arrival

    def _expect(self, answer: DmsAnswer, where: str) -> None:
        if not answer.ok:
            raise LienthongError.because(
                "act-refused",
                where=f"{self.member.short}: {where}",
                vi=f"cổng không nhận: {answer.words}",
                en=f"the gateway did not take it: {answer.words}",
            )


async def _persist(ask: Callable[[], Awaitable[DmsAnswer]]) -> DmsAnswer:
    """Ask again, as the answer says, while a gateway on a busy machine is behind with its writing."""
    answer = await ask()
    for pause in _PAUSES_SECONDS:
        if answer.code != ErrorCode.INTERNAL:
            break
        await asyncio.sleep(pause)
        answer = await ask()
    return answer


def files_of(sender: Member) -> tuple[tuple[str, bytes]]:
    """Return the one file that every document of an agency has."""
    return ((_FILE_NAME, _draw(sender.code)),)


@cache
def encoded_file(sender: AgencyCode) -> bytes:
    """Return that file as it stands in a package."""
    return base64.b64encode(_draw(sender))


@cache
def _draw(sender: AgencyCode) -> bytes:
    # A drawing for each document would take longer than its way through the nation.
    text = f"Văn bản mẫu của {sender}; không có giá trị pháp lý."
    return write_pdf("Văn bản mẫu", [[Line(text=text, x=70, y=785)]])


def _pattern(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:\w+:)?%b>([^<]*)<" % name.encode())


# The first of its name is the one meant: the sender stands before its recipients, a document's own identifier
# before those of documents it answers.
_SENDER, _DOCUMENT = _pattern("OrganId"), _pattern("DocumentId")
_STATUS, _BUSINESS, _TYPE = _pattern("StatusCode"), _pattern("BussinessDocType"), _pattern("TypeName")


def read_arrival(content: bytes, to: AgencyCode) -> Arrival:
    """Read what a package says, and from whom."""
    says = _STATUS if _STATUS.search(content) else _BUSINESS
    return Arrival(
        to=to,
        sender=AgencyCode(_text(_SENDER, content)),
        document_id=DocumentId(_text(_DOCUMENT, content)),
        says=_text(says, content),
    )


def _text(pattern: re.Pattern[bytes], content: bytes) -> str:
    found = pattern.search(content)
    return found[1].decode() if found else ""
