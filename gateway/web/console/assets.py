"""What pages load besides themselves: styles, scripts, icons, the font. Known names only."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from aiohttp import web

from gateway.web.console.route import PREFIX

_TYPES = {".woff2": "font/woff2", ".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """Every file of static/, read once. version changes with any of them, and stands in their addresses."""

    contents: Mapping[str, bytes]
    version: str

    @classmethod
    def load(cls) -> "Assets":
        """Read all of them."""
        contents = dict(_walk(files("gateway.web.console").joinpath("static"), ""))
        digest = hashlib.sha256()
        for name in sorted(contents):
            digest.update(name.encode() + b"\0" + hashlib.sha256(contents[name]).digest())
        return cls(contents=contents, version=digest.hexdigest()[:12])

    def address(self, name: str) -> str:
        """Return the address of a file. A name that is not there is a bug, and told at once."""
        if name not in self.contents:
            raise LookupError(f"no such asset: {name}")
        return f"{PREFIX}/static/{self.version}/{name}"

    async def answer(self, request: web.Request) -> web.Response:
        """Give one file. Nothing is looked up on disk, so no path leads out of the folder."""
        content = self.contents.get(request.match_info["name"])
        if content is None:
            raise web.HTTPNotFound
        fresh = request.match_info["version"] == self.version
        caching = "public, max-age=31536000, immutable" if fresh else "no-store"
        type_ = _type_of(request.match_info["name"])
        response = web.Response(body=content, headers={"Content-Type": type_, "Cache-Control": caching})
        if "charset" in type_:
            response.headers["Vary"] = "Accept-Encoding"
            response.enable_compression()
        return response


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()


def _type_of(name: str) -> str:
    ending = name[name.rfind(".") :]
    guessed = _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith(("text/", "image/svg")) else guessed
