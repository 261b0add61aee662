"""Who looks at a page, and in which language."""

from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web
from aiohttp.web import RequestKey

from gateway.model.people import Permission, SessionId, User


class Language(StrEnum):
    """The languages of the console, the first being the default."""

    VIETNAMESE = "vi"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A user in a session. csrf is the token every unsafe request of the session must carry."""

    user: User
    session_id: SessionId
    language: Language
    csrf: str

    def may(self, permission: Permission | None) -> bool:
        """Tell whether the visitor may do what a page asks; None asks for nothing but a session."""
        return permission is None or self.user.may(permission)


# Where a form carries the token.
CSRF_FIELD = "csrf"

VISITOR = RequestKey("visitor", Visitor)
LANGUAGE = RequestKey("language", Language)


def visitor_of(request: web.Request) -> Visitor:
    """Return who asks; the door has let only visitors through to routes that are not public."""
    return request[VISITOR]


def language_of(request: web.Request) -> Language:
    """Return the language to answer in, visitor or not."""
    found: Language = request.get(LANGUAGE, Language.VIETNAMESE)
    return found
