"""Where a visitor calls from, and how this node looks from there, proxies between us or not."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How this node is reached from outside.

    Shape: public_url is where visitors see it, None where that is the request's own address; proxies are the
    addresses whose X-Forwarded-For and X-Forwarded-Proto are believed.
    """

    public_url: str | None = None
    proxies: frozenset[str] = frozenset()

    def is_secure(self, request: web.Request) -> bool:
        """Tell whether the visitor came over TLS."""
        if self.public_url is not None:
            return self.public_url.startswith("https:")
        if request.remote in self.proxies:
            return request.headers.get("X-Forwarded-Proto", "") == "https"
        return request.secure

    def address_of(self, request: web.Request) -> str:
        """Tell where the visitor calls from: the last hop a believed proxy names, else the peer."""
        # A proxy may add a line of its own behind the one that the visitor wrote.
        hops = ",".join(request.headers.getall("X-Forwarded-For", ()))
        if request.remote in self.proxies and hops:
            return hops.rpartition(",")[2].strip()
        return request.remote or ""

    def root_of(self, request: web.Request) -> str:
        """Return the address of this node as the visitor sees it, without a path."""
        scheme = "https" if self.is_secure(request) else "http"
        return self.public_url or f"{scheme}://{request.host}"

    def is_own(self, request: web.Request) -> bool:
        """Tell whether a browser says that one of our own pages asks. One that says nothing is none."""
        if (site := request.headers.get("Sec-Fetch-Site")) is not None:
            return site == "same-origin"
        ours = {request.host} | ({urlsplit(self.public_url).netloc} if self.public_url else set())
        said = request.headers.get("Origin", "").partition("://")[2]
        return bool(said) and said in ours
