"""Who vouches for the log: checkpoints, their timestamps and witnesses, peers watched; the log verified."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.errors import Fault
from gateway.evidence.checkpoint import Verdict
from gateway.evidence.note import read_note
from gateway.exchange.auditing import OF_ENTRIES, OF_TREE
from gateway.exchange.verifying import Run, Verifying
from gateway.exchange.vouching import ALTERED, Vouching
from gateway.exchange.words import VERDICTS
from gateway.model.formats import counted
from gateway.model.people import Permission
from gateway.store.checkpoints import KeptCheckpoint, Seen, count_unstamped, list_checkpoints
from gateway.web.console.downloads import send_away
from gateway.web.console.entries import not_here, one_piece
from gateway.web.console.fault_groups import group_faults
from gateway.web.console.forms import query_of
from gateway.web.console.route import PREFIX, Route
from gateway.web.console.shell import Message, Shell
from gateway.web.console.visitor import visitor_of

_ON_A_PAGE = 30
_PATIENCE_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A checkpoint of the list, and who else signed it."""

    kept: KeptCheckpoint
    witnesses: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A log this node watches. trouble says why it could not be looked at last time."""

    origin: str
    seen: Seen | None
    trouble: Sequence[Fault]
    since: datetime | None
    is_watched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchingPages:
    """The pages about what vouches for the log. peers are the origins that are watched."""

    shell: Shell
    vouching: Vouching
    verifying: Verifying
    peers: Sequence[str]
    clock: Callable[[], datetime]

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        for method, path, act in (
            ("GET", "/log/checkpoints", self.show),
            ("POST", "/log/checkpoints", self.make),
            ("GET", "/log/checkpoints/{size:[0-9]{1,15}}", self.send_checkpoint),
            ("GET", "/log/verify", self.show_verification),
            ("POST", "/log/verify", self.verify),
        ):
            yield Route(method=method, path=path, act=act, may=Permission.AUDIT, everywhere=True)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show how the log stands with those outside."""
        before = query_of(request).text("before")
        below = int(before) if before.isdecimal() and len(before) < 16 else None
        database = self.vouching.checkpoints.database
        found = await list_checkpoints(database, below=below, limit=_ON_A_PAGE + 1)
        standing = await self.vouching.standing()
        altered = self.vouching.troubles.open.get(ALTERED)
        following = found[_ON_A_PAGE - 1].size if len(found) > _ON_A_PAGE else None
        return await self.shell.render(
            request,
            "audit/checkpoints.html",
            standing=standing,
            newest=None if standing.newest is None else self._mark(standing.newest),
            origin=self.vouching.checkpoints.origin,
            stamps=self.vouching.stamping is not None,
            waiting_count=await count_unstamped(database),
            exposed_for=self.vouching.unstamped_for(standing),
            marks=[self._mark(kept) for kept in found[:_ON_A_PAGE]],
            older="" if following is None else f"{PREFIX}/log/checkpoints?before={following}",
            newer=f"{PREFIX}/log/checkpoints" if before else "",
            peers=self._peers({seen.origin: seen for seen in standing.seen}),
            alarms=[(alarm, VERDICTS[Verdict(alarm.verdict)]) for alarm in standing.alarms],
            altered=() if altered is None else altered.error.faults,
        )

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Make a checkpoint now. Made twice it is made once."""
        kept = await self.vouching.checkpoints.make(at=self.clock())
        if kept is None:
            message = Message(vi="Nhật ký còn trống.", en="The log is empty.", tone="warn")
        else:
            message = Message(
                vi=f"Điểm chốt mới nhất bao gồm {kept.size} mục.",
                en=f"The newest checkpoint covers {counted(kept.size, 'entry')}.",
            )
        return self.shell.redirect(request, "/log/checkpoints", message)

    async def send_checkpoint(self, request: web.Request) -> web.StreamResponse:
        """Send a checkpoint as it stands, to be kept elsewhere: a signed note with its witnesses' lines."""
        size = int(request.match_info["size"])
        found = await list_checkpoints(self.vouching.checkpoints.database, below=size + 1, limit=1)
        if not found or found[0].size != size:
            raise not_here("Không có điểm chốt này.", "There is no such checkpoint.")
        note = one_piece(found[0].cosigned())
        return await send_away(request, note, name=f"diem-chot-{size}.txt", media_type="text/plain")

    async def show_verification(self, request: web.Request) -> web.StreamResponse:
        """Show how far the verification is, or what it found."""
        run = self.verifying.last
        return await self.shell.render(
            request,
            "audit/verify.html",
            run=run,
            is_running=self.verifying.is_running,
            wrong=[] if run is None else group_faults(run.faults),
            checks=[] if run is None else _checks(run),
            knows_roots=self.verifying.anchors is not None,
        )

    async def verify(self, request: web.Request) -> web.StreamResponse:
        """Begin a verification of the whole log."""
        message = None
        if not await self.verifying.start(by=visitor_of(request).user.login):
            message = Message(vi="Đang có một lần kiểm tra.", en="One is under way.", tone="warn")
        await self.verifying.settle(seconds=_PATIENCE_SECONDS)
        return self.shell.redirect(request, "/log/verify", message)

    def _mark(self, kept: KeptCheckpoint) -> Mark:
        own = self.vouching.checkpoints.origin
        names = {line.name for line in read_note(kept.cosigned()).signatures} - {own}
        return Mark(kept=kept, witnesses=sorted(names))

    def _peers(self, seen: dict[str, Seen]) -> list[Peer]:
        troubles = self.vouching.troubles.open
        found = []
        for origin in sorted({*self.peers, *seen}):
            trouble = troubles.get(f"peer {origin}")
            found.append(
                Peer(
                    origin=origin,
                    seen=seen.get(origin),
                    trouble=() if trouble is None else trouble.error.faults,
                    since=None if trouble is None else trouble.since,
                    is_watched=origin in self.peers,
                )
            )
        return found


def _checks(run: Run) -> list[tuple[str, bool | None]]:
    """Tell which of the checks hold, by name; None of one that was not made."""
    rules = {fault.rule for fault in run.faults}
    of_stamps = {fault.rule for fault in run.stamps.faults} if run.stamps else set()
    others = rules - OF_ENTRIES - OF_TREE - of_stamps
    return [
        ("entries", not rules & OF_ENTRIES),
        ("tree", not rules & OF_TREE),
        ("checkpoints", not others),
        ("stamps", None if run.stamps is None else not of_stamps),
    ]
