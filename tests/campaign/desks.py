"""What the DMSs do while everything around them dies: send, insist, collect, confirm, answer."""

import asyncio
import contextlib
import hashlib
import random
from dataclasses import dataclass, field, replace
from datetime import date

from gateway.errors import Delay
from gateway.office import now
from gateway.sandbox.dms import DmsAnswer, SampleDms
from tests.campaign.ledger import Ledger, Sending, reaches
from tests.campaign.town import GHOST, PATIENCE, Desk, Town
from tests.packages import Sent, document, status

_DAY = date(2026, 4, 10)
_WORD_RANK = {"processing": 1, "done": 2, "fail": 2}
_FAIL_EACH = 23
_PAUSE = 0.15
_ON_ITS_WAY = 3.0  # after this no call of before is still carried out: nothing is broken any more


@dataclass(kw_only=True)
class Clerk:
    """One desk at work. stop ends the sending; the collecting goes on until cancelled.

    Shape: a plain clerk sends new documents to agencies at other houses, and nothing else; it keeps what it
    sent, by token, to send it again.
    """

    town: Town
    desk: Desk
    ledger: Ledger
    dice: random.Random
    pause: float
    large_bytes: int = 90_000
    plain: bool = False
    kept: dict[int, bytes] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_on(self) -> None:
        """Send one document after the other; now and then recall or update one, or send one twice."""
        while not self.stop.is_set():
            sending, content = self._write_document()
            if self.plain:
                self.kept[sending.token] = content
            elif self.dice.random() < 0.04:
                await self._answer_too_early(sending)
            await self._insist(sending, content)
            if not self.plain and sending.promises and self.dice.random() < 0.15:
                await self._amend(sending)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self.dice.uniform(0, 2 * self.pause))

    async def collect_on(self) -> None:
        """Take what waits, confirm it, and answer it now and then."""
        answering: set[asyncio.Task[None]] = set()
        own = asyncio.current_task()
        # A cancellation that meets a timeout of the HTTP client comes out of it as one: asked, not awaited.
        while own is None or not own.cancelling():
            dms = self.desk.dms()
            for kind in ("edoc", "status"):
                with contextlib.suppress(Delay, KeyError, ValueError):
                    for item in (await dms.received(kind)).items:
                        sending = await self._take(dms, item["docId"])
                        answers = sending is not None and sending.is_document and not self.plain
                        if sending is not None and answers and not self.stop.is_set():
                            task = asyncio.create_task(self._answer(sending))
                            answering.add(task)
                            task.add_done_callback(answering.discard)
            with contextlib.suppress(Delay, KeyError, ValueError):
                if self.dice.random() < 0.02:
                    await self.look()
            await asyncio.sleep(_PAUSE)

    async def look(self) -> None:
        """See how far all that was sent has come."""
        self._watch(await self.desk.dms().sent())

    def _write_document(self) -> tuple[Sending, bytes]:
        others = [
            desk.agency
            for desk in self.town.desks
            if desk is not self.desk and not (self.plain and desk.house is self.desk.house)
        ]
        recipients = self.dice.sample(others, self.dice.randint(1, 3))
        if self.desk.house.number and not self.plain and self.dice.random() < 0.03:
            recipients.append(GHOST)
        token = self.ledger.new_token()
        sent = Sent(sender=self.desk.agency, number=str(token), day=_DAY)
        large = self.dice.random() < 0.12
        attachment = self.dice.randbytes(self.large_bytes if large else 200)
        content = document(sent, recipients, subject=f"V/v thử, phiếu {token}", attachment=attachment)
        return self._enter(token, content, tuple(recipients), sent.document_id), content

    def _enter(
        self, token: int, content: bytes, recipients: tuple[str, ...], document_id: str, *, status: str = ""
    ) -> Sending:
        sending = Sending(
            token=token,
            system=self.desk.system,
            sender=self.desk.agency,
            recipients=recipients,
            digest=hashlib.sha256(content).hexdigest(),
            is_document=not status,
            document_id=document_id,
            status=status,
        )
        self.ledger.enter(sending)
        return sending

    async def _insist(self, sending: Sending, content: bytes) -> None:
        """Send as a DMS that got no answer does: the same bytes again, until there is one.

        Some are sent again although there was an answer; but not what somebody, or the axis, will turn away,
        since that may come again.
        """
        kind = "edoc" if sending.is_document else "status"
        comes_back = _will_fail(sending) or GHOST in sending.recipients
        tries = 2 if self.dice.random() < 0.1 and not comes_back else 1
        for _ in range(tries):
            while True:
                try:
                    answer = await self.desk.dms().send(content, sender=self.desk.agency, kind=kind)
                except Delay:
                    answer = None
                if answer is not None and answer.ok:
                    sending.promises.append((answer.doc_id, str(answer.members.get("Receipt"))))
                    break
                if answer is not None and answer.code not in ("", "99"):
                    sending.refused = f"{answer.code} {answer.words}"
                    return
                await asyncio.sleep(self.dice.uniform(0.02, _PAUSE))

    async def send_again(self, safe: set[int]) -> None:
        """Send again all but what is safe: its promises were lost with who gave them."""
        for token in self.kept.keys() - safe:
            sending = self.ledger.sendings[token]
            sending.promises.clear()
            await self._insist(sending, self.kept[token])

    async def _amend(self, sending: Sending) -> None:
        token = self.ledger.new_token()
        business = self.dice.choice((1, 2))
        own = Sent(sender=self.desk.agency, number=str(token), day=_DAY)
        recipients = tuple(code for code in sending.recipients if code != GHOST)
        same = Sent(sender=self.desk.agency, number=str(sending.token), day=_DAY)
        sent = same if business == 1 else own
        content = document(
            sent,
            recipients,
            subject=f"V/v sửa, phiếu {token}",
            business=business,
            target=sending.document_id,
        )
        amendment = self._enter(token, content, recipients, sent.document_id)
        self.ledger.amended |= {sending.document_id, amendment.document_id}
        await self._insist(amendment, content)

    async def _take(self, dms: SampleDms, doc_id: str) -> Sending | None:
        """Collect one package and confirm it; return it when it is new to us."""
        if (self.desk.system, doc_id) in self.ledger.taken:
            sending = None
        else:
            fetched = await (dms.get(doc_id) if self.dice.random() < 0.7 else dms.download(doc_id))
            if not fetched.document.rstrip().endswith(b"edXML>"):
                return None  # cut on the way; it is still there
            sending = self.ledger.receive(self.desk.agency, doc_id, fetched.document)
            self.ledger.taken.add((self.desk.system, doc_id))
        if self.dice.random() > 0.1:  # else it will see it again, under the same id
            await self._confirm(dms, doc_id, sending)
        return sending

    async def _confirm(self, dms: SampleDms, doc_id: str, sending: Sending | None) -> None:
        mine = (self.desk.system, doc_id)
        wanted = self.plain or sending is None or not _will_fail(sending)
        if sending is not None and not wanted and sending.recipients[0] == self.desk.agency:
            self.ledger.turned_away.add((self.desk.agency, sending.token))
            self.ledger.unwanted.add(mine)
        # Seen again because the first word was lost, it is the same word.
        if mine in self.ledger.unwanted:
            answer = await dms.confirm(doc_id, "fail", description="Không mở được")
        else:
            answer = await dms.confirm(doc_id)
        if answer.ok:
            self.ledger.confirmed.add((self.desk.system, doc_id))

    async def _answer(self, sending: Sending) -> None:
        """Say 03, then perhaps 06, about a document."""
        if self.dice.random() > 0.4 or _will_fail(sending):
            return
        about = Sent(sender=sending.sender, number=str(sending.token), day=_DAY)
        for code in ("03", "06") if self.dice.random() < 0.5 else ("03",):
            if self.stop.is_set():
                return
            token = self.ledger.new_token()
            content = status(about, code, by=self.desk.agency, description=f"phiếu {token}")
            word = self._enter(token, content, (sending.sender,), about.document_id, status=code)
            await self._insist(word, content)

    async def _answer_too_early(self, sending: Sending) -> None:
        """Let a recipient speak about a document that has not come yet: networks reorder."""
        desk = next(desk for desk in self.town.desks if desk.agency == sending.recipients[0])
        token = self.ledger.new_token()
        about = Sent(sender=sending.sender, number=str(sending.token), day=_DAY)
        content = status(about, "01", by=desk.agency, description=f"phiếu {token}")
        early = replace(self, desk=desk)
        word = early._enter(token, content, (sending.sender,), about.document_id, status="01")
        await early._insist(word, content)

    def _watch(self, answer: DmsAnswer) -> None:
        """See that what the sender is told never goes back; who turned it away may begin anew."""
        promised = self.ledger.promised()
        for item in answer.items:
            sending = promised.get(item["senderDocId"])
            if sending is None or (_will_fail(sending) and item["toCode"] == sending.recipients[0]):
                continue
            key = (item["senderDocId"], item["toCode"])
            told = (_WORD_RANK.get(item["sendStatus"], 0), item.get("receiveStatus") or "")
            before = self.ledger.progress.get(key, (0, ""))
            if not reaches(told, before):
                self.ledger.wrongs.append(f"{key} went back from {before} to {told}")
            self.ledger.progress[key] = told


@dataclass(kw_only=True)
class Registrar:
    """A province's office that registers agencies below it and closes them again.

    Shape: wanted is code → is open; doubtful are those registered by more than one asking and deleted since.
    """

    desk: Desk
    dice: random.Random
    stop: asyncio.Event
    wanted: dict[str, bool] = field(default_factory=dict)
    doubtful: list[str] = field(default_factory=list)

    async def register_on(self) -> None:
        """Register and delete, insisting on each, and at the end delete once more what is in doubt.

        The protocol has no order: a registration without an answer may come behind the deletion.
        """
        number = 0
        while not self.stop.is_set():
            number += 1
            code = f"000.{number % 100:02d}.{88 - number // 100}.H57"
            is_certain = await self._insist(code, is_open=True)
            if self.dice.random() < 0.5:
                await self._insist(code, is_open=False)
                if not is_certain:
                    self.doubtful.append(code)
            await self._break_in()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self.dice.uniform(0.3, 1.5))
        if self.doubtful:
            await asyncio.sleep(_ON_ITS_WAY)
        for code in self.doubtful:
            await self._insist(code, is_open=False)

    async def _insist(self, code: str, *, is_open: bool) -> bool:
        """Ask until it is done; tell whether the first asking did it."""
        self.wanted[code] = is_open
        members = {"id": code, "pcode": "000.00.00.H57", "code": code, "name": f"Phòng {code}"}
        asked_count = 0
        while True:
            asked_count += 1
            with contextlib.suppress(Delay):
                dms = self.desk.dms()
                if (await (dms.register(members) if is_open else dms.delete(code))).ok:
                    return asked_count == 1
            await asyncio.sleep(_PAUSE)

    async def _break_in(self) -> None:
        """Call with a secret that is not the right one."""
        url = self.desk.house.road.url
        stranger = SampleDms(url, self.desk.system, "x" * 32, made_at=now(), patience=PATIENCE)
        with contextlib.suppress(Delay):
            await stranger.received()


def _will_fail(sending: Sending) -> bool:
    return sending.is_document and sending.token % _FAIL_EACH == 0
