"""The command line as tests call it: in this process where that is enough, as a process where it is not."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gateway.cli.root import lienthong

ROOT = Path(__file__).parent.parent.parent
CASES = ROOT / "tests" / "cases"

HUB = "H57"
HEALTH = "000.00.12.H57"
FINANCE = "000.00.13.H57"


def run(*arguments: str | Path, code: int = 0, typed: str | None = None, columns: int = 100) -> Result:
    """Call a command on a page of some columns and insist on its exit code."""
    environment = {"COLUMNS": str(columns), "LIENTHONG_DIR": None}
    ran = CliRunner().invoke(lienthong, [str(part) for part in arguments], input=typed, env=environment)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    assert ran.exit_code == code, ran.output
    return ran


def facts(*arguments: str | Path) -> Any:
    """Call a command with --json and read what it prints."""
    return json.loads(run(*arguments, "--json").stdout)


def found(folder: Path, *more: str | Path, role: str = "hub", code: str = HUB) -> Path:
    """Found a node quickly: an elliptic key is drawn at once."""
    run(
        *("init", folder, "--role", role, "--name", "Trục thử nghiệm", "--agency-code", code),
        *("--key", "p256", "--port", "0", *more),
    )
    return folder


@dataclass
class Server:
    """A node that runs as a process of its own."""

    url: str
    process: "subprocess.Popen[str]"

    def stop(self, *, by: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Tell it to stop; return its exit code, and what else stood on stdout and on stderr."""
        self.process.send_signal(by)
        rest, log = self.process.communicate(timeout=30)
        return self.process.returncode, rest, log


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[Server]:
    """Serve a node until the block ends."""
    command = [sys.executable, "-m", "gateway", "serve", str(folder), *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("ready http"), process.stderr.read() if process.stderr else ""
        yield Server(url=line.split()[1] + "/vxp", process=process)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def rules(ran: Result) -> list[str]:
    """Name the rules told on stderr, in order."""
    return [line.split(":")[0] for line in ran.stderr.splitlines()]


def codes(items: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """Take one member of each item."""
    return [item[name] for item in items]
