"""Why does the axis not take what we send? Asked step by step, each answered in words.

Changes nothing on the axis. The first step that fails is the last: what comes behind it would only fail, too.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from gateway.clients.axis import Axis
from gateway.errors import LienthongError
from gateway.model.agency import Agency
from gateway.model.code_lists import Kind
from gateway.model.formats import counted, write_instant
from gateway.model.identifiers import AgencyCode, normalise_code, structural_alias
from gateway.model.people import Language
from gateway.model.report import Words

# Signed calls bear an instant; how far off it may be is the axis's to say, and this is what ours allows.
_CLOCKS_APART = timedelta(minutes=5)
_NAMED_AT_MOST = 5

_MISSING = (
    "Danh bạ của trục chưa có: {}. Đăng ký bằng lienthong axis register.",
    "Not in the axis's directory: {}. Register them: lienthong axis register.",
)
_CLOSED = (
    "Đã đóng ở đây mà trục còn để mở: {}. Xóa bằng lienthong axis delete.",
    "Closed here and open at the axis: {}. Delete them: lienthong axis delete.",
)
# These two hinder no exchange, and the axis's list may be wrong today: an operator decides.
_MERGED = (
    "Đã sáp nhập ở đây mà trục còn để mở: {}. Văn bản gửi tới vẫn đến nơi tiếp nhận; khi không ai còn gửi nữa"
    " thì xóa bằng lienthong axis delete.",
    "Merged here and open at the axis: {}. What is sent there reaches their successors; once nothing is,"
    " delete them: lienthong axis delete.",
)
_GONE = (
    "Còn mở ở đây mà trục không còn nêu: {}. Nếu đã giải thể, sáp nhập: lienthong agency close hoặc merge.",
    "Open here and no longer listed by the axis: {}. If they have ended: lienthong agency close or merge.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeStep:
    """One step of the test.

    Shape: name is a stable code; vi and en say what was found and, where it is wrong, what to do.
    """

    name: str
    is_well: bool
    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisProbe:
    """Tests the way to the axis.

    Shape: context is None for an address without encryption; served are the agencies served here, closed ones
    included; heard are those that the axis told of and that are open here.
    """

    axis: Axis
    context: ssl.SSLContext | None
    served: Sequence[Agency]
    heard: Sequence[Agency]
    clock: Callable[[], datetime]

    async def test(self) -> list[ProbeStep]:
        """Take the steps, up to and including the first that fails."""
        steps = [
            self._find_address,
            self._connect,
            self._encrypt,
            self._compare_clocks,
            self._sign,
            self._look_up,
        ]
        taken: list[ProbeStep] = []
        for step in steps:
            found = await step()
            if found is not None:
                taken.append(found)
                if not found.is_well:
                    break
        return taken

    @property
    def _place(self) -> tuple[str, int]:
        url = URL(self.axis.endpoint)
        assert url.host is not None  # noqa: S101 - the axis's client insists on one
        assert url.port is not None  # noqa: S101
        return url.host, url.port

    @property
    def _patience(self) -> float:
        return self.axis.limits.connect.total_seconds()

    async def _find_address(self) -> ProbeStep:
        host, port = self._place
        try:
            async with asyncio.timeout(self._patience):
                found = await asyncio.get_running_loop().getaddrinfo(host, port)
        except (OSError, TimeoutError):
            return _wrong(
                "address",
                f"Không tìm được địa chỉ của {host}: kiểm tra axis.url và DNS của máy này.",
                f"The name {host} has no address: check axis.url and this machine's DNS.",
            )
        address = found[0][4][0]
        if address == host:
            return _well("address", f"{host} đã là địa chỉ.", f"{host} is an address already.")
        return _well("address", f"{host} là {address}.", f"{host} is {address}.")

    async def _connect(self) -> ProbeStep:
        host, port = self._place
        try:
            async with self._opened(None):
                pass
        except (OSError, TimeoutError) as error:
            why = "không trả lời" if isinstance(error, TimeoutError) else "từ chối"
            return _wrong(
                "connection",
                f"{host}:{port} {why} kết nối: kiểm tra tường lửa, đường truyền, cổng.",
                f"{host}:{port} takes no connection: check firewall, network and port.",
            )
        return _well(
            "connection",
            f"Kết nối được {host}:{port}.",
            f"{host}:{port} takes connections.",
        )

    async def _encrypt(self) -> ProbeStep | None:
        if self.context is None:
            return None
        try:
            async with self._opened(self.context) as writer:
                certificate = writer.get_extra_info("peercert") or {}
        except ssl.SSLCertVerificationError as error:
            return _wrong(
                "encryption",
                f"Chứng thư TLS của trục không được tin ({error.verify_message}): kiểm tra"
                " axis.ca_file, tên máy, ngày giờ.",
                f"The axis's TLS certificate is not trusted ({error.verify_message}): check"
                " axis.ca_file, the name, the date.",
            )
        except (OSError, TimeoutError) as error:
            return _wrong(
                "encryption",
                f"Bắt tay TLS không thành ({type(error).__name__}): trục có thể đòi chứng thư của ta"
                " (axis.client_certificate_file).",
                f"The TLS handshake failed ({type(error).__name__}): the axis may want our certificate"
                " (axis.client_certificate_file).",
            )
        ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
        return _well(
            "encryption",
            f"TLS tốt; chứng thư đến {write_instant(ends_at, Language.VIETNAMESE)}.",
            f"TLS is well; until {write_instant(ends_at, Language.ENGLISH)}.",
        )

    @asynccontextmanager
    async def _opened(self, context: ssl.SSLContext | None) -> AsyncIterator[asyncio.StreamWriter]:
        host, port = self._place
        async with asyncio.timeout(self._patience):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
        try:
            yield writer
        finally:
            writer.transport.abort()

    async def _compare_clocks(self) -> ProbeStep | None:
        timeout = self.axis.limits.timeout(0)
        try:
            async with self.axis.session.get(
                self.axis.endpoint, timeout=timeout, allow_redirects=False
            ) as answer:
                told = answer.headers.get("Date", "")
        except (aiohttp.ClientError, TimeoutError, OSError):
            if self.context is not None:  # since TLS 1.3 a handshake is over before our certificate is judged
                return _wrong(
                    "clock",
                    "Không có trả lời HTTP sau bắt tay TLS: trục có thể đòi chứng thư của ta, hoặc không"
                    " tin nó (axis.client_certificate_file).",
                    "No HTTP answer came after the TLS handshake: the axis may want our certificate, or not"
                    " trust it (axis.client_certificate_file).",
                )
            return _wrong(
                "clock",
                "Máy chủ ở địa chỉ này không trả lời HTTP: kiểm tra axis.url, proxy.",
                "What is at this address does not answer HTTP: check axis.url and proxies.",
            )
        try:
            apart = abs(parsedate_to_datetime(told) - self.clock())
        except ValueError:
            return None  # it does not tell its time
        if apart > _CLOCKS_APART:
            minutes = round(apart.total_seconds() / 60)
            return _wrong(
                "clock",
                f"Đồng hồ lệch với trục {minutes} phút: chỉnh giờ máy này (NTP).",
                f"The clocks are {counted(minutes, 'minute')} apart: set this machine's (NTP).",
            )
        return _well(
            "clock",
            f"Đồng hồ lệch {apart.total_seconds():.0f} giây.",
            f"The clocks are {counted(round(apart.total_seconds()), 'second')} apart.",
        )

    async def _sign(self) -> ProbeStep:
        try:
            count = await self.axis.count_received(Kind.DOCUMENT)
        except LienthongError as error:
            fault = error.faults[0]
            return _wrong(
                "signature",
                f"Trục không nhận lời gọi của hệ thống {self.axis.system}: {fault.vi} Kiểm tra"
                " axis.systemid, khóa bí mật (axis.secret_file), và hệ thống này có bị tắt trên trục không.",
                f"The axis does not take calls of system {self.axis.system}: {fault.en} Check"
                " axis.systemid, the secret (axis.secret_file), and whether the system is disabled there.",
            )
        return _well(
            "signature",
            f"Trục nhận ra hệ thống {self.axis.system}; {count} văn bản đang chờ.",
            f"The axis knows system {self.axis.system}; waiting there: {counted(count, 'document')}.",
        )

    async def _look_up(self) -> ProbeStep:
        try:
            listed = await self.axis.list_agencies()
            both = (*listed, *await self.axis.list_agencies_qd20())
        except LienthongError as error:
            fault = error.faults[0]
            return _wrong(
                "directory",
                f"Không đọc được danh bạ của trục: {fault.vi}",
                f"The axis's directory cannot be read: {fault.en}",
            )
        known = {normalise_code(code) for item in both for code in (item.code, item.other_code) if code}
        wrong, noted = self._hold_against(known)
        if wrong:
            return _wrong("directory", *_joined(wrong + noted))
        count = len({item.code for item in listed})
        well = (
            f"Danh bạ có {count} cơ quan, gồm mọi cơ quan phục vụ ở đây.",
            f"The directory has {counted(count, 'agency')}, all of those served here among them.",
        )
        return _well("directory", *_joined([well, *noted]))

    def _hold_against(self, known: Set[AgencyCode]) -> tuple[list[Words], list[Words]]:
        """Say where the axis's directory and ours differ: what is wrong, and what is good to know."""
        listed = [each for each in self.served if _own_codes(each) & known]
        missing = [each for each in self.served if each.closed_at is None and each not in listed]
        closed = [each for each in listed if each.closed_at is not None and each.merged_into is None]
        merged = [each for each in listed if each.merged_into is not None]
        gone = [each for each in self.heard if not (_own_codes(each) | {*each.aliases}) & known]
        return [*_told(missing, _MISSING), *_told(closed, _CLOSED)], [
            *_told(merged, _MERGED),
            *_told(gone, _GONE),
        ]


def _own_codes(agency: Agency) -> frozenset[AgencyCode]:
    return frozenset({agency.code, structural_alias(agency.code) or agency.code})


def _told(agencies: Sequence[Agency], words: Words) -> Iterator[Words]:
    """Name some agencies in a sentence; nothing is said of none."""
    codes, more = sorted(agency.code for agency in agencies), len(agencies) - _NAMED_AT_MOST
    named = ", ".join(codes[:_NAMED_AT_MOST])
    vi, en = (f" và {more} nơi khác", f" and {counted(more, 'other')}") if more > 0 else ("", "")
    if agencies:
        yield words[0].format(named + vi), words[1].format(named + en)


def _joined(sentences: Sequence[Words]) -> Words:
    return " ".join(vi for vi, _ in sentences), " ".join(en for _, en in sentences)


def _well(name: str, vi: str, en: str) -> ProbeStep:
    return ProbeStep(name=name, is_well=True, vi=vi, en=en)


def _wrong(name: str, vi: str, en: str) -> ProbeStep:
    return ProbeStep(name=name, is_well=False, vi=vi, en=en)
