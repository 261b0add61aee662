"""The two months before the demo's story: the same clerks, the same wire, an earlier clock.

Nothing is written into a database here: every letter travels and is answered as in the story; only the nodes
and the clerks go by a clock that is set forward from one working day to the next.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.model.code_lists import StatusCode
from gateway.model.formats import VIETNAM
from gateway.model.identifiers import AgencyCode
from gateway.model.package import Amendment
from gateway.sandbox.agencies import FINANCE, MINISTRY, PROVINCE, Member
from gateway.sandbox.clerk import Clerk, Sent, said_by
from gateway.sandbox.commune import work_in_commune, write_in_commune
from gateway.sandbox.documents import Letter, recall_of, replacement_of, update_of
from gateway.sandbox.faulty_axis import Fault
from gateway.sandbox.old_letters import REASONS, OldLetter, old_letters
from gateway.sandbox.stage import unlike
from gateway.sandbox.world import World

_TOGETHER = 4
# Between the first word about a letter and the last one.
_WORK = timedelta(days=3)
_AWAY = timedelta(days=2, hours=1)


@dataclass(slots=True)
class SetForward:
    """A clock that can be set forward, and goes on from there."""

    _at: datetime
    _since: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self._at + timedelta(seconds=time.monotonic() - self._since)

    def forward(self, at: datetime) -> None:
        """Set it to an instant, unless it is later already."""
        self._at, self._since = max(at, self()), time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class _LastWord:
    """What a recipient will say at last about a letter, and when."""

    at: datetime
    letter: Letter
    status: StatusCode
    by: Member


@dataclass(slots=True, kw_only=True)
class Past:
    """Two months at three nodes that run by this clock. Shape: full is with all that may go wrong in them."""

    world: World
    clerks: Mapping[AgencyCode, Clerk]
    clock: SetForward
    full: bool
    today: date
    letters_count: int
    _later: list[_LastWord] = field(default_factory=list)

    async def live(self) -> None:
        """Live through all of it.

        Errors: Delay ``not-seen``, ``page-wrong`` or LienthongError ``not-as-told`` when something fails.
        """
        letters = old_letters(self.today, self.letters_count, together=_TOGETHER)
        days = [letters[start : start + _TOGETHER] for start in range(0, len(letters), _TOGETHER)]
        for number, those in enumerate(days):
            await self._live_day(number, those)
            if self.full and number == len(days) // 4:
                await self._amend(letters)
            if self.full and number == len(days) * 3 // 5:
                await self._lose_the_axis(those[0].letter.day)
            # What came in the last days waits for whoever signs in.
            if number % 3 == 1 and (number < len(days) - 4 or not self.full):
                await work_in_commune(self.world)
            if self.full and number in (len(days) // 2, len(days) - 2):
                await write_in_commune(self.world, self.clock())

    async def _live_day(self, number: int, those: list[OldLetter]) -> None:
        day = those[0].letter.day
        self.clock.forward(_at(day, 8, 5))
        await self._say_last_words()
        self.clock.forward(_at(day, 9, number * 7 % 60))
        await self._send(old.letter for old in those)
        self.clock.forward(_at(day, 10, number * 11 % 60))
        await asyncio.gather(*(clerk.look() for clerk in self._all_clerks()))
        await _all(self._say_first_word(old, by) for old in those for by in self._readers(old.letter))

    async def _send(self, letters: Iterable[Letter]) -> None:
        """Send some letters, and wait until their senders know that they have arrived."""

        async def send(letter: Letter) -> None:
            _expect(await self._clerk(letter.sender).send(letter))
            await self._hear(letter, StatusCode.ARRIVED, *letter.recipients)

        await _all(map(send, letters))

    async def _say_first_word(self, old: OldLetter, by: Member) -> None:
        letter, word = old.letter, old.last_word
        if word is StatusCode.DECLINED and by is letter.recipients[0]:
            await self._answer(letter, word, by, reason=REASONS[letter.number % len(REASONS)])
        elif word is not None:
            await self._answer(letter, StatusCode.RECEIVED, by)
            last = StatusCode.COMPLETED if word is StatusCode.DECLINED else word
            if last is not StatusCode.RECEIVED:
                at = self.clock() + _WORK
                self._later.append(_LastWord(at=at, letter=letter, status=last, by=by))

    async def _say_last_words(self) -> None:
        due = [word for word in self._later if word.at <= self.clock()]
        self._later = [word for word in self._later if word not in due]
        await _all(self._answer(word.letter, word.status, word.by) for word in due)

    async def _amend(self, letters: list[OldLetter]) -> None:
        """One letter is corrected, one taken back, one replaced; who holds them agrees."""
        decision, request, report = (
            _latest(letters, sender, recipients, self.clock().date())
            for sender, recipients in (
                (PROVINCE, (FINANCE,)),
                (FINANCE, (PROVINCE,)),
                (FINANCE, (MINISTRY, PROVINCE)),
            )
        )
        await self._change(decision, update_of(decision, "Đính chính số liệu tại phụ lục"))
        await self._change(request, recall_of(request, "Trình nhầm bản chưa thẩm định"))
        anew = replace(report, number=report.number + 1, subject=f"{report.subject} (bản thay thế)")
        clerk = self._clerk(anew.sender)
        _expect(await clerk.send(anew, replacement_of(report, "Cập nhật số liệu thu nội địa")))
        await self._hear(anew, StatusCode.ARRIVED, *anew.recipients)

    async def _change(self, letter: Letter, amendment: Amendment) -> None:
        _expect(await self._clerk(letter.sender).send(letter, amendment))
        for by in letter.recipients:
            await self._clerk(by).until_document(letter, by, amendment.business)
            await self._answer(letter, StatusCode.CHANGE_ACCEPTED, by)

    async def _lose_the_axis(self, day: date) -> None:
        """The axis is away for longer than letters are tried: some are given up, and their senders told."""
        lost = [
            _lost(MINISTRY, PROVINCE, 1290, "Báo cáo nhanh tình hình nhân lực công nghệ thông tin", day),
            _lost(PROVINCE, MINISTRY, 2590, "Đề nghị hỗ trợ kinh phí khắc phục hậu quả mưa lũ", day),
            _lost(FINANCE, MINISTRY, 690, "Xác nhận số dư tạm ứng vốn đầu tư công", day),
        ]
        self.world.road.fault = Fault.AWAY
        for letter in lost:
            _expect(await self._clerk(letter.sender).send(letter))
        self.clock.forward(self.clock() + _AWAY)

        async def told(letter: Letter) -> None:
            clerk = self._clerk(letter.sender)

            def word() -> bool | None:
                about = (word for word in clerk.words if word.document_id == letter.document_id)
                return any(said_by(word)[1] == StatusCode.DECLINED for word in about) or None

            await clerk.until(word, f"tin {letter.code} không gửi được")

        await _all(map(told, lost))
        self.world.road.fault = None

    async def _answer(self, letter: Letter, status: StatusCode, by: Member, *, reason: str = "") -> None:
        _expect(await self._clerk(by).answer(letter, status, by=by, reason=reason or None))
        await self._hear(letter, status, by)

    async def _hear(self, letter: Letter, status: StatusCode, *speakers: Member) -> None:
        clerk = self._clerk(letter.sender)
        await _all(clerk.until_word(letter, status, speaker) for speaker in speakers)

    def _clerk(self, member: Member) -> Clerk:
        return self.clerks[member.code]

    def _all_clerks(self) -> list[Clerk]:
        return list({clerk.desk.id: clerk for clerk in self.clerks.values()}.values())

    def _readers(self, letter: Letter) -> list[Member]:
        return [member for member in letter.recipients if member.code in self.clerks]


def _lost(sender: Member, recipient: Member, number: int, subject: str, day: date) -> Letter:
    return Letter(
        sender=sender,
        recipients=(recipient,),
        number=number,
        section="VP",
        day=day,
        subject=subject,
        paragraphs=("Đề nghị Quý cơ quan quan tâm, phối hợp thực hiện./.",),
    )


def _latest(letters: list[OldLetter], sender: Member, recipients: tuple[Member, ...], day: date) -> Letter:
    """Find the latest letter between certain agencies that is sent by now and was not declined."""
    return [
        old.letter
        for old in letters
        if (old.letter.sender, old.letter.recipients) == (sender, recipients)
        and old.letter.day <= day
        and old.last_word is not StatusCode.DECLINED
    ][-1]


def _at(day: date, hour: int, minute: int) -> datetime:
    # In UTC, as every instant of a node is: its statements end in Z.
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=VIETNAM).astimezone(UTC)


def _expect(sent: Sent) -> None:
    if not sent.answer.ok:
        raise unlike(f"gói tin bị từ chối: {sent.answer.words}", f"refused: {sent.answer.words}")


async def _all(acts: Iterable[Awaitable[Any]]) -> None:
    await asyncio.gather(*acts)
