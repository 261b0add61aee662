"""A node as programs with tokens see it: over HTTP, and nothing of ours in between."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

from gateway.config import load_config
from gateway.model.identifiers import AgencyCode
from gateway.office import now, open_office
from tests.walks.world import Node

TASK = {
    "kind": "task",
    "agency": "000.00.08.H57",
    "reference": "NV-01",
    "subject": "Báo cáo giải ngân",
    "due_on": "2098-04-30",
}


async def give_token(
    node: Node, name: str, agencies: Iterable[AgencyCode] | None = None, *, may_write: bool = False
) -> str:
    """Give a program a token, as an operator does."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        codes = None if agencies is None else frozenset(agencies)
        _, text = await office.tokens.add_token(
            name, agencies=codes, may_write=may_write, by="test", at=now()
        )
        return text


async def disable_token(node: Node, name: str) -> None:
    """Let a token count for nothing any more."""
    async with open_office(load_config(node.directory / "config.toml")) as office:
        await office.tokens.disable_token(name, by="test", at=now())


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a program hears."""

    status: int
    headers: Any
    body: bytes
    told: Any

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What is wrong, and where."""
        return [(fault["rule"], fault["where"]) for fault in self.told["faults"]]


@dataclass(frozen=True, kw_only=True)
class Program:
    """Calls the API of a node."""

    node: Node
    client: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> Reply:
        """Read an address under /api/v1, or a whole one."""
        return await self.call("GET", path, headers=headers)

    async def post(self, path: str, **members: Any) -> Reply:
        """Say something in JSON."""
        return await self.call("POST", path, json=members)

    async def call(self, method: str, path: str, **more: Any) -> Reply:
        """Call any address by any method."""
        url = self.node.url + (path if path.startswith("/api/") else f"/api/v1{path}")
        async with self.client.request(method, url, **more) as answer:
            body = await answer.read()
            told = await answer.json(content_type=None) if "json" in answer.content_type else None
            return Reply(status=answer.status, headers=answer.headers, body=body, told=told)


@contextlib.asynccontextmanager
async def program(node: Node, token: str | None) -> AsyncIterator[Program]:
    """A program with a token, or a stranger without one."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as client:
        yield Program(node=node, client=client)
