"""A gateway as a process of its own, which kills itself (SIGKILL) the first time it comes to a named point.

``python -m tests.walks.dying DIR [POINT [DAYS]]`` serves DIR, so many days from now, and prints its address.
Its reports are all the same. With ``POINT then POINT`` it first stands still (SIGSTOP) at the one, and dies
at the other, once somebody has woken it.
The points lie between the steps of the walks; dying there is done from the outside, so that the product
knows nothing of it. Those of `gateway.points` go by their name.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.clients.axis import Axis
from gateway.config import load_config
from gateway.exchange.acceptance import Acceptance
from gateway.exchange.delivery import Delivery
from gateway.exchange.evidencing import Evidencing
from gateway.exchange.expectations import Expectations
from gateway.exchange.inbound import Inbound
from gateway.exchange.mailbox import Mailbox
from gateway.exchange.outbound import Outbound
from gateway.exchange.passing_on import Sealing
from gateway.office import now
from gateway.points import Point, watch
from gateway.serving import serving
from gateway.store.blobs import Blobs

BEFORE, AFTER = "before", "after"

POINTS: dict[str, tuple[type, str, str]] = {
    "the body is here, nothing is judged": (Outbound, "accept", BEFORE),
    "judged, its bytes not yet safe": (Blobs, "secure", BEFORE),
    "its bytes safe, nothing recorded": (Blobs, "secure", AFTER),
    "in the transaction, before its commit": (Acceptance, "_record", AFTER),
    "recorded, not yet answered": (Outbound, "accept", AFTER),
    "claimed, not yet sealed": (Delivery, "carry_out", BEFORE),
    "sealed, not yet handed over": (Sealing, "prepare", AFTER),
    "handed over, not yet recorded": (Delivery, "_hand_over", AFTER),
    "delivery recorded": (Delivery, "_record_delivery", AFTER),
    "fetched from the axis, not yet recorded": (Inbound, "accept", BEFORE),
    "recorded, not yet confirmed to the axis": (Inbound, "accept", AFTER),
    "collected, not yet answered": (Mailbox, "collect", AFTER),
    "confirmed, not yet answered": (Mailbox, "confirm", AFTER),
    "the axis's receipts read, not yet kept": (Evidencing, "_keep", BEFORE),
    "the axis's receipts kept": (Evidencing, "_keep", AFTER),
    "the axis told of ours, not yet noted": (Axis, "tell_receipts", AFTER),
    "looked for missing receipts": (Expectations, "look", AFTER),
}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stand_still_then_die(standstill: str, deadly: Point) -> None:
    """Watch for the two points; without a name of the first there is only the second."""
    ahead = [Point[standstill]] if standstill else []

    def watcher(point: Point) -> None:
        if ahead and point is ahead[0]:
            ahead.clear()
            os.kill(os.getpid(), signal.SIGSTOP)
        elif not ahead and point is deadly:
            die()

    watch(watcher)


def arm(point: str) -> None:
    """Replace one step by itself and death."""
    standstill, _, deadly = point.rpartition(" then ")
    if deadly in Point.__members__:
        stand_still_then_die(standstill, Point[deadly])
        return
    owner, name, when = POINTS[point]
    step: Callable[..., Any] = getattr(owner, name)

    async def walk_and_die(*args: Any, **kwargs: Any) -> Any:
        if when == BEFORE:
            die()
        result = await step(*args, **kwargs)
        die()
        return result

    def act_and_die(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        die()
        return result

    setattr(owner, name, walk_and_die if asyncio.iscoroutinefunction(step) else act_and_die)


async def serve(directory: Path, ahead: timedelta) -> None:
    config = load_config(directory / "config.toml")
    async with serving(config, clock=lambda: now() + ahead) as address:
        print(f"ready {address}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[2]:
        arm(sys.argv[2])
    days = timedelta(days=float(sys.argv[3])) if len(sys.argv) > 3 else timedelta()
    asyncio.run(serve(Path(sys.argv[1]), days))
