"""The tables of config.toml: every setting with its type, unit and default.

What a setting means for an operator stands in config.example.toml, which a test keeps equal to this
module and to duty_settings.py, where the tables about what agencies owe stand. No secret is ever a
setting: a `*_file` key names the file that holds it, relative to the configuration's own folder, the data
directory. How a setting is written: setting_types.py; how the file is read, and which settings do not go
together: config.py.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from gateway.model.retention import PERMANENT
from gateway.model.signature import SignaturePolicy
from gateway.section import Section
from gateway.setting_types import (
    Code,
    Count,
    Duration,
    LocalPath,
    Name,
    ObjectPlace,
    OptionalDatabase,
    OptionalPath,
    OptionalText,
    OptionalUrl,
    Origin,
    Pause,
    Size,
    Term,
    Text,
    Url,
    number,
    read_duration,
    read_size,
    read_term,
    whole,
)


class Role(StrEnum):
    """What this node is: a gateway below an axis, or a hub, the axis of those below it."""

    GATEWAY = "gateway"
    HUB = "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(Section):
    """[http]: the door for systems."""

    host: Text = "127.0.0.1"
    port: Annotated[int, whole(0, 65535)] = 8280
    tls_certificate_file: OptionalPath = None
    tls_key_file: OptionalPath = None
    client_ca_file: OptionalPath = None
    body_limit: Size = read_size("1 GiB")
    head_limit: Size = read_size("64 KiB")
    requests_per_second: Annotated[float, number(0)] = 0.0
    burst: Count = 50
    max_concurrent_uploads: Count = 64
    max_concurrent_downloads: Count = 64
    queue_limit: Count = 100_000
    idle_timeout: Duration = read_duration("75s")
    upload_timeout: Duration = read_duration("1h")
    workers: Annotated[int, whole(1, 64)] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes(Section):
    """[nodes]: several processes that serve one database."""

    gone_after: Duration = read_duration("10s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis(Section):
    """[axis]: the exchange above a gateway. A hub has none."""

    url: Url
    systemid: Name
    secret_file: LocalPath
    poll_every: Duration = read_duration("1m")
    directory_every: Duration = read_duration("1h")
    receipts_every: Pause = read_duration("1m")
    connect_timeout: Duration = read_duration("10s")
    answer_timeout: Duration = read_duration("60s")
    ca_file: OptionalPath = None
    client_certificate_file: OptionalPath = None
    client_key_file: OptionalPath = None
    certificate_file: OptionalPath = None
    policy: SignaturePolicy = SignaturePolicy.WARN
    permanent_codes: tuple[Text, ...] = ("4", "5", "6", "7", "8", "9")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Section):
    """[delivery]: how dispatches are tried, and for how long."""

    concurrency: Count = 16
    lease: Duration = read_duration("5m")
    first_delay: Duration = read_duration("30s")
    longest_delay: Duration = read_duration("1h")
    give_up_after: Duration = read_duration("5d")
    jitter: Annotated[float, number(0, below=1)] = 0.2
    grace_at_stop: Pause = read_duration("20s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Console(Section):
    """[console]: the pages for people."""

    enabled: bool = True
    public_url: OptionalUrl = None
    trusted_proxies: tuple[Text, ...] = ()
    session_idle: Duration = read_duration("30m")
    session_longest: Duration = read_duration("12h")


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc(Section):
    """[oidc]: single sign-on to the console by an OpenID provider. None unless the table is there."""

    issuer: Url
    client_id: Text
    client_secret_file: OptionalPath = None
    login_claim: Text = "preferred_username"
    label: Text = "SSO"
    ca_file: OptionalPath = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers(Section):
    """[answers]: statuses and recalls that this node writes itself."""

    # True on a gateway, False on a hub: `_fill_by_role`.
    arrived_by_itself: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts(Section):
    """[receipts]: how soon one is expected."""

    collected_within: Pause = read_duration("1d")
    arrived_within: Pause = read_duration("1d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust(Section):
    """[trust]: whom we believe, and the seal others know us by."""

    anchors_dir: LocalPath = Path("certs")
    seal_key_file: LocalPath = Path("seal.key")
    seal_chain_file: LocalPath = Path("seal.pem")
    agency_seals_dir: LocalPath = Path("seals")
    secrets_key_file: LocalPath = Path("secrets.key")
    vouchers: tuple[Code, ...] = ()
    default_policy: SignaturePolicy = SignaturePolicy.WARN


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts(Section):
    """[alerts]: what operators are told without asking, and how."""

    every: Duration = read_duration("30s")
    remind_every: Duration = read_duration("1d")
    axis_away_after: Pause = read_duration("15m")
    stuck_after: Pause = read_duration("1h")
    mailbox_left_after: Pause = read_duration("1d")
    seal_ends_within: Pause = read_duration("30d")
    calendar_missing_within: Pause = read_duration("60d")
    unstamped_after: Pause = read_duration("1d")
    mail_to: tuple[Text, ...] = ()
    mail_from: Text = "lienthong@localhost"
    smtp_host: Text = "localhost"
    smtp_port: Annotated[int, whole(1, 65535)] = 25
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    smtp_user: str = ""
    smtp_password_file: OptionalPath = None
    webhook_urls: tuple[Url, ...] = ()
    webhook_secret_file: OptionalPath = None
    webhook_obligations: bool = False
    timeout: Duration = read_duration("10s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage(Section):
    """[storage]: where everything lies, and how commits are gathered."""

    database: OptionalDatabase = None
    database_password_file: OptionalPath = None
    database_file: LocalPath = Path("lienthong.db")
    blobs_dir: LocalPath = Path("blobs")
    spool_dir: LocalPath = Path("spool")
    inline_limit: Size = read_size("64 KiB")
    linger: Pause = read_duration("2ms")
    batch_limit: Count = 64
    free_space_floor: Size = read_size("256 MiB")
    blobs: ObjectPlace = ""
    blobs_endpoint: OptionalUrl = None
    blobs_region: Text = "us-east-1"
    blobs_key_id: OptionalText = None
    blobs_secret_file: OptionalPath = None
    blobs_ca_file: OptionalPath = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts(Section):
    """[drafts]: documents being written in the console."""

    folder: LocalPath = Path("drafts")
    file_limit: Size = read_size("100 MiB")
    files_limit: Size = read_size("300 MiB")
    keep: Duration = read_duration("60d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer(Section):
    """[[audit.peers]]: another log that we watch, and whose signatures under our checkpoints we take."""

    origin: Origin
    url: Url
    certificate_file: LocalPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit(Section):
    """[audit]: how the log is vouched for: checkpoints, timestamps, witnesses."""

    checkpoint_every: Pause = read_duration("1m")
    timestamp_url: OptionalUrl = None
    timestamp_anchors_file: OptionalPath = None
    timestamp_timeout: Duration = read_duration("30s")
    ca_file: OptionalPath = None
    witness_every: Duration = read_duration("1m")
    peers: tuple[Peer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageLimits(Section):
    """[limits]: what a package may be before it is refused unread."""

    header_bytes: Size = read_size("4 MiB")
    depth: Annotated[int, whole(8, 256)] = 64
    attachments_count: Count = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyTerms(Section):
    """One of [[retention.agencies]]: what is different for what an agency sent or received."""

    code: Code
    documents: Term | None = None
    statuses: Term | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Section):
    """[retention]: how long content is kept."""

    documents: Term = PERMANENT
    statuses: Term = PERMANENT
    agencies: tuple[AgencyTerms, ...] = ()
    only_archived: bool = False
    returned: Term = read_term("30d")
    patience: Pause = read_duration("7d")
    every: Duration = read_duration("1h")
    batch: Annotated[int, whole(1, 1000)] = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Section):
    """[log]: the operating log."""

    format: Literal["console", "json", "logfmt"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"
