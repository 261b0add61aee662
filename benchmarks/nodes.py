"""Nodes as real processes, founded and served by the public command line; and what they cost.

Linux only: affinity, processor time and memory are the kernel's own figures, from /proc.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.sandbox.agencies import AXIS_OPERATOR, HEALTH, MINISTRY, Member
from gateway.sandbox.dms import SampleDms
from gateway.sandbox.world import own_environment

# What the hub calls the gateways below it, and these their DMSs.
SENDING, RECEIVING, WRITER, READER = "gw-h57", "gw-g99", "dms-h57", "dms-g99"

_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Where things run: the node that is measured, and everything else."""

    measured: int
    others: int


def choose_cores() -> Cores:
    """Give the measured node a core of its own, if there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores(measured=cores[0], others=cores[-1])


def busy_seconds_of(core: int) -> float:
    """Tell how long a core has worked, for whomever."""
    line = next(
        line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} ")
    )
    user, nice, system, _idle, _waiting, interrupts, soft_interrupts, stolen = map(int, line.split()[1:9])
    return (user + nice + system + interrupts + soft_interrupts + stolen) / _TICKS


def busy_seconds_of_process(proc: Path) -> float:
    """Tell how long a process has worked, by its folder in /proc."""
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Keep this thread, and every process begun meanwhile, on one core; None leaves them free."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(slots=True, kw_only=True)
class Node:
    """One node: its folder, the secrets of its systems, and its process while it is served."""

    folder: Path
    port: int
    secrets: Mapping[str, str] = field(default_factory=dict)
    core: int | None = None
    running: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def start(
        self,
        *,
        core: int | None = None,
        workers_count: int = 1,
        program: Sequence[str] = ("gateway", "serve"),
    ) -> None:
        """Serve the node, on one core or wherever there is room, and wait until it answers."""
        self.core = core
        several = ["--workers", str(workers_count)] if workers_count > 1 else []
        with on_core(core), self._log.open("ab") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", *program, str(self.folder), *several],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=own_environment(),
                text=True,
            )
        assert self.running.stdout is not None
        if not self.running.stdout.readline().startswith("ready "):
            raise SystemExit(f"a node did not start:\n{self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the process."""
        if self.running is None:
            return
        self.running.terminate()
        try:
            self.running.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
        assert self.running.stdout is not None
        self.running.stdout.close()
        self.running = None

    def dms(self, system: str) -> SampleDms:
        """Make a DMS that connects as a system, over connections it keeps."""
        secret = self.secrets[system]
        return SampleDms(f"{self.url}/vxp", system, secret, made_at=datetime.now(UTC), keep_alive=True)

    def busy_seconds(self) -> float:
        """Tell how much processor time its processes have used, all their threads together."""
        return sum(map(busy_seconds_of_process, self._procs))

    def resident_bytes(self, *, peak: bool = False) -> int:
        """Tell how much memory its largest process holds, or has held since `forget_peak`."""
        wanted = "VmHWM:" if peak else "VmRSS:"
        found = ((proc / "status").read_text().split(wanted)[1].split()[0] for proc in self._procs)
        return max(map(int, found)) * 1024

    def forget_peak(self) -> None:
        """Begin a new peak; where the kernel does not allow it, the peak is that of the whole life."""
        for proc in self._procs:
            with contextlib.suppress(OSError):
                (proc / "clear_refs").write_text("5")

    @property
    def _log(self) -> Path:
        return self.folder / "serve.log"

    @property
    def _procs(self) -> list[Path]:
        """Name the process and those it began."""
        assert self.running is not None
        pid = self.running.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [Path(f"/proc/{each}") for each in (pid, *children)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A hub and two gateways below it, one of an agency that sends, one of an agency that receives."""

    hub: Node
    sender: Node
    receiver: Node

    @classmethod
    def found(cls, folder: Path, *, key: str) -> "Ground":
        """Found all three; none is served yet."""
        hub = found_hub(folder / "hub", key=key)
        gateways = []
        for name, owner, above, below, pause in (
            ("sender", HEALTH, SENDING, WRITER, "1s"),
            ("receiver", MINISTRY, RECEIVING, READER, "100ms"),
        ):
            node = Node(folder=folder / name, port=free_port())
            arguments = ["--role", "gateway", "--axis", f"{hub.url}/vxp", "--systemid", above]
            arguments += ["--secret-file", "-", "--authority", str(hub.folder), "--poll-every", pause]
            _init(node, owner, key, arguments, said=hub.secrets[above])
            node.secrets = {below: _connect(node, below, owner)}
            gateways.append(node)
        return cls(hub=hub, sender=gateways[0], receiver=gateways[1])

    def copied(self, folder: Path) -> "Ground":
        """Copy everything, so that each journey begins with empty mailboxes."""
        nodes = []
        for node in (self.hub, self.sender, self.receiver):
            shutil.copytree(node.folder, folder / node.folder.name)
            nodes.append(replace(node, folder=folder / node.folder.name))
        return Ground(hub=nodes[0], sender=nodes[1], receiver=nodes[2])


def found_hub(folder: Path, *, key: str, settings: str = "") -> Node:
    """Found a hub with two gateways known to it; settings are further lines of its configuration."""
    hub = Node(folder=folder, port=free_port())
    _init(hub, AXIS_OPERATOR, key, ["--role", "hub"])
    with (folder / "config.toml").open("a") as configuration:
        configuration.write(settings)
    agencies = folder.parent / "agencies.csv"
    agencies.write_text(f"code,name\n{HEALTH.code},{HEALTH.name}\n{MINISTRY.code},{MINISTRY.name}\n")
    _run("agency", "import", str(agencies), "-d", str(folder))
    hub.secrets = {
        SENDING: _connect(hub, SENDING, HEALTH, ["--kind", "gateway", "--policy", "require"]),
        RECEIVING: _connect(hub, RECEIVING, MINISTRY, ["--kind", "gateway", "--policy", "require"]),
    }
    return hub


def _init(node: Node, owner: Member, key: str, arguments: Sequence[str], *, said: str = "") -> None:
    named = ["--name", owner.name, "--agency-code", owner.code, "--key", key, "--port", str(node.port)]
    _run("init", str(node.folder), *named, *arguments, said=said)


def _connect(node: Node, system: str, serves: Member, arguments: Sequence[str] = ()) -> str:
    told = _run("system", "add", system, "--serves", serves.code, *arguments, "-d", str(node.folder))
    return str(told["secret"])


def _run(*arguments: str, said: str = "") -> Mapping[str, Any]:
    """Run one command of the gateway and read its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway", *arguments, "--json"],
        input=said,
        capture_output=True,
        env=own_environment(),
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"lienthong {' '.join(arguments)}\n{done.stderr}")
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
