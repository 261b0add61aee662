"""Who looks at a page, and in which language."""

from dataclasses import dataclass

from aiohttp import web
from aiohttp.web import RequestKey

from gateway.model.people import Language, Permission, Session, SessionId, User

# Where a form carries the session's token.
CSRF_FIELD = "csrf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody signed in. language is the one of this browser, which may be another than the account's."""

    session: Session
    language: Language

    @property
    def user(self) -> User:
        """Return who it is."""
        return self.session.user

    @property
    def session_id(self) -> SessionId:
        """Return what names the session in lists and in the log."""
        return self.session.id

    @property
    def csrf(self) -> str:
        """Return the token that every unsafe request of the session must carry."""
        return self.session.csrf

    def may(self, permission: Permission | None) -> bool:
        """Tell whether the visitor may do what a page asks; None asks for nothing but a session."""
        return permission is None or self.user.may(permission)


VISITOR = RequestKey("visitor", Visitor)
LANGUAGE = RequestKey("language", Language)


def visitor_of(request: web.Request) -> Visitor:
    """Return who asks; the door has let only visitors through to routes that are not public."""
    return request[VISITOR]


def language_of(request: web.Request) -> Language:
    """Return the language to answer in, visitor or not."""
    found: Language = request.get(LANGUAGE, Language.VIETNAMESE)
    return found
