"""Runs the demo's nodes through the two months before its story, in this process and by an earlier clock."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from gateway.cli.demo_nodes import found_for_demo
from gateway.cli.node import CONFIG_NAME
from gateway.cli.operating_log import start_log
from gateway.config import load_config
from gateway.model.formats import VIETNAM
from gateway.office import now
from gateway.sandbox.old_letters import DAYS_COUNT
from gateway.sandbox.past import Past, SetForward
from gateway.sandbox.world import World
from gateway.serving import serving
from gateway.settings import Log
from gateway.trust.one_time_codes import write_letters

# Seals and accounts are some days older than the first letter.
LEAD = timedelta(days=DAYS_COUNT + 3)
_LOG_NAME = "hai-thang-truoc.log"
_PASSWORD_BYTES = 10
_LETTERS_COUNT, _LETTERS_COUNT_ONCE = 84, 12


def new_world(folder: Path) -> World:
    """Lay out a world whose nodes begin two months ago."""
    found = partial(found_for_demo, password=write_letters(secrets.token_bytes(_PASSWORD_BYTES)).lower())
    return World(folder=folder, found=found, founded_at=now() - LEAD)


async def live_through(world: World, *, full: bool) -> int:
    """Live through the past of a founded world; return how many letters were written in it.

    Shape: full is two months as they are; else a few letters, for who waits.
    """
    clock = SetForward(world.founded_at + timedelta(days=1))
    past_count = _LETTERS_COUNT if full else _LETTERS_COUNT_ONCE
    async with _served(world, clock), AsyncExitStack() as opened:
        await Past(
            world=world,
            clerks=world.seat_clerks(opened, clock),
            clock=clock,
            full=full,
            today=(world.founded_at + LEAD).astimezone(VIETNAM).date(),
            letters_count=past_count,
        ).live()
    return past_count


@contextlib.asynccontextmanager
async def _served(world: World, clock: SetForward) -> AsyncIterator[None]:
    async with AsyncExitStack() as opened:
        start_log(Log(), into=opened.enter_context((world.folder / _LOG_NAME).open("a", encoding="utf-8")))
        for node in world.nodes.values():
            config = load_config(node.folder / CONFIG_NAME)
            await opened.enter_async_context(serving(config, clock=clock))
        yield
