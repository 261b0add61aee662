"""Speaking the axis's protocol as one of the systems connected to a node.

The way any DMS does it, over HTTP: nothing here looks into a data directory but for the address.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from gateway.cli.node import directory_option, is_node, load_node
from gateway.errors import Delay, Fault, LienthongError, Misconfiguration

if TYPE_CHECKING:
    import aiohttp

    from gateway.clients.axis import Axis

Command = TypeVar("Command", bound=Callable[..., Any])

# How vxp/answers.py tells one fault of a node of ours in one language.
_FAULT = re.compile(r"(?P<rule>[a-z0-9-]+)\] (?:(?P<where>[A-Za-z]+[/-]\S+|docId) )?(?P<said>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Which system calls, with which secret, where."""

    systemid: str
    secret: bytes
    url: str
    ca_file: Path | None


def account_options(command: Command) -> Command:
    """Give a command the options of an account; `make_account` puts them together."""
    for option in (
        directory_option,
        click.option(
            "--ca",
            "ca_file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="Gốc chứng thư TLS của máy chủ, PEM. · Authority of its TLS certificate.",
        ),
        click.option(
            "--to",
            "url",
            metavar="URL",
            help="Địa chỉ, như http://127.0.0.1:8280/vxp; mặc định: nút ở --dir. · Where to.",
        ),
        click.option(
            "--secret-file",
            type=click.File("r", encoding="utf-8"),
            required=True,
            metavar="FILE",
            help="Tệp chứa khóa bí mật của hệ thống; - là stdin. · File with its secret; - for stdin.",
        ),
        click.option(
            "--as",
            "systemid",
            required=True,
            metavar="SYSTEMID",
            help="Gọi như hệ thống này. · The system to call as.",
        ),
    ):
        command = option(command)
    return command


def make_account(
    systemid: str, secret_file: TextIO, url: str | None, ca_file: Path | None, folder: Path
) -> Account:
    """Put an account together; without an address the node of the data directory is meant."""
    secret = secret_file.read().strip()
    if not secret:
        raise click.BadParameter("tệp trống / the file is empty", param_hint="--secret-file")
    return Account(systemid=systemid, secret=secret.encode(), url=url or _address_of(folder), ca_file=ca_file)


def _address_of(folder: Path) -> str:
    """Tell where the node of a data directory answers."""
    if not is_node(folder):
        raise click.UsageError("cần --to URL, hoặc --dir của nút / --to URL is needed, or a node's --dir")
    http = load_node(folder).http
    if http.port == 0:
        raise click.UsageError("nút dùng cổng bất kỳ, cần --to URL / the node listens on any port, use --to")
    scheme = "https" if http.tls_certificate_file else "http"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(http.host, http.host)  # noqa: S104
    return f"{scheme}://{host}:{http.port}/vxp"


@contextlib.asynccontextmanager
async def calling(account: Account) -> AsyncIterator["Axis"]:
    """Open the wire for an account."""
    import aiohttp

    from gateway.clients.axis import Axis
    from gateway.model.identifiers import SystemId
    from gateway.office import now
    from gateway.wiring.tls import believing

    context = believing(account.ca_file, where="--ca")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        axis = Axis(
            session=session,
            endpoint=account.url.rstrip("/"),
            system=SystemId(account.systemid),
            secret=account.secret,
            clock=now,
        )
        try:
            yield axis
        except LienthongError as error:
            if isinstance(error.__cause__, aiohttp.ClientConnectorCertificateError):
                raise _untrusted(account, error.__cause__) from error
            if error.code == "axis-away":  # which is what a gateway calls whoever it cannot reach
                raise Delay.because(
                    "node-away",
                    where=account.url,
                    vi="không nút nào trả lời ở đây: nút có chạy không, http hay https, có /vxp không?",
                    en="no node answers here: does it run, is it http or https, is /vxp at its end?",
                ) from error
            raise type(error)(error.code, list(_unfold(error.faults))) from error


def _untrusted(account: Account, error: "aiohttp.ClientConnectorCertificateError") -> Misconfiguration:
    why = getattr(error.certificate_error, "verify_message", "") or type(error.certificate_error).__name__
    return Misconfiguration.because(
        "certificate-untrusted",
        where=account.url,
        vi=f"chứng thư TLS ở địa chỉ này không được tin ({why}): --ca chỉ gốc của nó; xem tên máy, ngày giờ",
        en=f"its TLS certificate is not trusted ({why}): --ca names its authority; look at name and date",
    )


def _unfold(faults: Iterable[Fault]) -> Iterator[Fault]:
    """Take apart what a node of ours said in one line: every fault with its rule."""
    for fault in faults:
        vi, en = (text.partition(": [")[2].split(" | [") for text in (fault.vi, fault.en))
        found = [
            (match, said) for piece, said in zip(vi, en, strict=True) if (match := _FAULT.fullmatch(piece))
        ]
        if not found:
            yield fault
        for match, said in found:
            yield Fault(
                rule=match["rule"],
                where=match["where"] or "",
                vi=match["said"],
                en=said.partition("] ")[2],
            )
