"""The scene of the lost node: backed up under traffic, lost with everything on it, restored, asked again."""

import asyncio
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.back_office import place_of
from gateway.config import load_config
from gateway.office import now
from gateway.store.backup import check_backup, make_backup, put_back, read_manifest
from tests.campaign.desks import Clerk
from tests.campaign.ledger import Ledger
from tests.campaign.town import House


@dataclass(kw_only=True)
class Loser:
    """Loses one house again and again; clerks are those whose DMSs are connected to it."""

    house: House
    clerks: Sequence[Clerk]
    ledger: Ledger
    dice: random.Random
    stop: asyncio.Event
    backups: Path
    count: int = 0

    async def lose_on(self) -> None:
        """Lose it until told to stop; it is left running, and everything sent again."""
        while not self.stop.is_set():
            await asyncio.sleep(self.dice.uniform(0.5, 2))
            safe = {sending.token for sending in self.ledger.sendings.values() if sending.promises}
            backup = self.backups / f"{self.house.name}-{self.count}"
            await asyncio.to_thread(self._back_up, backup)
            await asyncio.sleep(self.dice.uniform(0, 4))
            assert self.house.life is not None
            self.house.life.kill()
            await self.house.life.dead.wait()
            await asyncio.to_thread(self._lose_and_restore, backup)
            self.ledger.lose({clerk.desk.system for clerk in self.clerks})
            await (await self.house.start()).ready.wait()
            self.count += 1
            await asyncio.gather(*(clerk.send_again(safe) for clerk in self.clerks))

    def _back_up(self, target: Path) -> None:
        directory = self.house.node.directory
        place = place_of(load_config(directory / "config.toml"), directory)
        make_backup(place, target, at=now(), program="campaign", with_keys=True)

    def _lose_and_restore(self, backup: Path) -> None:
        shutil.rmtree(self.house.node.directory)
        manifest = read_manifest(backup)
        check_backup(backup, manifest)
        put_back(backup, manifest, self.house.node.directory)
        shutil.rmtree(backup)
