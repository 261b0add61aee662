"""A sample DMS, which behaves on the wire as the VXP Java SDK does, habits and all.

Its headers stay behind from call to call, its timestamp is that of its making, it fetches by ``docId`` and
confirms by ``docid``, writes CR LF behind each file and hashes without leading zeros. It is a second,
independent telling of the protocol: what it and `vxp` agree on is not one mistake made twice. The demo,
the tests and the benchmarks work with it.
"""

import base64
import hashlib
import hmac
import json
import ssl
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.sandbox.dms_wire import Wire, WireAnswer, WireRequest

_AGENT = "JAVASDKAgent/1.0.0 XRoad/VPCP"
_LOCAL = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True, kw_only=True)
class DmsAnswer:
    """What came back from one call.

    Shape: members is the JSON object answered, empty when the answer was none; body is the raw answer
    unless it went into a file of size_bytes.
    """

    status: int
    body: bytes
    size_bytes: int
    members: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Tell whether the axis said that it worked."""
        return self.code == "0"

    @property
    def code(self) -> str:
        """Return the error's number, empty when there was no answer to read."""
        return str(self.members.get("ErrorCode", ""))

    @property
    def words(self) -> str:
        """Return what the axis says about it."""
        return str(self.members.get("ErrorDesc", ""))

    @property
    def doc_id(self) -> str:
        """Return the id given to what was sent."""
        return str(self.members.get("DocId", ""))

    @property
    def items(self) -> list[dict[str, Any]]:
        """Return the list that was asked for."""
        found = self.members.get("data")
        return found if isinstance(found, list) else []

    @property
    def count(self) -> int:
        """Return the count that was asked for."""
        return int(self.members.get("count", 0))

    @property
    def document(self) -> bytes:
        """Return the document that was fetched by either way."""
        return base64.b64decode(self.members["data"]) if "data" in self.members else self.body


class SampleDms:
    """One DMS and its two SDK service objects, for packages and for the directory.

    Shape: endpoint as an operator would type it, with or without a slash at its end; confirms_by is
    ``docid`` or ``docId``. With keep_alive connections serve several calls, as no SDK does; benchmarks
    measure the gateway then and not the making of connections.
    Errors: Delay ``dms-no-answer`` from every call when nothing sound came back; else what was answered,
    refusals included, is in the answer.
    """

    def __init__(
        self,
        endpoint: str,
        system: str,
        secret: str,
        *,
        made_at: datetime,
        tls: ssl.SSLContext | None = None,
        keep_alive: bool = False,
        confirms_by: str = "docid",
        patience: timedelta = timedelta(seconds=60),
    ) -> None:
        url = urlsplit(endpoint)
        encrypted = url.scheme == "https"
        self._secret = secret.encode()
        self._prefix = url.path
        self._host = url.netloc
        self._confirms_by = confirms_by
        self._wire = Wire(
            host=url.hostname or "",
            port=url.port or (443 if encrypted else 80),
            tls=(tls or ssl.create_default_context()) if encrypted else None,
            keep_alive=keep_alive,
            patience=patience,
        )
        local = made_at.astimezone(_LOCAL)
        stamp = local.strftime("%d%m%YT%H%M%S+") + f"{local.microsecond // 1000:04d}"
        # One map per service object; nothing is ever taken out of it.
        self.package_headers = {"timestamp": stamp, "systemid": system}
        self.directory_headers = dict(self.package_headers)

    async def send(
        self,
        content: bytes | Path,
        *,
        sender: str,
        recipients: Sequence[str] | str | None = None,
        kind: str = "edoc",
    ) -> DmsAnswer:
        """Send one package, from memory or streamed from a file.

        Without recipients those of the call before are sent again, if there was one: the SDK forgets
        nothing.
        """
        headers = self.package_headers
        headers.update({"Content-Type": "application/octet-stream", "from": sender})
        headers.update({"servicetype": "eDoc", "messagetype": kind})
        if recipients is not None:
            listed = recipients if isinstance(recipients, str) else list(recipients)
            headers["to"] = json.dumps(listed, separators=(",", ":"))
        in_memory = isinstance(content, bytes)
        size, headers["hash-file"] = _measure(content) if in_memory else await to_thread(_measure, content)
        lines = [
            *self._signed(headers),
            ("Cache-Control", "no-cache"),
            ("Pragma", "no-cache"),
            ("Host", self._host),
            ("Accept", "text/html, image/gif, image/jpeg, */*; q=0.2"),
            ("Connection", "keep-alive"),
            ("Content-Length", str(size + 2)),
        ]
        # HttpURLConnection does not tidy the path: an endpoint with a slash at its end asks //sendEdoc.
        head = _head("POST", f"{self._prefix}/sendEdoc", lines)
        answer = await self._wire.ask(
            WireRequest(head=head, content=content, ending=b"\r\n", attempts=2, refused_too=False)
        )
        # Read as US-ASCII: what is not escaped in the answer is lost to this client.
        return _answer(answer, "ascii")

    async def received(
        self, kind: str = "edoc", *, since: date | None = None, until: date | None = None
    ) -> DmsAnswer:
        """List the packages that wait."""
        arguments = {"servicetype": "eDoc", "messagetype": kind, **_dates(since, until)}
        return await self._call("getReceivedEdocList", self.package_headers, arguments, b"")

    async def sent(
        self, kind: str = "edoc", *, since: date | None = None, until: date | None = None
    ) -> DmsAnswer:
        """List what became of the packages sent."""
        arguments = {"servicetype": "eDoc", "messagetype": kind, **_dates(since, until)}
        return await self._call("getSentEdocList", self.package_headers, arguments, b"")

    async def get(self, doc_id: str) -> DmsAnswer:
        """Fetch one package inside JSON."""
        arguments = {"docId": doc_id, "filePath": "D:/DMS/in"}
        return await self._call("getEdoc", self.package_headers, arguments, b"{}")

    async def download(self, doc_id: str, *, into: Path | None = None) -> DmsAnswer:
        """Fetch one package as it is, into memory or a file; nothing at all came when size_bytes is 0."""
        arguments = {"docId": doc_id, "filePath": "D:/DMS/in"}
        return await self._call("downloadEdoc", self.package_headers, arguments, None, into=into)

    async def confirm(
        self, doc_id: str, status: str = "done", *, description: str | None = None
    ) -> DmsAnswer:
        """Say what became of one package: done, fail or processing."""
        arguments = {self._confirms_by: doc_id, "status": status}
        if description is not None:
            arguments["description"] = description
        return await self._call("updateStatus", self.package_headers, arguments, b"{}")

    async def receipts(
        self, doc_id: str = "", *, after: int = 0, side: str = "", limit: int = 10_000
    ) -> DmsAnswer:
        """List receipts, of one package or of all; no SDK knows how, and this DMS has learned it.

        Its headers stay behind here, too: whatever is not meant is sent empty.
        """
        arguments = {"docId": doc_id, "docid": "", "fromDate": "", "toDate": "", "side": side}
        arguments |= {"messagetype": "", "after": str(after), "limit": str(limit)}
        return await self._call("getReceiptList", self.package_headers, arguments, b"")

    async def count_documents(self) -> DmsAnswer:
        """Count the documents that wait."""
        arguments = {"servicetype": "eDoc", "messagetype": "edoc"}
        return await self._call("countReceiveEdoc", self.package_headers, arguments, b"{}")

    async def count_statuses(self) -> DmsAnswer:
        """Count the statuses that wait."""
        arguments = {"servicetype": "eDoc", "messagetype": "status"}
        return await self._call("countReceiveStatus", self.package_headers, arguments, b"{}")

    async def agencies(self) -> DmsAnswer:
        """List the directory."""
        return await self._call("getAgenciesList", self.directory_headers, {}, b"")

    async def agencies_qd20(self) -> DmsAnswer:
        """List the directory in codes of QĐ 20/2020."""
        return await self._call("getAgenciesListQD20", self.directory_headers, {}, b"")

    async def units(self) -> DmsAnswer:
        """List the synchronised units."""
        return await self._call("getSynchronizeUnit", self.directory_headers, {}, b"")

    async def register(self, members: Mapping[str, str]) -> DmsAnswer:
        """Register an agency: id, pcode, code, name, mail, mobile, fax."""
        body = json.dumps(dict(members), ensure_ascii=False).encode()
        return await self._call("registerAgency", self.directory_headers, {}, body)

    async def delete(self, code: str) -> DmsAnswer:
        """Delete an agency."""
        return await self._call("deleteAgency", self.directory_headers, {"AgencyCode": code}, b"{}")

    async def close(self) -> None:
        """Close the connections that were kept."""
        await self._wire.close()

    async def _call(
        self,
        operation: str,
        headers: dict[str, str],
        arguments: Mapping[str, str],
        body: bytes | None,
        *,
        into: Path | None = None,
    ) -> DmsAnswer:
        headers["Content-Type"] = "application/json"
        headers.update(arguments)
        lines = self._signed(headers)
        if body is not None:
            lines.append(("Content-Length", str(len(body))))
        lines += [("Host", self._host), ("Connection", "Keep-Alive")]
        if body:
            lines.append(("Expect", "100-continue"))
        lines.append(("Accept-Encoding", "gzip,deflate"))
        path = f"{self._prefix}/{operation}".replace("//", "/")
        head = _head("GET" if body is None else "POST", path, lines)
        answer = await self._wire.ask(
            WireRequest(head=head, content=body or b"", expect=bool(body)), into=into
        )
        if operation == "downloadEdoc":
            return DmsAnswer(status=answer.status, body=answer.body, size_bytes=answer.size_bytes)
        return _answer(answer, "utf-8")

    def _signed(self, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        """Write every header twice, plain and under the signature."""
        lines: list[tuple[str, str]] = []
        for name, value in headers.items():
            if name == "Content-Type":
                lines.append((name, value))
            lines.append((f"XroadVnpt-{name}", value))
        text = _gson({f"XroadVnpt-{name}": value for name, value in headers.items()})
        return [
            *lines,
            ("XroadVnpt-sign-header-key", ";".join(headers)),
            ("XroadVnpt-sign-header", text),
            ("XroadVnpt-hash-header", hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()),
            ("User-Agent", _AGENT),
            ("XroadVnpt-version", "3.0.201608"),
        ]


def _gson(members: Mapping[str, str]) -> str:
    """Write a JSON object as Gson's ``JsonObject.toString`` does: nothing escaped for HTML."""
    text = json.dumps(dict(members), ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _head(method: str, path: str, lines: list[tuple[str, str]]) -> bytes:
    # HttpClient writes a line break in a value as a space; the signed text keeps it, escaped.
    said = [f"{name}: {value.translate(str.maketrans(chr(10) + chr(13), '  '))}" for name, value in lines]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *said, "", ""]).encode()


def _measure(content: bytes | Path) -> tuple[int, str]:
    """Return the size of a file and its SHA-256, each byte in hex without its leading zero."""
    if isinstance(content, bytes):
        size, digest = len(content), hashlib.sha256(content).digest()
    else:
        with content.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
            size = file.tell()
    return size, "".join(format(byte, "x") for byte in digest)


def _dates(since: date | None, until: date | None) -> dict[str, str]:
    named = {"fromDate": since, "toDate": until}
    return {name: day.strftime("%d/%m/%Y") for name, day in named.items() if day is not None}


def _answer(answer: WireAnswer, encoding: str) -> DmsAnswer:
    try:
        members = json.loads(answer.body.decode(encoding, "replace"))
    except ValueError:
        members = {}
    return DmsAnswer(
        status=answer.status,
        body=answer.body,
        size_bytes=answer.size_bytes,
        members=members if isinstance(members, dict) else {},
    )
