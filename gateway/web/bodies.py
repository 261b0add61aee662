"""Bodies of requests: small ones whole, packages from their spool; and what is wrong with either."""

import asyncio

from aiohttp import web

from gateway.errors import Delay, Refusal
from gateway.store.spool import Spool, SpoolWriter
from gateway.vxp.signing import hash_matches, hash_mismatch

_PATIENCE_SECONDS = 60


async def read_small_body(request: web.Request, *, limit: int) -> bytes:
    """Read a body that is not a package.

    Errors: Refusal ``package-too-large``; Delay ``upload-too-slow`` when it trickles.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise too_large(limit)
    except TimeoutError as error:
        raise too_slow() from error
    return bytes(body)


async def finish_body(writer: SpoolWriter, claimed_hash: str) -> Spool:
    """Insist that a package is what was signed, without the line break the SDK adds.

    Errors: Refusal ``hash-mismatch``.
    """
    without = await writer.digest_without_line_break()
    if without is not None and hash_matches(claimed_hash, without):
        return await writer.finish(drop_line_break=True)
    if hash_matches(claimed_hash, await writer.digest()):
        return await writer.finish()
    raise hash_mismatch()


def too_slow() -> Delay:
    """Make the error for a body that trickles."""
    return Delay.because(
        "upload-too-slow",
        vi="Gói tin gửi lên quá chậm; hãy gửi lại.",
        en="The package came too slowly; send it again.",
    )


def too_large(limit: int) -> Refusal:
    """Make the error for a body of more bytes than may be."""
    return Refusal.because(
        "package-too-large",
        vi=f"Gói tin lớn hơn {limit} byte cho phép.",
        en=f"The package exceeds the {limit} bytes allowed.",
    )
