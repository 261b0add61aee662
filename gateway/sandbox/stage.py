"""What every scene of the demo does: send, see it arrive, answer, hear the answer; and the book of it all.

An act that does not turn out as told ends its scene with an error. Only what a clerk holds in hand counts
as arrived, and only what the sender's clerk has heard counts as answered.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.errors import LienthongError
from gateway.evidence.receipts import JSON, read_receipt, read_statement, verify_receipt
from gateway.model.code_lists import Business, StatusCode
from gateway.model.package import Amendment
from gateway.model.signature import Grade
from gateway.sandbox.agencies import Member
from gateway.sandbox.audit import CheckedLog
from gateway.sandbox.clerk import Clerk, Sent
from gateway.sandbox.documents import Letter, files_of
from gateway.sandbox.letters import Letters
from gateway.sandbox.world import World

_ARRIVALS = {Business.UPDATE: "nhận bản cập nhật", Business.RECALL: "nhận yêu cầu thu hồi"}
_CHANGES = {Business.UPDATE: "cập nhật", Business.RECALL: "thu hồi"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One thing that happened, in words."""

    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A package that was refused as it should be: which, why in the gateway's words, with its receipt."""

    letter: Letter
    content: bytes
    what: Turn
    code: str
    reasons: tuple[Turn, ...]


@dataclass(slots=True, kw_only=True)
class Course:
    """What became of one letter: for each recipient what happened, in order; receipts that verify."""

    letter: Letter
    fates: dict[str, list[str]] = field(default_factory=dict)
    receipts_count: int = 0


@dataclass(slots=True, kw_only=True)
class Stage:
    """Where scenes are played. tell hears each thing once it has happened."""

    world: World
    letters: Letters
    tell: Callable[[Turn], None]
    courses: dict[str, Course] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    arrivals_count: int = 0
    words_count: int = 0
    receipts_count: int = 0
    logs: list[CheckedLog] = field(default_factory=list)
    _change: dict[str, Business] = field(default_factory=dict)

    def clerk(self, member: Member) -> Clerk:
        """Return the clerk of an agency."""
        return self.world.clerk_of(member)

    def say(self, vi: str, en: str) -> None:
        """Tell what happened."""
        self.tell(Turn(vi=vi, en=en))

    async def send(self, letter: Letter, amendment: Amendment | None = None) -> Sent:
        """Send a letter, and insist on a promise with a receipt that verifies."""
        sent = await self.clerk(letter.sender).send(letter, amendment)
        if amendment is not None:
            self._change[letter.document_id] = amendment.business
        course = self._course(letter)
        for recipient in letter.recipients:
            course.fates.setdefault(recipient.short, [])
        self._check_promise(sent, self.clerk(letter.sender), course)
        return sent

    async def arrived(self, letter: Letter, business: Business = Business.NEW) -> None:
        """See a letter arrive at each of its recipients, whole, its signature valid."""
        files = {hashlib.sha256(content).hexdigest() for _, content in files_of(letter)}

        async def arrive(recipient: Member) -> None:
            found = await self.clerk(recipient).until_document(letter, recipient, business)
            if {attachment.digest for attachment in found.package.attachments} != files:
                raise unlike("tệp đính kèm đến nơi không còn nguyên vẹn", "an attachment has changed")
            if found.grade is not Grade.VALID:
                raise unlike(
                    f"chữ ký của gói tin đến nơi: {found.grade.value}",
                    f"the signature on arrival: {found.grade.value}",
                )
            self.arrivals_count += 1
            if business in _ARRIVALS:
                self._course(letter).fates[recipient.short].append(_ARRIVALS[business])

        await asyncio.gather(*map(arrive, letter.recipients))

    async def heard(self, letter: Letter, status: StatusCode, *speakers: Member) -> None:
        """See the sender hear an answer from each of some recipients."""

        async def hear(speaker: Member) -> None:
            await self.clerk(letter.sender).until_word(letter, status, speaker)
            self.words_count += 1
            self._course(letter).fates[speaker.short].append(self._word(letter, status))

        await asyncio.gather(*map(hear, speakers))

    async def answer(
        self, letter: Letter, status: StatusCode, by: Member, *, reason: str | None = None
    ) -> None:
        """Answer a letter, and see the sender hear it."""
        sent = await self.clerk(by).answer(letter, status, by=by, reason=reason)
        self._check_promise(sent, self.clerk(by), self._course(letter))
        await self.heard(letter, status, by)

    async def until_done(self, letter: Letter) -> None:
        """Wait until the sender's gateway says that a letter is delivered everywhere."""
        async with asyncio.timeout(20):
            while set((await self.clerk(letter.sender).send_states(letter)).values()) != {"done"}:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def note(self, letter: Letter, recipient: Member, words: str) -> None:
        """Write into the book what is true of a letter at a recipient."""
        self._course(letter).fates[recipient.short].append(words)

    async def refuse(self, content: bytes, letter: Letter, what: Turn) -> Refused:
        """Send what nobody should accept, and insist on a refusal with reasons and a receipt."""
        clerk = self.clerk(letter.sender)
        sent = await clerk.send_package(content, letter)
        if sent.answer.ok or not sent.receipt:
            raise unlike("gói tin đáng lẽ phải bị từ chối", "the package should have been refused")
        statement = self._verify(sent, clerk, "refused")
        told = statement.get("faults")
        reasons = tuple(
            Turn(vi=str(fault["vi"]), en=str(fault["en"]))
            for fault in (told if isinstance(told, list) else [])
            if isinstance(fault, dict)
        )
        self.refused.append(
            Refused(
                letter=letter,
                content=content,
                what=what,
                code=str(statement.get("code")),
                reasons=reasons,
            )
        )
        return self.refused[-1]

    def _course(self, letter: Letter) -> Course:
        return self.courses.setdefault(letter.document_id, Course(letter=letter))

    def _word(self, letter: Letter, status: StatusCode) -> str:
        change = _CHANGES.get(self._change.get(letter.document_id, Business.NEW), "")
        if status is StatusCode.CHANGE_ACCEPTED:
            return f"đồng ý {change}"
        return f"từ chối {change}" if status is StatusCode.CHANGE_DECLINED else status.vi

    def _check_promise(self, sent: Sent, clerk: Clerk, course: Course) -> None:
        if not sent.answer.ok:
            raise unlike(f"gói tin bị từ chối: {sent.answer.words}", f"refused: {sent.answer.words}")
        self._verify(sent, clerk, "accepted")
        course.receipts_count += 1

    def _verify(self, sent: Sent, clerk: Clerk, event: str) -> dict[str, JSON]:
        """Check a receipt as a stranger would: the signature, then what it says."""
        receipt = read_receipt(sent.receipt)
        statement = read_statement(receipt.statement)
        genuine = verify_receipt(receipt, self.world.nodes[clerk.node].certificate)
        if not genuine or (statement.get("event"), statement.get("sha256")) != (event, sent.sha256):
            raise unlike("biên nhận không đúng", "the receipt does not hold")
        self.receipts_count += 1
        return statement


def unlike(vi: str, en: str) -> LienthongError:
    """Say that something did not turn out as told."""
    return LienthongError.because("not-as-told", vi=vi, en=en)
