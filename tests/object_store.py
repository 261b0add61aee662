"""Object stores of loopback: moto has all of the interface but checks no signature, rclone the reverse."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

from gateway.store.bucket import Bucket, open_bucket

KEY_ID, SECRET = "AKIDLIENTHONG", "a-secret-for-tests"


@dataclass(frozen=True, kw_only=True)
class Store:
    """A running store with one bucket."""

    port: int
    bucket: str = "goitin"

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def settings(self, directory: Path, prefix: str, **others: object) -> dict[str, object]:
        """Lay the secret beside a node's directory, and return what its [storage] says."""
        (directory.parent / "s3.secret").write_text(SECRET)
        return {
            "blobs": f"s3://{self.bucket}/{prefix}",
            "blobs_endpoint": self.url,
            "blobs_key_id": KEY_ID,
            "blobs_secret_file": "../s3.secret",
        } | others

    def client(self, prefix: str, *, key_id: str = KEY_ID, secret: str = SECRET, bucket: str = "") -> Bucket:
        """Make our client of it."""
        return open_bucket(
            f"s3://{bucket or self.bucket}/{prefix}",
            endpoint=self.url,
            region="us-east-1",
            key_id=key_id,
            secret=secret,
            ca_pem=None,
        )


@contextlib.contextmanager
def moto() -> Iterator[Store]:
    """Serve the whole interface, from memory."""
    store = Store(port=_free_port())
    with _running(store, "moto_server", "-H", "127.0.0.1", "-p", str(store.port)):
        with urlopen(Request(f"{store.url}/{store.bucket}", method="PUT")) as answer:
            assert answer.status == 200
        yield store


@contextlib.contextmanager
def rclone(folder: Path) -> Iterator[Store]:
    """Serve a folder, and check who asks. It answers a range with the whole."""
    store = Store(port=_free_port())
    (folder / store.bucket).mkdir(parents=True)
    serve = ("serve", "s3", str(folder), "--addr", f"127.0.0.1:{store.port}", "--config", os.devnull)
    with _running(store, "rclone", *serve, "--auth-key", f"{KEY_ID},{SECRET}"):
        yield store


@contextlib.contextmanager
def _running(store: Store, program: str, *arguments: str) -> Iterator[None]:
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", store.port), 1):
                break
            assert child.poll() is None, f"{program} ended"
            time.sleep(0.05)
        yield
    finally:
        child.terminate()
        child.wait(20)


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass(kw_only=True)
class Road:
    """The network between a node and a store: it can be cut, and mended."""

    store: Store
    port: int = field(default_factory=_free_port)
    _server: asyncio.Server | None = None
    _talks: set[asyncio.StreamWriter] = field(default_factory=set)

    async def mend(self) -> None:
        """Let requests through."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Let nothing through, and drop what is under way."""
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.store.port)
        self._talks |= {writer, far_writer}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        self._talks -= {writer, far_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1 << 16):
        writer.write(chunk)
        await writer.drain()
    writer.close()
