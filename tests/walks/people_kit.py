"""A node with people, and what they hold in their hands: a password, a phone."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from gateway.config import load_config
from gateway.evidence.receipts import read_statement
from gateway.exchange.own_account import Enrolment
from gateway.exchange.people import People
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.people import Session, User, UserRole
from gateway.office import Office, open_office
from gateway.store.audit_log import list_latest
from tests.keys import AT
from tests.walks.world import FINANCE, HEALTH, NAMES, PROVINCE, prepare_node

HOME = "10.0.0.7"
ELSEWHERE = "198.51.100.9"
PASSWORD = "con mèo trèo cây cau"


@dataclass
class Phone:
    """Makes codes of a seed."""

    seed: bytes

    @classmethod
    def of(cls, enrolment: Enrolment) -> "Phone":
        return cls(base64.b32decode(enrolment.letters.replace("-", "")))

    def code(self, at: datetime) -> str:
        return HOTP(self.seed, 6, SHA1()).generate(int(at.timestamp()) // 30).decode()


@asynccontextmanager
async def open_people(folder: Path) -> AsyncIterator[Office]:
    """A node whose directory knows a province and two departments."""
    node = prepare_node(folder, code=PROVINCE)
    async with open_office(load_config(node.directory / "config.toml")) as office:
        for code in (PROVINCE, HEALTH, FINANCE):
            await office.registry.put_agency(Agency(code=code, name=NAMES[code]), by="test", at=AT)
        yield office


async def add(
    people: People,
    login: str,
    role: UserRole = UserRole.CLERK,
    agencies: set[AgencyCode] | None = None,
    *,
    at: datetime = AT,
) -> User:
    """Add somebody who has changed his one-time password already."""
    user, one_time = await people.add_user(
        login,
        name=f"Người dùng {login}",
        role=role,
        agencies=None if agencies is None else frozenset(agencies),
        by="root",
        at=at,
    )
    first = await session_of(people, login, one_time, at=at)
    changed = await people.change_password(first, one_time, PASSWORD, at=at)
    await people.sign_out(changed.id, at=at)
    return user


async def session_of(
    people: People,
    login: str,
    password: str = PASSWORD,
    code: str | None = None,
    *,
    at: datetime = AT,
    address: str = HOME,
) -> Session:
    """Sign somebody in and find his session."""
    signed_in = await people.sign_in(login, password, code, address=address, at=at)
    session = await people.session(signed_in.secret, at=at)
    assert session is not None
    return session


async def with_phone(people: People, login: str, *, at: datetime = AT) -> tuple[Phone, tuple[str, ...]]:
    """Set up codes of a phone; the first two steps before `at` are used up by it."""
    session = await session_of(people, login, at=at - timedelta(minutes=1))
    phone = Phone.of(await people.enrol_totp(session, PASSWORD, at=at - timedelta(minutes=1)))
    early = at - timedelta(minutes=1)
    return phone, await people.confirm_totp(session, phone.code(early), at=early)


async def told(office: Office) -> list[dict[str, object]]:
    """The newest entries of the audit log, oldest first."""
    return [dict(read_statement(row.statement)) for row in await list_latest(office.database, limit=100)]
