"""TLS as the settings ask for it; a file that is of no use is named by its setting at the start.

OpenSSL judges the files. Whether a certificate is in force is not asked here: one that ended must not keep a
node from starting; `exchange.sensors` tells of it.
"""

import contextlib
import ssl
from collections.abc import Iterator
from pathlib import Path

from gateway.config import Config
from gateway.errors import Misconfiguration
from gateway.settings import Http


def believing(ca_file: Path | None, *, where: str) -> ssl.SSLContext:
    """Believe the servers that these authorities certify, those of the operating system where there are none.

    Errors: Misconfiguration when the file, which the setting `where` names, holds no certificates.
    """
    with _refusing_rubbish(where):
        return ssl.create_default_context(cafile=ca_file)


def listening(http: Http) -> ssl.SSLContext | None:
    """Show callers our certificate, and want theirs where the settings say so; None without TLS.

    Errors: Misconfiguration when a file is of no use.
    """
    if http.tls_certificate_file is None or http.tls_key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    show(
        context,
        http.tls_certificate_file,
        http.tls_key_file,
        where="http.tls_certificate_file, http.tls_key_file",
    )
    if http.client_ca_file is not None:
        with _refusing_rubbish("http.client_ca_file"):
            context.load_verify_locations(http.client_ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_certificate_files(config: Config) -> list[Path]:
    """Name the certificates this node shows, to callers and to its axis."""
    to_axis = None if config.axis is None else config.axis.client_certificate_file
    shown = config.http.tls_certificate_file, to_axis
    return [path for path in shown if path is not None]


def show(context: ssl.SSLContext, chain_file: Path, key_file: Path, *, where: str) -> None:
    """Show a certificate, with its chain, to whoever asks.

    Errors: Misconfiguration when certificate and key are not PEM or not a pair, or cannot be read.
    """
    try:
        context.load_cert_chain(chain_file, key_file, password=_no_password)
    except OSError as error:  # which OpenSSL's own errors are, too
        if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            raise Misconfiguration.because(
                "tls-key-of-another",
                where=where,
                vi="khóa không phải của chứng thư đầu tiên trong tệp",
                en="the key is not that of the first certificate in the file",
            ) from error
        raise Misconfiguration.because(
            "tls-unreadable",
            where=where,
            vi="không đọc được: cần PEM, khóa không mật khẩu, và quyền đọc cả hai tệp",
            en="cannot be read: PEM is expected, the key without a password, and leave to read both files",
        ) from error


def _no_password() -> bytes:
    # Without this OpenSSL would ask for one at the terminal, and a server has nobody there.
    return b""


@contextlib.contextmanager
def _refusing_rubbish(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Misconfiguration.because(
            "authorities-unreadable",
            where=where,
            vi="không đọc được chứng thư gốc nào: cần PEM và quyền đọc tệp",
            en="no authority's certificate can be read: PEM is expected, and leave to read the file",
        ) from error
