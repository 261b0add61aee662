"""Another node's log over HTTP: its newest checkpoint, its proofs, and our signature given back.

Everything that comes is signed or is a proof, and is judged by exchange/witness.py; nothing here is.
"""

import base64
import binascii
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from gateway.clients.transfer import take_small
from gateway.errors import Delay, Refusal
from gateway.evidence.merkle import HASH_BYTES

_MAX_BYTES = 256 << 10
_NOT_THERE, _GONE_WRONG = 404, 409
_NEWEST = "checkpoint"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLog:
    """One peer's log. timeout is for each call as a whole."""

    session: aiohttp.ClientSession
    url: str
    timeout: timedelta

    async def fetch_checkpoint(self) -> bytes:
        """Fetch the newest checkpoint, with whatever is signed under it.

        Errors: Delay when none came, ``peer-empty`` where there is none.
        """
        return await self._call("GET", _NEWEST)

    async def fetch_consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Fetch the proof that the log of one size begins with the log of another.

        Errors: Refusal ``log-altered`` when the peer says that its log is no longer what it signed; Delay
        when no proof came.
        """
        body = await self._call("GET", f"consistency/{old}/{new}")
        try:
            hashes = tuple(base64.b64decode(line, validate=True) for line in body.split(b"\n")[:-1])
            if any(len(each) != HASH_BYTES for each in hashes) or body[-1:] not in (b"", b"\n"):
                raise ValueError("not hashes")
        except (ValueError, binascii.Error) as error:
            raise _away(
                "peer-unreadable", "trả lời không phải bằng chứng", "answered with no proof"
            ) from error
        return hashes

    async def give_cosignature(self, size: int, line: str) -> None:
        """Give the peer our signature line under its checkpoint.

        Errors: Delay when it was not taken.
        """
        await self._call("POST", f"cosignature/{size}", line.encode())

    async def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        timeout = aiohttp.ClientTimeout(total=self.timeout.total_seconds())
        try:
            async with self.session.request(
                method, f"{self.url}/log/{path}", data=body, timeout=timeout, allow_redirects=False
            ) as response:
                answer = await take_small(response, limit=_MAX_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _away("peer-away", "không liên lạc được", "cannot be reached") from error
        if response.status == _GONE_WRONG:
            raise Refusal.because(
                "log-altered",
                vi="nút ngang hàng báo nhật ký của nó không còn là nhật ký đã ký",
                en="the peer says that its log is no longer what it signed",
            )
        if response.status == _NOT_THERE and path == _NEWEST:
            raise _away(
                "peer-empty",
                "chưa có điểm chốt nào, hoặc địa chỉ không đúng (HTTP 404)",
                "has no checkpoint yet, or the address is wrong (HTTP 404)",
            )
        if response.status >= 300:
            status = f"HTTP {response.status}"
            raise _away("peer-unwilling", f"trả lời {status}", f"answered {status}")
        return answer


def _away(code: str, vi: str, en: str) -> Delay:
    return Delay.because(code, vi=f"nhật ký ngang hàng {vi}", en=f"the peer's log {en}")
