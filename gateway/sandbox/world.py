"""The world of the demo: a hub, a dedicated and a shared gateway as real processes, clerks at their DMSs.

The nodes are founded by whoever opens the world (the command line does it as `init` does), and served by
``python -m gateway serve``, each a process of its own. Between the gateways and the hub lies a road on
which things can be made to go wrong.
"""

import asyncio
import contextlib
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from cryptography import x509

import gateway
from gateway.errors import Delay
from gateway.model.identifiers import AgencyCode, SystemId
from gateway.sandbox.agencies import HUB_PLAN, MINISTRY_PLAN, PROVINCE_PLAN, Member, NodePlan
from gateway.sandbox.clerk import Clerk
from gateway.sandbox.dms import SampleDms
from gateway.sandbox.faulty_axis import FaultyAxis
from gateway.sandbox.visitor import Account
from gateway.trust.certificates import load_anchors

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
# Where a hub is not: nobody asks before it is there.
_NOWHERE = "http://127.0.0.1:9/vxp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """How a gateway of the demo reaches its hub: address, name and secret, and whose authority it shares."""

    url: str
    system: SystemId
    secret: str
    authority: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """How to come in at a node that was founded: each system's secret, and people's accounts."""

    secrets: Mapping[SystemId, str]
    accounts: tuple[Account, ...]


class Founder(Protocol):
    """Founds one node with its systems and people, ready to be served."""

    def __call__(
        self, folder: Path, plan: NodePlan, upstream: Upstream | None, *, port: int, at: datetime
    ) -> Keys: ...


@dataclass(slots=True, kw_only=True)
class Node:
    """One node and its process."""

    plan: NodePlan
    folder: Path
    keys: Keys
    url: str
    running: Process | None = None

    def account(self, login: str) -> Account:
        """Return one of its people's accounts."""
        return next(account for account in self.keys.accounts if account.login == login)

    @property
    def log_file(self) -> Path:
        """Return where its operating log goes."""
        return self.folder / "serve.log"

    @property
    def certificate(self) -> x509.Certificate:
        """Return the certificate its receipts are checked with, as anybody may have it."""
        return x509.load_pem_x509_certificate((self.folder / "seal.pem").read_bytes())

    async def start(self) -> None:
        """Start the process and wait until it answers.

        Errors: Delay ``node-silent`` when it ends or says nothing; its log says why.
        """
        with self.log_file.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal is for the demo, which then stops the nodes.
            self.running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gateway", "serve", str(self.folder)),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=log,
                env=own_environment(),
                start_new_session=True,
            )
        assert self.running.stdout is not None  # noqa: S101 - we asked for a pipe
        said = b""
        with contextlib.suppress(TimeoutError):
            said = await asyncio.wait_for(self.running.stdout.readline(), _START_SECONDS)
        if not said.startswith(b"ready "):
            raise Delay.because(
                "node-silent",
                where=self.plan.folder,
                vi=f"{self.plan.title} không khởi động được",
                en=f"the {self.plan.title_en} did not start",
            )

    async def stop(self) -> None:
        """End the process: asked first, made after some seconds."""
        running = self.running
        if running is None or running.returncode is not None:
            return
        try:
            running.terminate()
            await asyncio.wait_for(running.wait(), _STOP_SECONDS)
        except (ProcessLookupError, TimeoutError):
            pass
        finally:
            if running.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    running.kill()

    def log_tail(self, lines_count: int = 20) -> list[str]:
        """Return the last lines of its operating log that tell more than that all is well."""
        if not self.log_file.exists():
            return []
        lines = self.log_file.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if " outcome=ok " not in line][-lines_count:]


@dataclass(slots=True, kw_only=True)
class World:
    """Everything the demo consists of; opened and closed with ``async with``.

    Shape: founded_at is the instant at which its nodes began. Opened, they are founded and nothing runs.
    """

    folder: Path
    found: Founder
    founded_at: datetime
    road: FaultyAxis = field(default_factory=lambda: FaultyAxis(_NOWHERE))
    nodes: dict[str, Node] = field(default_factory=dict)
    clerks: dict[AgencyCode, Clerk] = field(default_factory=dict)
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Found the nodes.

        Errors: Misconfiguration when a node cannot be founded.
        """
        try:
            await self._open.enter_async_context(self.road)
            hub = await self._found(HUB_PLAN)
            self.road.target_url = f"{hub.url}/vxp"
            below = await _together(self._found(MINISTRY_PLAN), self._found(PROVINCE_PLAN))
            for node in below:
                _introduce(node, to=hub)
                _introduce(hub, to=node)
        except BaseException:
            await self._open.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every process."""
        await self._open.aclose()

    async def start(self) -> None:
        """Start the nodes and seat the clerks.

        Errors: Delay ``node-silent``.
        """
        await _together(*map(self._start, self.nodes.values()))
        self.clerks = self.seat_clerks(self._open, lambda: datetime.now(UTC))

    def seat_clerks(self, opened: AsyncExitStack, clock: Callable[[], datetime]) -> dict[AgencyCode, Clerk]:
        """Seat a clerk at every DMS below the hub that works, until opened closes; list whose they are."""
        anchors = load_anchors((self.hub.folder / "authority.pem").read_bytes())
        seated: dict[AgencyCode, Clerk] = {}
        for node in (self.nodes[MINISTRY_PLAN.folder], self.nodes[PROVINCE_PLAN.folder]):
            for desk in node.plan.desks:
                if desk.at_console or desk.broken:
                    continue
                dms = SampleDms(f"{node.url}/vxp", desk.id, node.keys.secrets[desk.id], made_at=clock())
                opened.push_async_callback(dms.close)
                clerk = Clerk(desk=desk, node=node.plan.folder, dms=dms, anchors=anchors, clock=clock)
                seated.update((member.code, clerk) for member in desk.serves)
        return seated

    @property
    def hub(self) -> Node:
        """Return the hub."""
        return self.nodes[HUB_PLAN.folder]

    def clerk_of(self, member: Member) -> Clerk:
        """Return the clerk who works for an agency."""
        return self.clerks[member.code]

    def desks(self) -> list[Clerk]:
        """List the clerks, each once."""
        return list({clerk.desk.id: clerk for clerk in self.clerks.values()}.values())

    def fallen(self) -> list[Node]:
        """List the nodes whose process ended by itself."""
        return [node for node in self.nodes.values() if node.running and node.running.returncode is not None]

    async def _found(self, plan: NodePlan) -> Node:
        folder = self.folder / plan.folder
        upstream = None
        if plan.below is not None:
            secret = self.hub.keys.secrets[plan.below]
            upstream = Upstream(
                url=self.road.url, system=plan.below, secret=secret, authority=self.hub.folder
            )
        port = _free_port()
        found = partial(self.found, folder, plan, upstream, port=port, at=self.founded_at)
        keys = await asyncio.to_thread(found)
        node = Node(plan=plan, folder=folder, keys=keys, url=f"http://127.0.0.1:{port}")
        self.nodes[plan.folder] = node
        return node

    async def _start(self, node: Node) -> Node:
        self._open.push_async_callback(node.stop)
        await node.start()
        return node


def _introduce(node: Node, *, to: Node) -> None:
    """Make a node the witness of another's log."""
    folder = node.folder / "peers"
    folder.mkdir(exist_ok=True)
    certificate = folder / f"{to.plan.folder}.pem"
    certificate.write_bytes((to.folder / "seal.pem").read_bytes())
    with (node.folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(
            f'\n[[audit.peers]]\norigin = "{to.plan.owner.code}/log"\nurl = "{to.url}"\n'
            f'certificate_file = "peers/{certificate.name}"\n'
        )


def _free_port() -> int:
    """Find a port that is free now: a node's address stays the same when it starts again."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def own_environment() -> dict[str, str]:
    """Return the environment in which ``python -m gateway`` is this same gateway, wherever it lies."""
    own = Path(gateway.__file__).parent.parent
    path = os.pathsep.join(filter(None, (str(own), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": path}


async def _together(*acts: Coroutine[Any, Any, Node]) -> list[Node]:
    """Do several things at once; the first that fails ends the others and is the error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(act) for act in acts]
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
