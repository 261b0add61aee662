"""A timestamping authority, reached over HTTP (RFC 3161, section 3.4).

What comes back is believed only as far as evidence/timestamp.py verifies it. An authority that is away,
slow, wrong or lying is an error like any other here; that none of them stops anything is the caller's care.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from gateway.clients.transfer import take_small
from gateway.errors import Delay
from gateway.evidence.timestamp import ANSWER_MAX_BYTES, Stamp, read_answer, verify_token, write_request
from gateway.trust.certificates import Anchors


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampAuthority:
    """One authority. anchors are the roots it must lead to, timeout is for the whole exchange."""

    session: aiohttp.ClientSession
    url: str
    anchors: Anchors
    timeout: timedelta

    async def stamp(self, digest: bytes, *, nonce: int) -> tuple[bytes, Stamp]:
        """Fetch a timestamp over a SHA-256 digest: the token, and what it says.

        Errors: Delay when no answer came that could be one; Refusal when one did, and is no good.
        """
        token = read_answer(await self._ask(write_request(digest, nonce)))
        return token, await asyncio.to_thread(verify_token, token, digest, self.anchors, nonce=nonce)

    async def _ask(self, request: bytes) -> bytes:
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        timeout = aiohttp.ClientTimeout(total=self.timeout.total_seconds())
        try:
            async with self.session.post(
                self.url, data=request, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                body = await take_small(response, limit=ANSWER_MAX_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Delay.because(
                "timestamp-away",
                vi="không liên lạc được với cơ quan cấp dấu thời gian",
                en="the timestamping authority cannot be reached",
            ) from error
        if response.status != 200:
            raise Delay.because(
                "timestamp-failed",
                vi=f"cơ quan cấp dấu thời gian trả lời HTTP {response.status}",
                en=f"the timestamping authority answered HTTP {response.status}",
            )
        return body
