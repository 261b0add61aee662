"""An application that is put together when somebody first asks for it: what nobody asks for costs nothing."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_urldispatcher import PrefixedSubAppResource, UrlMappingMatchInfo


class LateApp(PrefixedSubAppResource):
    """The place of an application below a prefix; build makes it. An empty one stands there until then."""

    def __init__(self, prefix: str, build: Callable[[], Awaitable[web.Application]]) -> None:
        super().__init__(prefix, web.Application())
        self._build = build
        self._building = asyncio.Lock()
        self._built: web.Application | None = None
        self._place: PrefixedSubAppResource | None = None

    def mount_on(self, app: web.Application) -> None:
        """Take requests below the prefix, and end with the application around it."""
        app.router.register_resource(self)
        app.on_shutdown.append(self._shut_down)
        app.on_cleanup.append(self._clean_up)

    async def resolve(self, request: web.Request) -> tuple[UrlMappingMatchInfo | None, set[str]]:
        """Find the route, the first time after building all of them."""
        async with self._building:
            if self._place is None:
                self._built = await self._build()
                place = PrefixedSubAppResource(self.canonical, self._built)
                self._built.freeze()
                await self._built.startup()
                self._place = place
        return await self._place.resolve(request)

    async def _shut_down(self, _around: web.Application) -> None:
        if self._built is not None:
            await self._built.shutdown()

    async def _clean_up(self, _around: web.Application) -> None:
        if self._built is not None:
            await self._built.cleanup()
