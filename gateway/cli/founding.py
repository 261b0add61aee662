"""Founding a node: its data directory with keys, certificates, settings and database, or nothing at all.

The settings get their name last. A folder without config.toml is no node, so what a power cut leaves half
made is never taken for one; what an error leaves half made is removed.
"""

import asyncio
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gateway.back_office import furnish_people
from gateway.cli.node import CONFIG_NAME, is_node, operator_name
from gateway.config import Config, load_config, write_config
from gateway.errors import Misconfiguration
from gateway.model.agency import Agency
from gateway.model.identifiers import AgencyCode
from gateway.model.people import UserRole
from gateway.office import load_own_seal, open_office
from gateway.settings import Role
from gateway.trust.issuing import Issued, issue_seal, make_authority
from gateway.trust.keys import Algorithm, Seal
from gateway.trust.secrets import KEY_BYTES

_AXIS_SECRET = "axis.secret"  # noqa: S105 - the name of a file
# A volume just made has this, and is empty all the same.
_NOBODYS = {"lost+found"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisAccess:
    """How a gateway gets to its axis. Shape: poll_every as in the settings, ``1m``."""

    url: str
    systemid: str
    secret: str
    poll_every: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charter:
    """What a new node shall be.

    Shape: authority is the data directory whose development authority certifies this node too; host and
    port stay at the settings' defaults when None.
    """

    name: str
    agency_code: AgencyCode
    role: Role
    algorithm: Algorithm = Algorithm.RSA_SHA256
    axis: AxisAccess | None = None
    authority: Path | None = None
    host: str | None = None
    port: int | None = None
    administrator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Founded:
    """A node that was founded. Shape: one_time_password is its first administrator's, shown once."""

    folder: Path
    config: Config
    seal: Seal
    one_time_password: str | None = None


def found_node(folder: Path, charter: Charter, *, at: datetime) -> Founded:
    """Make a data directory, ready to be served.

    Shape: folder does not exist or is empty; afterwards only its owner can look into it.
    Errors: Misconfiguration with every fault of the settings, or when the folder is taken; nothing of it
    is left then.
    """
    made = _claim(folder)
    try:
        config, password = _furnish(folder, charter, at=at)
    except BaseException:
        _leave_nothing(folder, made=made)
        raise
    return Founded(folder=folder, config=config, seal=load_own_seal(config), one_time_password=password)


def _claim(folder: Path) -> list[Path]:
    """Make the folder, or take an empty one; return the folders that were made, outermost first."""
    if is_node(folder):
        raise Misconfiguration.because(
            "node-exists",
            where=str(folder),
            vi="ở đây đã có một nút; chọn thư mục khác, hoặc sửa config.toml của nút này",
            en="there is a node here already; choose another folder, or edit this one's config.toml",
        )
    if folder.exists() and (not folder.is_dir() or {path.name for path in folder.iterdir()} - _NOBODYS):
        raise Misconfiguration.because(
            "folder-not-empty",
            where=str(folder),
            vi="thư mục phải chưa có hoặc còn trống",
            en="the folder must be new or empty",
        )
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    return made[::-1]


def _leave_nothing(folder: Path, *, made: list[Path]) -> None:
    for path in folder.iterdir():
        if path.name in _NOBODYS:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path in reversed(made):
        path.rmdir()


def _furnish(folder: Path, charter: Charter, *, at: datetime) -> tuple[Config, str | None]:
    unnamed = folder / f"{CONFIG_NAME}.part"
    write_config(
        unnamed,
        name=charter.name,
        agency_code=charter.agency_code,
        role=charter.role,
        tables=_tables(charter),
    )
    _write_keys(folder, charter, at=at)
    if charter.axis is not None:
        write_private(folder / _AXIS_SECRET, charter.axis.secret.encode() + b"\n")
    password = asyncio.run(_register(load_config(unnamed), charter, at=at))
    unnamed.rename(folder / CONFIG_NAME)
    return load_config(folder / CONFIG_NAME), password


def _tables(charter: Charter) -> dict[str, dict[str, object]]:
    """Say in the settings what is not at its default."""
    http = {"host": charter.host, "port": charter.port}
    tables: dict[str, dict[str, object]] = {"http": {k: v for k, v in http.items() if v is not None}}
    if charter.axis is not None:
        access = charter.axis
        tables["axis"] = {"url": access.url, "systemid": access.systemid, "secret_file": _AXIS_SECRET}
        if access.poll_every is not None:
            tables["axis"]["poll_every"] = access.poll_every
    voucher = _voucher(charter.authority)
    if voucher is not None:
        tables["trust"] = {"vouchers": [voucher]}
    return {name: table for name, table in tables.items() if table}


def _voucher(authority: Path | None) -> AgencyCode | None:
    """A hub seals what its systems send unsigned; whoever shares its authority believes that seal."""
    if authority is None or not is_node(authority):
        return None
    config = load_config(authority / CONFIG_NAME)
    return config.agency_code if config.role is Role.HUB else None


def _write_keys(folder: Path, charter: Charter, *, at: datetime) -> None:
    if charter.authority is None:
        authority = make_authority(f"Gốc thử nghiệm {charter.agency_code}", at=at)
        write_private(folder / "authority.key", authority.key_pem)
        (folder / "authority.pem").write_bytes(authority.certificate_pem)
    else:
        authority = _load_authority(charter.authority)
    certs = folder / "certs"
    certs.mkdir()
    (certs / "authority.pem").write_bytes(authority.certificate_pem)
    seal = issue_seal(
        authority, holder=charter.agency_code, name=charter.name, at=at, algorithm=charter.algorithm
    )
    write_private(folder / "seal.key", seal.key_pem)
    write_private(folder / "seal.pem", seal.chain_pem)
    write_private(folder / "secrets.key", secrets.token_bytes(KEY_BYTES))


def _load_authority(folder: Path) -> Issued:
    key, certificate = folder / "authority.key", folder / "authority.pem"
    if not (key.is_file() and certificate.is_file()):
        raise Misconfiguration.because(
            "authority-missing",
            where=str(folder),
            vi="không có authority.key và authority.pem; hãy chỉ tới nút đã tạo ra gốc thử nghiệm",
            en="no authority.key and authority.pem; name the node that made the development authority",
        )
    return Issued(key_pem=key.read_bytes(), chain_pem=certificate.read_bytes())


def write_private(path: Path, content: bytes) -> None:
    """Write what only the owner may read, and see it onto the disk: a lost key cannot be made again."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


async def _register(config: Config, charter: Charter, *, at: datetime) -> str | None:
    """Make the database, write the node's own agency into its directory, and add the first administrator."""
    async with open_office(config) as office:
        agency = Agency(code=config.agency_code, name=charter.name)
        await office.registry.put_agency(agency, by=operator_name(), at=at)
        if charter.administrator is None:
            return None
        _, password = await furnish_people(office).add_user(
            charter.administrator,
            name=charter.administrator,
            role=UserRole.ADMINISTRATOR,
            agencies=None,
            by=operator_name(),
            at=at,
        )
        return password
