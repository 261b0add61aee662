"""The people of the demo and of simulations: somebody of every role at a node, with one password."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gateway.exchange.people import People
from gateway.exchange.words import ROLES
from gateway.model.people import UserRole
from gateway.sandbox.agencies import COMMUNE, PROVINCE_PLAN, Member, NodePlan
from gateway.sandbox.commune import COMMUNE_LOGIN
from gateway.sandbox.visitor import Account

_BY = "demo"
_LOGINS = {
    UserRole.CLERK: "vanthu",
    UserRole.OPERATOR: "vanhanh",
    UserRole.ADMINISTRATOR: "quantri",
    UserRole.AUDITOR: "kiemtoan",
    UserRole.VIEWER: "xem",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    """Somebody to be let in; agency is the only one that is his, None for all."""

    login: str
    role: UserRole
    agency: Member | None = None

    @property
    def name(self) -> str:
        """Return what the console calls him."""
        whose = f" {self.agency.name}" if self.agency else ""
        return f"{ROLES[self.role][0].capitalize()}{whose}"

    @property
    def who(self) -> tuple[str, str]:
        """Say what he is, in Vietnamese and English."""
        if self.agency is COMMUNE:
            return f"{self.name}: làm việc ngay trên trang này", "clerk of a commune without a DMS"
        return self.name, ROLES[self.role][1]


async def add_people(people: People, plan: NodePlan, password: str, *, at: datetime) -> tuple[Account, ...]:
    """Add somebody of each role that has work at a node, each with the password chosen."""

    async def add(person: _Person) -> Account:
        agencies = None if person.agency is None else frozenset({person.agency.code})
        user, one_time = await people.add_user(
            person.login, name=person.name, role=person.role, agencies=agencies, by=_BY, at=at
        )
        signed_in = await people.sign_in(user.login, one_time, None, address="127.0.0.1", at=at)
        session = await people.session(signed_in.secret, at=at)
        assert session is not None  # noqa: S101 - begun a moment ago
        changed = await people.change_password(session, one_time, password, at=at)
        await people.sign_out(changed.id, at=at)
        return Account(login=user.login, password=password, who=person.who)

    return tuple(await asyncio.gather(*map(add, _people_of(plan))))


def _people_of(plan: NodePlan) -> Iterator[_Person]:
    if plan.below is not None:
        yield _Person(login=_LOGINS[UserRole.CLERK], role=UserRole.CLERK, agency=plan.owner)
    if plan is PROVINCE_PLAN:
        yield _Person(login=COMMUNE_LOGIN, role=UserRole.CLERK, agency=COMMUNE)
    for role in (UserRole.OPERATOR, UserRole.ADMINISTRATOR, UserRole.AUDITOR, UserRole.VIEWER):
        yield _Person(login=_LOGINS[role], role=role)
