"""A file that lies elsewhere and is read by ranges: what crafts get in place of an open file of the disk."""

import io
from collections.abc import Awaitable, Callable

# Who reads on and on gets more with each request; who only looks in gets little.
_FIRST_BYTES = 1 << 20
_LARGEST_BYTES = 4 << 20
_NOTHING = memoryview(b"")


class RangedFile(io.BufferedIOBase):
    """Reads through one window of a few mebibytes. fetch and fetch_later get the bytes from start to end.

    It holds no connection: a reader may pause as long as it likes.
    """

    def __init__(
        self,
        *,
        size_bytes: int,
        fetch: Callable[[int, int], memoryview],
        fetch_later: Callable[[int, int], Awaitable[memoryview]],
    ) -> None:
        self._size_bytes = size_bytes
        self._fetch = fetch
        self._fetch_later = fetch_later
        self._at = 0
        self._window = _NOTHING
        self._window_at = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be read from anywhere."""
        return True

    def tell(self) -> int:
        """Tell from where it will be read."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Say from where to read."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as much as is wanted, or there is; off the loop."""
        left = self._size_bytes - self._at if size is None or size < 0 else size
        pieces = []
        while left > 0 and self._at < self._size_bytes:
            if not self._has_more():
                self._show(self._fetch(*self._next_span()))
            pieces.append(self._take(left))
            left -= len(pieces[-1])
        return b"".join(pieces)

    async def read_later(self, size: int) -> bytes:
        """Read some bytes, at most so many; none only at the end. On the loop."""
        if self._at >= self._size_bytes:
            return b""
        if not self._has_more():
            self._show(await self._fetch_later(*self._next_span()))
        return self._take(size)

    async def look(self) -> None:
        """Read the first window, so that what cannot be read is not begun. On the loop."""
        if self._size_bytes:
            self._show(await self._fetch_later(*self._next_span()))

    def _has_more(self) -> bool:
        return self._window_at <= self._at < self._window_at + len(self._window)

    def _next_span(self) -> tuple[int, int]:
        reads_on = self._window and self._at == self._window_at + len(self._window)
        length = min(2 * len(self._window), _LARGEST_BYTES) if reads_on else _FIRST_BYTES
        self._window = _NOTHING  # not both at once
        return self._at, min(self._at + length, self._size_bytes)

    def _show(self, window: memoryview) -> None:
        self._window, self._window_at = window, self._at

    def _take(self, size: int) -> bytes:
        begin = self._at - self._window_at
        piece = bytes(self._window[begin : begin + size])
        self._at += len(piece)
        return piece
