"""The frame of every page: templates in two languages, the menu, messages that outlive a redirect."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jinja2
import structlog
from aiohttp import web
from aiohttp.web import AppKey
from markupsafe import Markup, escape

from gateway.model.people import Language, SessionId
from gateway.web.console import charts, labels
from gateway.web.console.assets import Assets
from gateway.web.console.route import PREFIX, Area, Route
from gateway.web.console.visitor import CSRF_FIELD, VISITOR, Visitor, language_of
from gateway.web.console.wording import filters_in

# Every route that has an entry in the menu, in its order.
MENU = AppKey("menu", tuple[Route, ...])
# Messages nobody came back for are forgotten, oldest first.
_MESSAGES_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a page says once, after something was done.

    Shape: tone is ``good``, ``bad``, ``warn`` or ``calm``.
    """

    vi: str
    en: str
    tone: str = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the menu as one visitor sees it."""

    address: str
    words: str
    icon: str
    is_here: bool
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Dresses what page groups found out. Made by `make_shell`."""

    node_name: str
    assets: Assets
    clock: Callable[[], datetime]
    environments: Mapping[Language, jinja2.Environment]
    _messages: dict[SessionId, list[Message]] = field(default_factory=dict)

    async def render(
        self, request: web.Request, template: str, *, status: int = 200, counted: bool = True, **facts: Any
    ) -> web.Response:
        """Answer with a page in the visitor's language.

        Shape: facts are what the template names; besides them it has visitor (None for strangers), now, menu,
        messages, here (the path), request_id, and csrf_field(). Not counted, the menu asks for no numbers.
        """
        visitor = request.get(VISITOR)
        language = language_of(request)
        page = self.environments[language].get_template(template)
        text = page.render(
            visitor=visitor,
            language=language,
            now=self.clock(),
            here=request.path,
            other_language=self._here_in_other_language(request),
            menu=[] if visitor is None else await _menu_of(request, visitor, counted=counted),
            messages=[] if visitor is None else self._messages.pop(visitor.session_id, []),
            request_id=structlog.contextvars.get_contextvars().get("request", ""),
            csrf_field=lambda: _csrf_field(visitor),
            **facts,
        )
        return web.Response(text=text, status=status, content_type="text/html")

    def redirect(self, request: web.Request, path: str, message: Message | None = None) -> web.Response:
        """Send the visitor on after something was done, with a message for the next page.

        Shape: path lies under ``/console``.
        """
        visitor = request.get(VISITOR)
        if message is not None and visitor is not None:
            self.leave_message(visitor, message)
        return web.Response(status=303, headers={"Location": PREFIX + path})

    def leave_message(self, visitor: Visitor, message: Message) -> None:
        """Leave a message for the visitor's next page."""
        self._messages.setdefault(visitor.session_id, []).append(message)
        while len(self._messages) > _MESSAGES_LIMIT:
            self._messages.pop(next(iter(self._messages)))

    def _here_in_other_language(self, request: web.Request) -> str:
        other = Language.ENGLISH if language_of(request) is Language.VIETNAMESE else Language.VIETNAMESE
        return str(request.rel_url.update_query(lang=str(other)))


def make_shell(*, node_name: str, clock: Callable[[], datetime]) -> Shell:
    """Load assets and templates."""
    assets = Assets.load()
    return Shell(
        node_name=node_name,
        assets=assets,
        clock=clock,
        environments={language: _environment(language, assets, node_name) for language in Language},
    )


def menu_of(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Put the entries that page groups ask for in the order of the menu."""
    entries = [(route.nav.area, route.nav.place, route.path, route) for route in routes if route.nav]
    return tuple(route for *_, route in sorted(entries, key=lambda entry: entry[:3]))


async def _menu_of(
    request: web.Request, visitor: Visitor, *, counted: bool
) -> Sequence[tuple[str, list[Entry]]]:
    """List the blocks of the menu with what the visitor may call."""
    blocks: dict[Area, list[Entry]] = defaultdict(list)
    english = visitor.language is Language.ENGLISH
    open_to_all = [route for route in request.config_dict.get(MENU, ()) if route.is_open_to(visitor)]
    for route in open_to_all:
        nav = route.nav
        assert nav is not None  # noqa: S101 - menu_of chose them by it
        address = PREFIX + route.path
        is_here = request.path == address or (
            route.path != "/" and request.path.startswith(address.rstrip("/") + "/")
        )
        blocks[nav.area].append(
            Entry(
                address=address,
                words=nav.en if english else nav.vi,
                icon=nav.icon,
                is_here=is_here,
                count=await nav.count(visitor) if nav.count is not None and counted else 0,
            )
        )
    return [(area.words[english], entries) for area, entries in blocks.items()]


def _csrf_field(visitor: Visitor | None) -> Markup:
    token = "" if visitor is None else visitor.csrf
    return Markup(f'<input type="hidden" name="{CSRF_FIELD}" value="{escape(token)}">')  # noqa: S704 - escaped


def _environment(language: Language, assets: Assets, node_name: str) -> jinja2.Environment:
    """Make the environment of a language: in its templates ``t`` and the filters speak it."""
    english = language is Language.ENGLISH
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gateway.web.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters.update(filters_in(language))
    environment.globals.update(
        t=(lambda vi, en: en) if english else (lambda vi, en: vi),
        words=lambda pair: pair[english],
        asset=assets.address,
        prefix=PREFIX,
        node_name=node_name,
        charts=charts,
        labels=labels,
    )
    return environment
