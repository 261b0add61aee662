"""config.toml → Config: the file read, every fault of it told at once, and a first one written.

The tables and their settings stand in settings.py. Nothing is opened here but the configuration itself;
`wiring` opens the rest.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.duty_settings import Deadlines, Practice, Reminders, Reports
from gateway.errors import Fault, Misconfiguration
from gateway.section import Section, placed, read_section
from gateway.setting_types import Code, Text
from gateway.settings import (
    Alerts,
    Answers,
    Audit,
    Axis,
    Console,
    Delivery,
    Drafts,
    Http,
    Log,
    Nodes,
    Oidc,
    PackageLimits,
    Receipts,
    Retention,
    Role,
    Storage,
    Trust,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Section):
    """Everything an operator can decide. Made by `load_config`; every path in it is absolute."""

    name: Text
    agency_code: Code
    role: Role
    http: Http = Http()
    nodes: Nodes = Nodes()
    axis: Axis | None = None
    delivery: Delivery = Delivery()
    console: Console = Console()
    oidc: Oidc | None = None
    answers: Answers = Answers()
    receipts: Receipts = Receipts()
    practice: Practice = Practice()
    deadlines: Deadlines = Deadlines()
    reminders: Reminders = Reminders()
    reports: Reports = Reports()
    trust: Trust = Trust()
    storage: Storage = Storage()
    alerts: Alerts = Alerts()
    drafts: Drafts = Drafts()
    audit: Audit = Audit()
    limits: PackageLimits = PackageLimits()
    retention: Retention = Retention()
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
        "console.session_idle, console.session_longest",
        lambda c: c.console.session_idle > c.console.session_longest,
        *("phiên không thể nghỉ lâu hơn nó kéo dài", "a session cannot idle for longer than it lasts"),
    ),
    (
        "oidc.issuer, oidc.ca_file",
        lambda c: c.oidc and c.oidc.ca_file and not _is_tls(c.oidc.issuer),
        *("chứng thư cần địa chỉ https://", "certificates need an https:// address"),
    ),
    (
        "storage.blobs_dir, storage.spool_dir",
        lambda c: c.storage.blobs_dir == c.storage.spool_dir,
        *("phải là hai thư mục khác nhau", "must be two different folders"),
    ),
    (
        "storage.blobs, storage.blobs_key_id, storage.blobs_secret_file",
        lambda c: c.storage.blobs and not (c.storage.blobs_key_id and c.storage.blobs_secret_file),
        *("kho đối tượng cần tên khóa và tệp khóa bí mật", "an object store needs a key's id and its secret"),
    ),
    (
        "storage.blobs, storage.blobs_endpoint, storage.blobs_key_id, storage.blobs_secret_file",
        lambda c: (
            not c.storage.blobs
            and any((c.storage.blobs_endpoint, c.storage.blobs_key_id, c.storage.blobs_secret_file))
        ),
        *("chưa nói gói tin nằm ở kho đối tượng nào", "it is not said where in the object store"),
    ),
    (
        "storage.blobs_endpoint, storage.blobs_ca_file",
        lambda c: c.storage.blobs_ca_file and not _is_tls(c.storage.blobs_endpoint or "https:"),
        *("chứng thư cần địa chỉ https://", "certificates need an https:// address"),
    ),
    (
        "retention.agencies",
        lambda c: len({each.code for each in c.retention.agencies}) < len(c.retention.agencies),
        *("mỗi cơ quan chỉ được ghi một lần", "an agency stands there twice"),
    ),
    (
        "reports.scheduled",
        lambda c: not all(each.to for each in c.reports.scheduled),
        *("báo cáo chưa có nơi nhận", "a report is for nobody"),
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
        "alerts.webhook_urls, alerts.webhook_secret_file",
        lambda c: c.alerts.webhook_urls and not c.alerts.webhook_secret_file,
        *("webhook cần khóa bí mật để ký", "a webhook needs a secret to be signed with"),
    ),
    (
        "alerts.webhook_obligations, alerts.webhook_urls",
        lambda c: c.alerts.webhook_obligations and not c.alerts.webhook_urls,
        *("chưa có địa chỉ webhook nào để báo", "there is no webhook to be told"),
    ),
    (
        "alerts.smtp_user, alerts.smtp_password_file",
        lambda c: bool(c.alerts.smtp_user) != bool(c.alerts.smtp_password_file),
        *_BOTH,
    ),
    (
        # A lease that ends while we still wait for an answer lets a second attempt overtake the first.
        "delivery.lease, axis.connect_timeout, axis.answer_timeout",
        lambda c: c.axis and c.delivery.lease <= c.axis.connect_timeout + c.axis.answer_timeout,
        *("lease phải dài hơn tổng hai hạn chờ", "the lease must outlast both timeouts together"),
    ),
    (
        "audit.timestamp_url, audit.timestamp_anchors_file",
        lambda c: (c.audit.timestamp_url is None) != (c.audit.timestamp_anchors_file is None),
        *_BOTH,
    ),
    (
        "audit.peers",
        lambda c: len({peer.origin for peer in c.audit.peers}) < len(c.audit.peers),
        *("mỗi nhật ký chỉ được nêu một lần", "each log may be named only once"),
    ),
)


def load_config(path: Path, *, storage: Mapping[str, str] | None = None) -> Config:
    """Load config.toml and check all that can be checked without opening other files.

    Shape: relative paths in it are taken from the folder it lies in; storage are settings in the place of
    those in its [storage], an empty text takes one away.
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
    return _read_config(text, path.absolute().parent, _missing_files, storage=storage)


def _read_config(
    text: str,
    directory: Path,
    *checks: Callable[[Config], Iterable[Fault]],
    storage: Mapping[str, str] | None = None,
) -> Config:
    try:
        settings = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; lists in lists
        raise Misconfiguration.because(
            "config-not-toml", vi=f"không đúng cú pháp TOML: {error}", en=f"not TOML: {error}"
        ) from error
    _fill_by_role(settings)
    held = settings.get("storage", {})
    if storage and isinstance(held, dict):
        kept = {key: value for key, value in held.items() if key not in storage}
        settings["storage"] = kept | {key: value for key, value in storage.items() if value}
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
    try:
        return placed(read_section(settings, Config), directory), []
    except Misconfiguration as error:
        faults = list(error.faults)
    stand_in = {"name": "?", "agency_code": "H00", "role": Role.GATEWAY}
    unread = tuple(f"{fault.where}." for fault in faults)
    read = {
        key: value
        for key, value in settings.items()
        if not any(place.startswith(f"{key}.") for place in unread)
    }
    return placed(read_section(stand_in | read, Config), directory), faults


def _conflicts(config: Config) -> Iterator[Fault]:
    for keys, clashes, vi, en in _CONFLICTS:
        if clashes(config):
            yield Fault(rule="settings-conflict", where=keys, vi=vi, en=en)


def _is_tls(url: str) -> bool:
    return url.startswith("https:")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have such a name, or nobody lets us look
        return False


def _missing_files(config: Config) -> Iterator[Fault]:
    tables = [
        (table, getattr(config, table)) for table in ("http", "axis", "oidc", "trust", "alerts", "audit")
    ]
    tables += [("storage", [each for each in config.storage if each[0] != "database_file"])]
    tables += [(f"audit.peers.{number}", peer) for number, peer in enumerate(config.audit.peers)]
    for table, settings in tables:
        for key, path in settings or ():
            if key.endswith("_file") and path is not None and not _is_file(path):
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
