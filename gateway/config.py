"""config.toml → Config: every setting with its type, unit, default and check.

What a setting means for an operator stands in config.example.toml, which a test keeps equal to this
module. No secret is ever a setting: a `*_file` key names the file that holds it, relative to the
configuration's own folder, the data directory. Nothing is opened here but the configuration itself;
`wiring` opens the rest.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gateway.errors import Fault, Misconfiguration
from gateway.model.signature import SignaturePolicy
from gateway.setting_types import (
    Code,
    Count,
    Duration,
    LocalPath,
    Name,
    OptionalPath,
    Pause,
    Size,
    Text,
    Url,
    fault_of,
    in_directory,
    read_duration,
    read_size,
)


class Role(StrEnum):
    """What this node is: a gateway below an axis, or a hub, the axis of those below it."""

    GATEWAY = "gateway"
    HUB = "hub"


class Section(BaseModel):
    """What all tables of the file share: frozen, strict, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Http(Section):
    """[http]: the door for systems."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8280
    tls_certificate_file: OptionalPath = None
    tls_key_file: OptionalPath = None
    client_ca_file: OptionalPath = None
    body_limit: Size = read_size("1 GiB")
    head_limit: Size = read_size("64 KiB")
    requests_per_second: Annotated[float, Field(ge=0)] = 0.0
    burst: Count = 50
    max_concurrent_uploads: Count = 64
    queue_limit: Count = 100_000
    idle_timeout: Duration = read_duration("75s")
    upload_timeout: Duration = read_duration("1h")


class Axis(Section):
    """[axis]: the exchange above a gateway. A hub has none."""

    url: Url
    systemid: Name
    secret_file: LocalPath
    poll_every: Duration = read_duration("1m")
    directory_every: Duration = read_duration("1h")
    connect_timeout: Duration = read_duration("10s")
    answer_timeout: Duration = read_duration("60s")
    ca_file: OptionalPath = None
    client_certificate_file: OptionalPath = None
    client_key_file: OptionalPath = None
    policy: SignaturePolicy = SignaturePolicy.WARN
    permanent_codes: tuple[Text, ...] = ("4", "5", "6", "7", "8", "9")


class Delivery(Section):
    """[delivery]: how dispatches are tried, and for how long."""

    concurrency: Count = 16
    lease: Duration = read_duration("5m")
    first_delay: Duration = read_duration("30s")
    longest_delay: Duration = read_duration("1h")
    give_up_after: Duration = read_duration("5d")
    jitter: Annotated[float, Field(ge=0, lt=1)] = 0.2
    grace_at_stop: Pause = read_duration("20s")


class Answers(Section):
    """[answers]: statuses and recalls that this node writes itself."""

    # True on a gateway, False on a hub: `_fill_by_role`.
    arrived_by_itself: bool = True


class Trust(Section):
    """[trust]: whom we believe, and the seal others know us by."""

    anchors_dir: LocalPath = in_directory("certs")
    seal_key_file: LocalPath = in_directory("seal.key")
    seal_chain_file: LocalPath = in_directory("seal.pem")
    agency_seals_dir: LocalPath = in_directory("seals")
    secrets_key_file: LocalPath = in_directory("secrets.key")
    vouchers: tuple[Code, ...] = ()
    default_policy: SignaturePolicy = SignaturePolicy.WARN


class Storage(Section):
    """[storage]: where everything lies, and how commits are gathered."""

    database_file: LocalPath = in_directory("lienthong.db")
    blobs_dir: LocalPath = in_directory("blobs")
    spool_dir: LocalPath = in_directory("spool")
    inline_limit: Size = read_size("64 KiB")
    linger: Pause = read_duration("2ms")
    batch_limit: Count = 64
    free_space_floor: Size = read_size("256 MiB")


class PackageLimits(Section):
    """[limits]: what a package may be before it is refused unread."""

    header_bytes: Size = read_size("4 MiB")
    depth: Annotated[int, Field(ge=8, le=256)] = 64
    attachments_count: Count = 500


class Log(Section):
    """[log]: the operating log."""

    format: Literal["console", "json", "logfmt"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """Everything an operator can decide. Made by `load_config`; every path in it is absolute."""

    name: Text
    agency_code: Code
    role: Role
    http: Http = Http()
    axis: Axis | None = None
    delivery: Delivery = Delivery()
    answers: Answers = Answers()
    # Their paths depend on where the file lies, so even their defaults are made anew each time.
    trust: Trust = Field({}, validate_default=True)
    storage: Storage = Field({}, validate_default=True)
    limits: PackageLimits = PackageLimits()
    log: Log = Log()


# Settings that are right alone and wrong together: their keys, when it is so, and why it cannot be.
_BOTH = ("phải có cả hai, hoặc không có cái nào", "set both or neither")
_CONFLICTS: tuple[tuple[str, Callable[[Config], object], str, str], ...] = (
    (
        "http.tls_certificate_file, http.tls_key_file",
        lambda c: (c.http.tls_certificate_file is None) != (c.http.tls_key_file is None),
        *_BOTH,
    ),
    (
        "http.client_ca_file, http.tls_certificate_file",
        lambda c: c.http.client_ca_file and not c.http.tls_certificate_file,
        *("kiểm tra chứng thư bên gọi cần TLS", "checking callers' certificates needs TLS"),
    ),
    (
        "delivery.first_delay, delivery.longest_delay",
        lambda c: c.delivery.first_delay > c.delivery.longest_delay,
        *("lần chờ đầu không được dài hơn lần chờ dài nhất", "the first delay exceeds the longest"),
    ),
    (
        "storage.blobs_dir, storage.spool_dir",
        lambda c: c.storage.blobs_dir == c.storage.spool_dir,
        *("phải là hai thư mục khác nhau", "must be two different folders"),
    ),
    (
        "role, axis",
        lambda c: c.role is Role.HUB and c.axis,
        *("hub chính là trục, không có trục phía trên", "a hub is the axis and has none above it"),
    ),
    (
        "axis.client_certificate_file, axis.client_key_file",
        lambda c: c.axis and (c.axis.client_certificate_file is None) != (c.axis.client_key_file is None),
        *_BOTH,
    ),
    (
        "axis.url, axis.ca_file, axis.client_certificate_file",
        lambda c: c.axis and not _is_tls(c.axis.url) and (c.axis.ca_file or c.axis.client_certificate_file),
        *("chứng thư cần địa chỉ https://", "certificates need an https:// address"),
    ),
    (
        # A lease that ends while we still wait for an answer lets a second attempt overtake the first.
        "delivery.lease, axis.connect_timeout, axis.answer_timeout",
        lambda c: c.axis and c.delivery.lease <= c.axis.connect_timeout + c.axis.answer_timeout,
        *("lease phải dài hơn tổng hai hạn chờ", "the lease must outlast both timeouts together"),
    ),
)


def load_config(path: Path) -> Config:
    """Load config.toml and check all that can be checked without opening other files.

    Shape: relative paths in it are taken from the folder it lies in.
    Errors: Misconfiguration with every fault: syntax, unknown and missing keys, wrong values,
    impossible combinations, named files that are not there.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfiguration.because(
            "config-unreadable",
            vi="không đọc được tệp cấu hình: thiếu tệp, thiếu quyền, hoặc không phải UTF-8",
            en="the configuration cannot be read: no such file, no permission, or not UTF-8",
        ) from error
    return _read_config(text, path.absolute().parent, _missing_files)


def _read_config(text: str, directory: Path, *checks: Callable[[Config], Iterable[Fault]]) -> Config:
    try:
        settings = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfiguration.because(
            "config-not-toml", vi=f"không đúng cú pháp TOML: {error}", en=f"not TOML: {error}"
        ) from error
    _fill_by_role(settings)
    config, faults = _read_settings(settings, directory)
    # A combination is judged only when all its parts could be read.
    unread = {fault.where.split(".")[0] for fault in faults}
    for check in (_conflicts, *checks):
        faults += [fault for fault in check(config) if unread.isdisjoint(re.split(r"\W+", fault.where))]
    if faults:
        raise Misconfiguration("config-wrong", faults)
    return config


def _fill_by_role(settings: dict[str, Any]) -> None:
    # A hub passes on; that a document has arrived is said by the gateway that holds it.
    answers = settings.setdefault("answers", {})
    if settings.get("role") == Role.HUB and isinstance(answers, dict):
        answers.setdefault("arrived_by_itself", False)


def _read_settings(settings: dict[str, Any], directory: Path) -> tuple[Config, list[Fault]]:
    """Read what can be read; a table that cannot stands at its defaults in the Config returned."""

    def validate(these: dict[str, Any]) -> Config:
        # Read as JSON: there "strict" lets arrays be tuples and strings be paths, and guesses nothing else.
        return Config.model_validate_json(json.dumps(these, default=str), context={"directory": directory})

    try:
        return validate(settings), []
    except ValidationError as error:
        details = error.errors()
    unread = {str(detail["loc"][0]) for detail in details}
    stand_in = {"name": "?", "agency_code": "H00", "role": Role.GATEWAY}
    read = {key: value for key, value in settings.items() if key not in unread}
    return validate(stand_in | read), [fault_of(detail) for detail in details]


def _conflicts(config: Config) -> Iterator[Fault]:
    for keys, clashes, vi, en in _CONFLICTS:
        if clashes(config):
            yield Fault(rule="settings-conflict", where=keys, vi=vi, en=en)


def _is_tls(url: str) -> bool:
    return url.startswith("https:")


def _missing_files(config: Config) -> Iterator[Fault]:
    for table in ("http", "axis", "trust"):
        for key, path in getattr(config, table) or ():
            if key.endswith("_file") and path is not None and not path.is_file():
                yield Fault(
                    rule="file-missing",
                    where=f"{table}.{key}",
                    vi="không có tệp mà thiết lập này chỉ tới",
                    en="the file this setting names is not there",
                )


def write_config(
    path: Path, *, name: str, agency_code: str, role: Role, tables: Mapping[str, Mapping[str, object]]
) -> None:
    """Write a short config.toml for a new node; what is left out stays at its default.

    Shape: tables maps a table's name to its keys, with values as they stand in the file: strings,
    numbers, booleans, lists of strings. The files they name may come later.
    Errors: Misconfiguration with every fault of the settings, or when there is a file already.
    """
    top = {"name": name, "agency_code": agency_code, "role": role}
    lines = ["# Liên Thông. Every setting, with its unit and default: config.example.toml.", ""]
    lines += _toml_lines(top)
    for table, settings in tables.items():
        lines += ["", f"[{table}]", *_toml_lines(settings)]
    text = "\n".join(lines) + "\n"
    _read_config(text, path.absolute().parent)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Misconfiguration.because(
            "config-exists",
            vi="ở đây đã có tệp cấu hình; hãy sửa tệp đó",
            en="there is a configuration here already; edit that one",
        ) from error


def _toml_lines(settings: Mapping[str, object]) -> list[str]:
    # A JSON string, number, boolean or list of strings is also a TOML one.
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
