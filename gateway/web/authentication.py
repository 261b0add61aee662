"""Who is calling? Signed headers → System."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from gateway.errors import Delay, Misconfiguration, Refusal
from gateway.exchange.directory import Directory
from gateway.exchange.refusals import Refusals
from gateway.log_lines import log
from gateway.model.agency import System
from gateway.model.identifiers import SystemId
from gateway.store.directory import StoredSystem
from gateway.trust.secrets import open_secret
from gateway.vxp.operations import Operation
from gateway.vxp.signing import SignedArguments, claimed_system, verify_headers

# Told apart in the audit log only: a stranger must not learn which systems exist.
_TELLTALE = frozenset({"unknown-system", "system-disabled", "bad-signature", "header-missing"})


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
            return await self._verify(request, claimed)
        except Refusal as refusal:
            await self.refusals.distrust(
                refusal, claimed=claimed or "", operation=operation.value, at=self.clock()
            )
            raise _stranger() if refusal.code in _TELLTALE else refusal from None

    async def _verify(self, request: web.Request, claimed: SystemId | None) -> tuple[System, SignedArguments]:
        stored = await self._find(claimed)
        return stored.system, verify_headers(request.raw_headers, self._secret_of(stored))

    def _secret_of(self, stored: StoredSystem) -> bytes:
        try:
            return open_secret(stored.sealed_secret, key=self.secrets_key, system_id=stored.system.id)
        except Misconfiguration as error:
            log.error("secret cannot be opened", system=stored.system.id, reason=error.code)
            raise Delay.because(
                "not-now", vi="Chưa trả lời được; hãy gửi lại sau.", en="No answer is possible now."
            ) from error

    async def _find(self, claimed: SystemId | None) -> StoredSystem:
        if claimed is None:
            raise Refusal.because(
                "header-missing",
                where="XroadVnpt-systemid",
                vi="Thiếu mã hệ thống, hoặc có nhiều hơn một.",
                en="The system's id is missing, or there are several.",
            )
        # As of now: it may have been connected, disabled or given another secret a moment ago, at any node.
        systems = (await self.directory.current(certainly=True)).systems
        stored = systems.get(claimed)
        if stored is None or stored.system.disabled_at is not None:
            code = "unknown-system" if stored is None else "system-disabled"
            raise Refusal.because(code, vi="Hệ thống không được nhận.", en="The system is not admitted.")
        return stored


def _stranger() -> Refusal:
    return Refusal.because(
        "not-authenticated",
        vi="Hệ thống chưa được đăng ký hoặc chữ ký không đúng.",
        en="The system is not registered here, or its signature is wrong.",
    )
