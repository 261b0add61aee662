"""People: who may look, act and answer in the console, and for which agencies."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from gateway.model.identifiers import AgencyCode

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
"""Names a session in lists and in the audit log; the secret in the cookie is another."""


_LOGIN = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?", re.ASCII)


def normalise_login(raw: str) -> str:
    """Bring a login to the form in which equal ones are equal: typed with capitals it is the same."""
    return raw.strip()[:200].lower()


def is_login(login: str) -> bool:
    """Tell whether a normalised login can be one: 1 to 64 letters without marks, digits, ``. _ @ -``."""
    return _LOGIN.fullmatch(login) is not None


class UserRole(StrEnum):
    """What somebody is at this node."""

    CLERK = "clerk"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What a page asks of its visitor."""

    READ = "read"  # documents, mailboxes and figures of one's agencies
    CORRESPOND = "correspond"  # compose, answer and recall in the name of one's agencies
    ASSIGN = "assign"  # give, extend and end what one's agencies owe
    OPERATE = "operate"  # resend, cancel, replay
    RUN = "run"  # systems, agencies, axis, seals, settings, alerts: for those only who have the whole node
    GOVERN = "govern"  # people and their sessions
    AUDIT = "audit"  # the audit log, proofs, evidence


# Nobody who can act can also be the one who audits; an administrator reads no documents by virtue of that.
MAY: dict[UserRole, frozenset[Permission]] = {
    UserRole.VIEWER: frozenset({Permission.READ}),
    UserRole.CLERK: frozenset({Permission.READ, Permission.CORRESPOND, Permission.ASSIGN}),
    UserRole.OPERATOR: frozenset({Permission.READ, Permission.ASSIGN, Permission.OPERATE, Permission.RUN}),
    UserRole.ADMINISTRATOR: frozenset(
        {Permission.ASSIGN, Permission.OPERATE, Permission.RUN, Permission.GOVERN}
    ),
    UserRole.AUDITOR: frozenset({Permission.READ, Permission.AUDIT}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in.

    Shape: login is lower case, without white space; agencies are those the user may see and act for, None
    for every agency of the node.
    """

    id: UserId
    login: str
    name: str
    role: UserRole
    agencies: frozenset[AgencyCode] | None
    mail: str | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether the role allows something, and the agencies do."""
        is_within_reach = self.agencies is None or permission is not Permission.RUN
        return is_within_reach and permission in MAY[self.role]

    def sees(self, code: AgencyCode) -> bool:
        """Tell whether an agency is one of the user's."""
        return self.agencies is None or code in self.agencies

    def reaches(self, other: "User") -> bool:
        """Tell whether all of another's agencies are the user's own: only such people are his to govern."""
        if self.agencies is None:
            return True
        return other.agencies is not None and other.agencies <= self.agencies


class Way(StrEnum):
    """How somebody proved to be who he says."""

    PASSWORD = "password"  # noqa: S105 - the name of a way
    CODE = "code"  # password and a code of the phone
    RECOVERY = "recovery"  # password and a recovery code
    PROVIDER = "provider"  # single sign-on


class Language(StrEnum):
    """In which language the console speaks to somebody."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as those see him who govern people.

    Shape: second_factor tells whether signing in asks for a code; must_change, that the password is a
    one-time one; bound, that the account belongs to somebody of the identity provider.
    """

    user: User
    created_at: datetime
    disabled_at: datetime | None = None
    signed_in_at: datetime | None = None
    second_factor: bool = False
    must_change: bool = False
    bound: bool = False
    recovery_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A session as lists show it."""

    id: SessionId
    user_id: UserId
    way: Way
    address: str
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in, as a request finds him.

    Shape: csrf goes into every form and comes back with it; must_change: nothing but a new password first.
    """

    id: SessionId
    user: User
    csrf: str
    language: Language
    seen_at: datetime
    way: Way
    must_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that was just opened, or got a new secret.

    Shape: secret goes into the cookie and nowhere else.
    """

    id: SessionId
    secret: str
    user: User
    must_change: bool = False
