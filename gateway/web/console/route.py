"""What a page group tells the console about itself: its routes, what each asks, its place in the menu."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from aiohttp import web

from gateway.model.people import Permission
from gateway.web.console.visitor import Visitor

PREFIX = "/console"

Act = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Area(IntEnum):
    """The blocks of the menu, from top to bottom."""

    OVERVIEW = 0
    DOCUMENTS = 1
    NODE = 2
    WATCH = 3

    @property
    def words(self) -> tuple[str, str]:
        """Name the block in Vietnamese and English; the first one has no heading."""
        return (("", ""), ("Văn bản", "Documents"), ("Vận hành", "Operation"), ("Giám sát", "Oversight"))[
            self
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nav:
    """An entry of the menu, shown to those who may call its route.

    Shape: icon is a symbol of static/icons.svg; place orders the entries of an area; count is a
    number worth a look, shown beside the entry when it is not 0.
    """

    area: Area
    place: int
    vi: str
    en: str
    icon: str
    count: Callable[[Visitor], Awaitable[int]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address of the console.

    Shape: path lies under ``/console``; may is what the visitor must be allowed, None for every visitor;
    public routes are for strangers, too, and first ones for those who must choose a password before anything
    else; everywhere ones are for visitors who are there for every agency of the node. What a streams route
    is sent the door does not read: `parts_of` (forms.py) does, and checks the token in its first part.
    """

    method: str
    path: str
    act: Act
    may: Permission | None
    nav: Nav | None = None
    public: bool = False
    first: bool = False
    streams: bool = False
    everywhere: bool = False

    def is_open_to(self, visitor: Visitor) -> bool:
        """Tell whether a visitor may call it."""
        return visitor.may(self.may) and (not self.everywhere or visitor.user.agencies is None)


class PageGroup(Protocol):
    """What belongs together: a frozen dataclass that holds the walks it needs and the shell."""

    def routes(self) -> Iterable[Route]:
        """List the addresses of the group."""
        ...
