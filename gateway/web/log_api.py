"""The log for strangers: its checkpoints, the proofs between them, and a place for witnesses' signatures.

Nothing here is secret and nothing is believed: what goes out is signed, and what comes in is a signature
that verifies under the certificate of a configured peer, or is refused.
"""

import asyncio
import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.errors import Delay, Refusal
from gateway.evidence.note import read_signature
from gateway.exchange.checkpoints import Checkpoints, prove_consistency
from gateway.exchange.watching import Peer
from gateway.log_lines import log
from gateway.store.checkpoints import find_checkpoint, find_newest

_PATIENCE_SECONDS = 30
# A signature that outlasts quantum computers may one day be so long.
_LINE_BYTES = 8 << 10
_STATUSES = {"no-such-checkpoint": 404, "log-altered": 409, "cosignature-invalid": 403}

SIZE = r"\d{1,18}"
"""How a size stands in an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogApi:
    """Answers whoever watches our log."""

    checkpoints: Checkpoints
    peers: Sequence[Peer]
    clock: Callable[[], datetime]

    def routes(self) -> list[web.RouteDef]:
        """Name every address and what answers there."""
        return [
            web.get("/log/checkpoint", self.answer_checkpoint),
            web.get(f"/log/checkpoint/{{size:{SIZE}}}", self.answer_checkpoint),
            web.get(f"/log/consistency/{{old:{SIZE}}}/{{new:{SIZE}}}", self.answer_consistency),
            web.post(f"/log/cosignature/{{size:{SIZE}}}", self.take_cosignature),
        ]

    async def answer_checkpoint(self, request: web.Request) -> web.Response:
        """Give the newest checkpoint, or the one of a size, with every witness's line under it."""
        size, database = request.match_info.get("size"), self.checkpoints.database
        kept = await (find_newest(database) if size is None else find_checkpoint(database, int(size)))
        return _text("", status=404) if kept is None else _text(kept.cosigned().decode())

    async def answer_consistency(self, request: web.Request) -> web.Response:
        """Give the proof that the log of one size begins with the log of another: base64, one hash a line."""
        old, new = int(request.match_info["old"]), int(request.match_info["new"])
        try:
            proof = await prove_consistency(self.checkpoints.database, old, new)
        except (Refusal, Delay) as error:
            return _refuse(error)
        return _text("".join(f"{base64.b64encode(each).decode()}\n" for each in proof))

    async def take_cosignature(self, request: web.Request) -> web.Response:
        """Take a witness's line under a checkpoint of ours."""
        raw = await _read_line(request)
        if raw is None:
            return _text("no line, or too long a one\n", status=400)
        try:
            name = read_signature(raw).name
        except ValueError:
            return _text("not a signature line\n", status=400)
        peer = next((each for each in self.peers if each.origin == name), None)
        if peer is None:
            return _text("not a witness of this log\n", status=403)
        size, at = int(request.match_info["size"]), self.clock()
        try:
            await self.checkpoints.take_cosignature(
                size, raw, witness=name, certificates=peer.certificates, at=at
            )
        except (Refusal, Delay) as error:
            return _refuse(error)
        log.info("witnessed", by=name, size=size)
        return web.Response(status=204)


async def _read_line(request: web.Request) -> str | None:
    """Read a line that is not longer than any witness's, nor slower."""
    raw = b""
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for chunk in request.content.iter_any():
                raw += chunk
                if len(raw) > _LINE_BYTES:
                    return None
        return raw.decode()
    except (TimeoutError, UnicodeDecodeError):
        return None


def _text(body: str, *, status: int = 200) -> web.Response:
    return web.Response(text=body, status=status, content_type="text/plain", charset="utf-8")


def _refuse(error: Refusal | Delay) -> web.Response:
    return _text(f"{error.code}\n", status=_STATUSES.get(error.code, 503))
