"""One prefix in a bucket of an S3-compatible object store: bytes brought, read by ranges, listed, removed.

Only what is the same for every store of this kind is asked of it: PUT in parts, GET of a range, HEAD, DELETE,
LIST; and If-None-Match for one small object, the mark that says whose prefix it is.
"""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from gateway.errors import Delay, Misconfiguration
from gateway.store.ranged_file import RangedFile

_MARK = "lienthong-owner"
_MARK_BYTES = 1 << 10
# Of a large package two parts are in memory at a time. Smaller ones no store takes.
_PART_BYTES = 5 << 20
_PARTS_AT_ONCE = 2
_GLANCE_SECONDS = 3.0
_SAID = re.compile(r"<Code>(\w{1,60})</Code>")
# Of a key, a secret, a bucket: waiting does not mend them.
_CERTAIN = {
    *("NoSuchBucket", "InvalidBucketName"),
    *("InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied"),
}


def open_bucket(
    place: str, *, endpoint: str | None, region: str, key_id: str, secret: str, ca_pem: bytes | None
) -> "Bucket":
    """Make a bucket's client; nothing is asked of the store yet.

    Shape: place is ``s3://bucket/prefix``; endpoint is the store's address, None for Amazon's.
    """
    parts = urlsplit(place)
    store = S3Store(
        parts.hostname,
        prefix=parts.path.strip("/") or None,
        region=region,
        access_key_id=key_id,
        secret_access_key=secret,
        client_options={
            "allow_http": (endpoint or "").startswith("http:"),
            "connect_timeout": timedelta(seconds=5),
            "timeout": timedelta(minutes=1),
            **({"root_certificate": ca_pem} if ca_pem else {}),
        },
        retry_config={"max_retries": 2, "retry_timeout": timedelta(minutes=1)},
        config={"endpoint": endpoint} if endpoint else None,
    )
    return Bucket(store=store)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """One prefix of one bucket. What the store says, or does not say, is a Delay."""

    store: S3Store

    async def put(self, key: str, path: Path, *, size_bytes: int) -> None:
        """Bring a file, and see that all of it arrived.

        The signature of each request covers the bytes in it, so the store itself refuses any that changed.
        """
        with _store_delays():
            await obstore.put_async(
                self.store, key, path, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
            )
            stored = (await obstore.head_async(self.store, key))["size"]
        if stored != size_bytes:
            raise _incomplete()

    def open(self, key: str, *, size_bytes: int) -> RangedFile:
        """Open an object for reading; a request is made for each range that is read."""

        def fetch(start: int, end: int) -> memoryview:
            with _store_delays():
                got = obstore.get_range(self.store, key, start=start, end=end)
            return _whole(memoryview(got), end - start)

        async def fetch_later(start: int, end: int) -> memoryview:
            with _store_delays():
                got = await obstore.get_range_async(self.store, key, start=start, end=end)
            return _whole(memoryview(got), end - start)

        return RangedFile(size_bytes=size_bytes, fetch=fetch, fetch_later=fetch_later)

    def size_of(self, key: str) -> int | None:
        """Ask how large an object is; None when there is none."""
        with _store_delays():
            try:
                return obstore.head(self.store, key)["size"]
            except FileNotFoundError:
                return None

    def list(self) -> Iterator[tuple[str, datetime]]:
        """List the keys of all objects, each with when it was written."""
        with _store_delays():
            for page in obstore.list(self.store):
                yield from ((each["path"], each["last_modified"]) for each in page)

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is removed already."""
        with _store_delays(), _gone_is_gone():
            await obstore.delete_async(self.store, key)

    def delete_now(self, key: str) -> None:
        """Remove an object, off the loop."""
        with _store_delays(), _gone_is_gone():
            obstore.delete(self.store, key)

    async def claim(self, owner: str, *, is_new: bool = True) -> None:
        """See that the store does what is asked of it, and that this prefix is the owner's; mark a new one.

        Errors: Misconfiguration when it is another's, nobody's though not new, or cannot be used; Delay when
        that is not certain.
        """
        try:
            with _store_delays():
                found = await self._read_mark()
                if found is None and is_new:
                    with contextlib.suppress(AlreadyExistsError):  # another node of ours, or another's
                        await obstore.put_async(self.store, _MARK, owner.encode(), mode="create")
                    found = await self._read_mark()
        except Delay as delay:
            if delay.code == "object-store-refuses":
                raise Misconfiguration(delay.code, delay.faults) from delay
            raise
        if found is None:
            raise Misconfiguration.because(
                "objects-elsewhere",
                where="storage.blobs",
                vi=f"nút đã có gói tin ở kho đối tượng, nhưng nơi này không có dấu {_MARK}: sai nơi?",
                en=f"we have packages in an object store, but no {_MARK} is here: is it the wrong place?",
            )
        if found != owner:
            raise Misconfiguration.because(
                "objects-of-another",
                where="storage.blobs",
                vi=f"nơi này chứa gói tin của {found}; mỗi nút cần một tiền tố riêng",
                en=f"packages of {found} lie there; each gateway needs a prefix of its own",
            )

    async def trouble(self, owner: str, *, is_new: bool = True) -> str | None:
        """Claim it again, for a moment; say in few words why that cannot be."""
        try:
            async with asyncio.timeout(_GLANCE_SECONDS):
                await self.claim(owner, is_new=is_new)
        except TimeoutError:
            return f"no answer within {_GLANCE_SECONDS:g} s"
        except (Delay, Misconfiguration) as error:
            return str(error)
        return None

    async def _read_mark(self) -> str | None:
        with _gone_is_gone():
            # By range, as packages are read: a store that cannot do that is found out here.
            got = await obstore.get_range_async(self.store, _MARK, start=0, end=_MARK_BYTES)
            return bytes(got).decode("utf-8", "replace")
        return None


@contextlib.contextmanager
def _gone_is_gone() -> Iterator[None]:
    """Take it that an object is not there; that its bucket is not is another matter."""
    try:
        yield
    except FileNotFoundError as error:
        if _word_of(error) in _CERTAIN:
            raise


@contextlib.contextmanager
def _store_delays() -> Iterator[None]:
    """Turn what an object store can say into a Delay: the sender has done nothing wrong."""
    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        word = _word_of(error)
        denied = isinstance(error, PermissionDeniedError | UnauthenticatedError)
        if word in _CERTAIN or denied or "non-partial response" in str(error):
            said = word or ("AccessDenied" if denied else "RangeIgnored")
            raise Delay.because(
                "object-store-refuses",
                where="storage.blobs",
                vi=f"Kho đối tượng từ chối ({said}); người vận hành cần xem thiết lập.",
                en=f"The object store refuses ({said}); its operator must look at the settings.",
            ) from error
        if isinstance(error, FileNotFoundError):
            raise Delay.because(
                "object-missing",
                vi="Kho đối tượng không còn nội dung gói tin này; người vận hành cần xem.",
                en="The object store does not have the bytes of this package; its operator must look.",
            ) from error
        raise Delay.because(
            "object-store-away",
            vi="Kho đối tượng không trả lời; hãy gửi lại sau.",
            en="The object store does not answer; ask again later.",
        ) from error


def _word_of(error: Exception) -> str:
    """Find the word the store has for it, in what its client tells."""
    match = _SAID.search(str(error))
    return match[1] if match else ""


def _whole(got: memoryview, size_bytes: int) -> memoryview:
    if len(got) != size_bytes:
        raise _incomplete()
    return got


def _incomplete() -> Delay:
    return Delay.because(
        "object-incomplete",
        vi="Kho đối tượng không giữ đủ nội dung gói tin; hãy gửi lại sau.",
        en="The object store does not hold all bytes of this package; ask again later.",
    )
