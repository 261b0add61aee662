"""Long queues, made quickly: packages accepted by the real transaction, hundreds in each commit.

One package of each sort is judged; the others are the same letter under other numbers, and only what its
number changes is told anew. No row is written by hand: packages, dispatches, log entries and receipts are
those that a sender's own call would have left.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from gateway.config import load_config
from gateway.exchange.acceptance import Acceptance, Promise, Tools
from gateway.exchange.directory import Snapshot
from gateway.exchange.ids import Mint
from gateway.exchange.judge import Judge
from gateway.exchange.posting import Posting
from gateway.exchange.routing import plan_route
from gateway.model.agency import SystemKind
from gateway.model.identifiers import AgencyCode, Digest, DocumentId, SystemId
from gateway.model.package import DocumentCode
from gateway.model.signature import SignaturePolicy, VerifiedPackage
from gateway.office import Office, furnish_books, now, open_office
from gateway.store.database import Act
from gateway.store.ids import newest_id
from gateway.store.packages import Direction
from gateway.store.spool import Spool
from gateway.store.tables import Tables
from gateway.wiring.files import load_trust, package_limits
from tests.packages import Sent, document

_IN_ONE_COMMIT = 500
_NOTATION = "VP"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One package to be. Version 0 opens its document, the others update it.

    Shape: number and version are written with seven digits, so that all of one sort are equally long.
    """

    sender: AgencyCode
    recipient: AgencyCode
    number: int
    version: int = 0
    priority: int = 0

    @property
    def sent(self) -> Sent:
        """Name its document."""
        return Sent(sender=self.sender, number=f"{self.number:07d}", notation=_NOTATION)

    @property
    def subject(self) -> str:
        """Say what it is about."""
        return f"Về việc báo cáo, lần {self.version:07d}"

    @property
    def sort(self) -> "Letter":
        """Return the letter that stands for all that differ from it in number alone."""
        return replace(self, number=0, version=min(self.version, 1))

    def write(self) -> bytes:
        """Write its package."""
        return document(
            self.sent,
            [self.recipient],
            subject=self.subject,
            business=2 if self.version else 0,
            target=self.sent.document_id if self.version else None,
            priority=self.priority,
        )


@dataclass(kw_only=True)
class Crowd:
    """Fills the queues of one node that is not being served."""

    office: Office
    directory: Snapshot
    judge: Judge
    tools: Tools
    axis_is_open: bool
    system_of: Callable[[AgencyCode], str]
    _judged: dict[Letter, VerifiedPackage] = field(default_factory=dict)

    async def gather(self, letters: Iterable[Letter]) -> int:
        """Accept letters as if their senders' systems had sent them; return how many."""
        left, count = iter(letters), 0
        while some := list(islice(left, _IN_ONE_COMMIT)):
            acts = [self._acceptance(letter).recording(self.tools) for letter in some]

            def act(tables: Tables, these: list[Act[Promise]] = acts) -> None:
                for one in these:
                    one(tables)

            await self.office.database.write(act)
            count += len(some)
        return count

    def _acceptance(self, letter: Letter) -> Acceptance:
        content = letter.write()
        spool = Spool(
            digest=Digest(hashlib.sha256(content).hexdigest()), size_bytes=len(content), content=content
        )
        return Acceptance(
            verified=self._told_anew(letter, spool),
            spool=spool,
            direction=Direction.OUTBOUND,
            system_id=SystemId(self.system_of(letter.sender)),
            peer=SystemKind.DMS,
            route=plan_route(
                [letter.recipient], self.directory, axis_is_open=self.axis_is_open, is_answer=False
            ),
            directory=self.directory,
            strict=True,
            at=now(),
        )

    def _told_anew(self, letter: Letter, spool: Spool) -> VerifiedPackage:
        judged = self._judged.get(letter.sort)
        if judged is None:
            judged = self.judge.judge(spool, self.directory, policy=SignaturePolicy.WARN, at=now())
            self._judged[letter.sort] = judged
        envelope = judged.package.envelope
        assert envelope is not None
        document_id = DocumentId(letter.sent.document_id)
        amendment = envelope.amendment
        envelope = replace(
            envelope,
            document_id=document_id,
            subject=letter.subject,
            code=DocumentCode(number=letter.sent.number, notation=_NOTATION),
            amendment=replace(amendment, target=document_id) if letter.version else amendment,
        )
        package = replace(judged.package, envelope=envelope, digest=spool.digest, size_bytes=spool.size_bytes)
        return replace(judged, package=package)


async def fill(directory: Path, letters: Iterable[Letter], *, system_of: Callable[[AgencyCode], str]) -> int:
    """Fill the queues of the node in a directory; return how many packages it has more.

    Shape: system_of tells an agency's system.
    The node says no 01 for what it takes: the queues are as long as they are meant to be.
    """
    config = load_config(directory / "config.toml")
    async with open_office(config) as office:
        mint = Mint.after(await newest_id(office.database))
        posting = Posting(blobs=office.blobs, mint=mint, give_up_after=timedelta(days=5))
        crowd = Crowd(
            office=office,
            directory=await office.directory.current(),
            judge=Judge(
                limits=package_limits(config),
                anchors=load_trust(config.trust.anchors_dir),
                vouchers=frozenset(),
            ),
            tools=Tools(
                notary=office.notary,
                posting=posting,
                books=furnish_books(office, posting.mint),
                own_words=None,
            ),
            axis_is_open=config.axis is not None,
            system_of=system_of,
        )
        return await crowd.gather(letters)
