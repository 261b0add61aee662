"""People: who may look, act and answer in the console, and for which agencies."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from gateway.model.identifiers import AgencyCode

UserId = NewType("UserId", str)
SessionId = NewType("SessionId", str)
"""Names a session in lists and in the audit log; the secret in the cookie is another."""


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
    OPERATE = "operate"  # resend, cancel, replay
    RUN = "run"  # systems, agencies, axis, seals, settings, alerts
    GOVERN = "govern"  # people and their sessions
    AUDIT = "audit"  # the audit log, proofs, evidence


# Nobody who can act can also be the one who audits; an administrator reads no documents by virtue of that.
MAY: dict[UserRole, frozenset[Permission]] = {
    UserRole.VIEWER: frozenset({Permission.READ}),
    UserRole.CLERK: frozenset({Permission.READ, Permission.CORRESPOND}),
    UserRole.OPERATOR: frozenset({Permission.READ, Permission.OPERATE, Permission.RUN}),
    UserRole.ADMINISTRATOR: frozenset({Permission.OPERATE, Permission.RUN, Permission.GOVERN}),
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
        """Tell whether the role allows something."""
        return permission in MAY[self.role]

    def sees(self, code: AgencyCode) -> bool:
        """Tell whether an agency is one of the user's."""
        return self.agencies is None or code in self.agencies
