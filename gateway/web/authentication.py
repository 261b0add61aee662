"""Who is calling? Signed headers → System."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.errors import Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.refusals import Refusals
from gateway.model.agency import System
from gateway.model.identifiers import SystemId
from gateway.store.directory import StoredSystem
from gateway.trust.secrets import open_secret
from gateway.vxp.operations import Operation
from gateway.vxp.signing import SignedArguments, claimed_system, verify_headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """Knows every system's secret, through a key that is not in the database."""

    directory: Directory
    refusals: Refusals
    secrets_key: bytes
    clock: Callable[[], datetime]

    async def identify(self, request: web.Request, operation: Operation) -> tuple[System, SignedArguments]:
        """Tell which system calls, and with which arguments.

        Errors: Refusal, recorded, when it is not who it says.
        """
        claimed = claimed_system(request.raw_headers)
        try:
            stored = await self._find(claimed)
            secret = open_secret(stored.sealed_secret, key=self.secrets_key, system_id=stored.system.id)
            return stored.system, verify_headers(request.raw_headers, secret)
        except Refusal as refusal:
            await self.refusals.distrust(
                refusal, claimed=claimed or "", operation=operation.value, at=self.clock()
            )
            raise

    async def _find(self, claimed: SystemId | None) -> StoredSystem:
        if claimed is None:
            raise Refusal.because(
                "header-missing",
                where="XroadVnpt-systemid",
                vi="Thiếu mã hệ thống, hoặc có nhiều hơn một.",
                en="The system's id is missing, or there are several.",
            )
        systems = (await self.directory.current()).systems
        if claimed not in systems:  # it may have been connected a moment ago
            systems = (await self.directory.current(certainly=True)).systems
        # Unknown and disabled are told apart in the log only: a stranger learns nothing.
        stored = systems.get(claimed)
        if stored is None or stored.system.disabled_at is not None:
            raise Refusal.because(
                "unknown-system" if stored is None else "system-disabled",
                vi="Hệ thống chưa được đăng ký hoặc chữ ký không đúng.",
                en="The system is not registered here, or its signature is wrong.",
            )
        return stored
