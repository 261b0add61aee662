"""Signed headers: how a VXP request says who speaks, and how that is believed.

Every argument of a VXP call travels twice: as a plain header ``XroadVnpt-<name>`` and as a member of one
JSON text over which the secret's HMAC is computed. Only the signed text counts; it is never
re-serialised, and arguments are read from it alone. Requests go on in `vxp.requests`.
"""

import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from gateway.errors import Refusal
from gateway.model.identifiers import Digest, SystemId
from gateway.vxp.operations import Operation

PREFIX = "XroadVnpt-"
_LOWER_PREFIX = PREFIX.lower()
USER_AGENT = "JAVASDKAgent/1.0.0 XRoad/VPCP"
VERSION = "3.0.201608"

# The wire has no zone: every known sender writes local time, and the country has one zone without
# summer time, so a fixed offset needs no zone database.
VIETNAM = timezone(timedelta(hours=7))

MEMBER_LIMIT = 32

_SIGNED_TEXT, _SIGNED_NAMES, _MAC = (
    b"xroadvnpt-sign-header",
    b"xroadvnpt-sign-header-key",
    b"xroadvnpt-hash-header",
)
# The version header is fixed by the SDK after signing: an argument of that name never reaches it whole.
_UNCOMPARED = frozenset({_SIGNED_TEXT, _SIGNED_NAMES, _MAC, b"xroadvnpt-version"})
_PRINTABLE = re.compile(r"[\x20-\x7e]*")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_STAMP = re.compile(r"(\d{2})(\d{2})(\d{4})T(\d{2})(\d{2})(\d{2})\+(\d{4})")
_UNPADDED = [f"{byte:x}" for byte in range(256)]
# HttpClient writes each of these as a space in the plain header; the signed JSON keeps them.
_LINE_BREAKS = str.maketrans("\n\r\f\v", "    ")
# With object_pairs_hook=list an object is a list of pairs and an array a list of anything else.
_PAIRS = json.JSONDecoder(object_pairs_hook=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedArguments:
    """The arguments of one call, under a signature that was verified.

    Shape: values maps each name, without its prefix and in the caller's own case, to its text.
    in_order is False when the list of names stood in another order than the signed text, which no known
    client does but nothing forbids.
    """

    system: SystemId
    values: Mapping[str, str]
    in_order: bool = True

    def one(self, name: str) -> str | None:
        """Return an argument's value; absent and empty mean the same.

        Shape: the exact spelling wins; another letter case counts when only one value stands under it.
        Errors: Refusal when several spellings disagree and none is the exact one.
        """
        if name in self.values:
            return self.values[name].strip() or None
        found = {value.strip() for key, value in self.values.items() if key.lower() == name.lower()}
        if len(found) > 1:
            raise Refusal.because(
                "argument-ambiguous",
                vi=f"Tham số {name} có nhiều giá trị khác nhau, không lần nào viết đúng chữ hoa chữ thường.",
                en=f"Argument {name} has several different values, none under its exact spelling.",
                where=name,
            )
        return (found.pop() or None) if found else None

    def required(self, name: str) -> str:
        """Return the value of an argument that the operation cannot do without.

        Errors: Refusal when it is absent or empty.
        """
        value = self.one(name)
        if value is None:
            raise _missing(name)
        return value

    def document_id_for(self, operation: Operation) -> str:
        """Return the document id meant by this call.

        An SDK object never forgets a header, and its callers fill ``docId`` to fetch and ``docid`` to
        confirm: after one round both stand in every request, the stale one signed like the fresh one.

        Errors: Refusal when neither is there.
        """
        for spelling in ("docid", "docId") if operation is Operation.CONFIRM else ("docId", "docid"):
            if self.values.get(spelling, "").strip():
                return self.values[spelling].strip()
        return self.required("docId")

    @property
    def stamped_at(self) -> datetime | None:
        """Return the instant the caller wrote, read as Vietnamese local time; None when unreadable.

        It is taken once per SDK object: hours or days old is normal, so it proves no freshness.
        """
        return read_timestamp(self.values.get("timestamp", ""))


def sign_headers(
    arguments: Mapping[str, str], *, system: SystemId, secret: bytes, at: datetime, content_type: str
) -> list[tuple[str, str]]:
    """Write the headers of one call, in the order the SDK sends them.

    Shape: argument names without prefix; values in printable ASCII, since no transport of the SDK
    carries anything else whole.
    Errors: Refusal when a name or value cannot travel in a header.
    """
    logical = {
        "systemid": str(system),
        **arguments,
        "timestamp": write_timestamp(at),
        "Content-Type": content_type,
    }
    for name, value in logical.items():
        if not _NAME.fullmatch(name) or not _PRINTABLE.fullmatch(value):
            raise Refusal.because(
                "argument-not-ascii",
                vi=f"Tham số {name} chỉ được gồm ký tự ASCII in được.",
                en=f"Argument {name} must be printable ASCII.",
                where=name,
            )
    plain = [(PREFIX + name, value) for name, value in logical.items()]
    text = json.dumps(dict(plain), ensure_ascii=False, separators=(",", ":"))
    return [
        *plain,
        ("Content-Type", content_type),
        (PREFIX + "sign-header-key", ";".join(logical)),
        (PREFIX + "sign-header", text),
        (PREFIX + "hash-header", mac(text.encode(), secret)),
        ("User-Agent", USER_AGENT),
        (PREFIX + "version", VERSION),
    ]


def mac(text: bytes, secret: bytes) -> str:
    """Compute the value of the hash header over the signed text as it stands on the wire.

    Shape: secret is its UTF-8 bytes, not decoded; 64 lower-case hex digits come back.
    """
    return hmac.digest(secret, text, "sha256").hex()


def claimed_system(headers: Iterable[tuple[bytes, bytes]]) -> SystemId | None:
    """Tell who a request says it is from, before anything is believed: the secret is found by it."""
    claims = {value.strip() for name, value in headers if name.lower() == b"xroadvnpt-systemid"}
    if len(claims) != 1:
        return None
    return SystemId(_decode(claims.pop())) or None


def verify_headers(headers: Iterable[tuple[bytes, bytes]], secret: bytes) -> SignedArguments:
    """Verify a request's signature and return its arguments.

    Checks: (1) one signed text, one list of names, one MAC; (2) the MAC over the received bytes;
    (3) the text is a JSON object of strings, no name twice, at most 32; (4) its names are those of the
    list; (5) a plain header whose name is signed says the same; (6) the signed system is the claimed one.
    What is not signed is ignored.

    Shape: headers as raw (name, value) pairs of bytes.
    Errors: Refusal ``header-missing`` (1, 6), ``bad-signature`` (2, 6), ``bad-headers`` (1, 3, 4, 5).
    Source: the VXP Java SDK 2.0.1, as it behaves on the wire.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    # (1)
    text, names, claimed_mac = (_only(pairs, name) for name in (_SIGNED_TEXT, _SIGNED_NAMES, _MAC))
    # (2) Over the bytes as received: another serialiser may escape differently and still be right.
    if not hmac.compare_digest(mac(text, secret).encode(), claimed_mac.strip().lower()):
        raise _bad_signature("HMAC của phần đầu không đúng.", "The HMAC of the headers does not match.")
    # (3)
    members = _read_members(text)
    # (4)
    listed = _decode(names).split(";")
    in_order = listed == list(members)
    if not in_order and sorted(listed) != sorted(members):
        raise _bad_headers(
            "sign-header-key",
            "Danh sách tên không khớp với các tham số được ký.",
            "The list of names differs from the signed arguments.",
        )
    # (5)
    _compare_plain(pairs, members)
    # (6) Without this, one system could name another in a second spelling and sign with its own secret.
    if "systemid" not in members:
        raise _missing("systemid")
    system = SystemId(members["systemid"].strip())
    if claimed_system(pairs) != system:
        raise _bad_signature(
            "systemid được ký khác systemid đã khai.", "The signed systemid is not the one claimed."
        )
    return SignedArguments(system=system, values=members, in_order=in_order)


def write_timestamp(at: datetime) -> str:
    """Write an instant as the SDK does: local time, then its milliseconds where a zone seems to stand."""
    local = at.astimezone(VIETNAM)
    day = f"{local.day:02}{local.month:02}{local.year:04}"
    return f"{day}T{local.hour:02}{local.minute:02}{local.second:02}+{local.microsecond // 1000:04}"


def read_timestamp(text: str) -> datetime | None:
    """Read the SDK's instant, taken as Vietnamese local time; None when it is something else."""
    found = _STAMP.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second, milli = (int(part) for part in found.groups())
    try:
        local = datetime(year, month, day, hour, minute, second, min(milli, 999) * 1000, VIETNAM)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def unpadded_hex(digest: Digest) -> str:
    """Write a digest as the SDK writes ``hash-file``: each byte in hex without its leading zero.

    Shape: 32 to 64 digits, not decodable; compare, never decode.
    """
    return "".join(map(_UNPADDED.__getitem__, bytes.fromhex(digest)))


def hash_matches(claimed: str, digest: Digest) -> bool:
    """Tell whether a ``hash-file`` names this digest, in the SDK's form or in full."""
    return claimed.strip().lower() in (unpadded_hex(digest), digest)


def hash_mismatch() -> Refusal:
    """Make the error for a body that is not the one whose hash was signed."""
    return Refusal.because(
        "hash-mismatch",
        where="XroadVnpt-hash-file",
        vi="Nội dung nhận được không khớp với mã băm đã ký.",
        en="What was received is not the file whose hash was signed.",
    )


def _only(pairs: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    found = [value for key, value in pairs if key == name]
    if not found:
        raise _missing(name.decode().removeprefix(_LOWER_PREFIX))
    if len(found) > 1:
        raise _bad_headers(
            name.decode().removeprefix(_LOWER_PREFIX),
            "Phần đầu này chỉ được có mặt một lần.",
            "This header must appear once.",
        )
    return found[0]


def _read_members(text: bytes) -> dict[str, str]:
    try:
        pairs = _PAIRS.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise _bad_members() from error
    if not text.lstrip().startswith(b"{") or not 0 < len(pairs) <= MEMBER_LIMIT:
        raise _bad_members()
    members: dict[str, str] = {}
    for name, value in pairs:
        if not isinstance(value, str) or not name.startswith(PREFIX) or not _is_text(name + value):
            raise _bad_members()
        members[name.removeprefix(PREFIX)] = value
    if len(members) != len(pairs):
        raise _bad_members()
    return members


def _is_text(value: str) -> bool:
    # json accepts a zero byte, which PostgreSQL cannot be asked for, and a lone surrogate, which no encoder
    # of ours could ever write down again.
    return "\0" not in value and (value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value))


def _compare_plain(pairs: list[tuple[bytes, bytes]], members: Mapping[str, str]) -> None:
    signed: dict[str, set[str]] = {}
    for name, value in members.items():
        said = value if value.isprintable() else value.translate(_LINE_BREAKS)
        signed.setdefault(_LOWER_PREFIX + name.lower(), set()).add(said.strip(" \t"))
    for key, raw in pairs:
        values = signed.get(key.decode("latin-1"))
        if values is None or key in _UNCOMPARED:
            continue
        plain = _decode(raw).strip(" \t")
        # docId and docid are one header to an HTTP stack: it may keep one value or join them.
        merged = len(values) > 1 and {part.strip() for part in plain.split(",")} <= values
        if plain not in values and not merged:
            name = key.decode("latin-1").removeprefix(_LOWER_PREFIX)
            raise _bad_headers(
                name, "Giá trị khác với giá trị được ký.", "The value differs from the signed one."
            )


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _missing(name: str) -> Refusal:
    return Refusal.because(
        "header-missing", vi=f"Thiếu tham số {name}.", en=f"Argument {name} is missing.", where=name
    )


def _bad_signature(vi: str, en: str) -> Refusal:
    return Refusal.because("bad-signature", vi=vi, en=en)


def _bad_headers(where: str, vi: str, en: str) -> Refusal:
    return Refusal.because("bad-headers", vi=vi, en=en, where=where)


def _bad_members() -> Refusal:
    return _bad_headers(
        "sign-header",
        f"Phần được ký phải là một đối tượng JSON gồm các chuỗi, không trùng tên, nhiều nhất {MEMBER_LIMIT}.",
        f"The signed text must be a JSON object of strings, no name twice, at most {MEMBER_LIMIT}.",
    )
