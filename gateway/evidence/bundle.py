"""What stands in an evidence bundle: the names of its parts, and the small texts among them.

One document is one folder; what all share, certificates and checkpoints and this gateway's words about it,
stands beside them. docs/evidence.md lists every part and what it shows.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.evidence.receipts import JSON
from gateway.evidence.verifier.documents import SAID
from gateway.evidence.verifier.forms import b64
from gateway.model.identifiers import AgencyCode, Digest, PackageId
from gateway.model.thread import RecipientState, Thread
from gateway.trust.keys import fingerprint_of

_GATEWAY_IMPORT = re.compile(r"^from gateway\.\S+ import (\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_FUTURE = "from __future__ import annotations\n"
_USE = "python verify.py BUNDLE [--anchor CA.pem ...] [--tsa-anchor CA.pem ...] [--json]"
_SCRIPT_HEAD = f'''#!/usr/bin/env python3
"""Kiểm tra hồ sơ bằng chứng Liên Thông, không cần máy chủ. · Verify an evidence bundle, without any server.

    {_USE}

Exit code 0: everything holds. 1: something is wrong. 3: nothing is wrong, but something leads to no anchor
you gave, so that anybody could have made it. 2: called in a wrong way. Needs Python 3.9 and `cryptography`
42 or newer; no network. Whoever gave you the bundle gave you the script in it, too: take it from a source of
your own. It is the modules of gateway/evidence/verifier/ one behind the other.
"""

{_FUTURE}'''
_README = """HỒ SƠ BẰNG CHỨNG · EVIDENCE BUNDLE
{gateway} · {at}

Tệp này (ASiC-E, ETSI EN 319 162-1) chứng minh: các gói tin trong đây đã được cổng {gateway} tiếp nhận,
chuyển đi và được trả lời đúng như đã ghi, và từ đó không một byte nào bị sửa. Mở summary.html để đọc.
This file proves: the packages in it were accepted, delivered and answered by the gateway {gateway} at the
instants stated, and nothing of them was changed since. Open summary.html to read it.

KIỂM TRA BẰNG CHƯƠNG TRÌNH · VERIFY WITH THE SCRIPT

    python3 verify.py {file} --anchor CA.pem --tsa-anchor TSA-CA.pem
    lienthong verify {file} --anchor CA.pem --tsa-anchor TSA-CA.pem

Cần Python 3.9 và gói cryptography; không cần mạng, không cần máy chủ của cổng. Hãy lấy verify.py và chứng
thư gốc từ nguồn bạn tin, không lấy từ người trao hồ sơ.
Take verify.py and the anchors from a source of your own, not from whoever gave you the bundle.
SHA-256 verify.py: {script}
0: đúng · proved   1: sai · wrong   3: chưa đủ, thiếu gốc tin cậy · not proved, anchors are missing

KIỂM TRA KHÔNG CẦN CHƯƠNG TRÌNH CỦA CHÚNG TÔI · VERIFY WITHOUT OUR PROGRAM

1. Giải nén; tệp không nén nên byte trong tệp là byte của bằng chứng · extract (nothing is compressed):
       mkdir bundle && cd bundle && unzip ../{file}
2. Chữ ký XAdES trên mọi phần · the XAdES signature over every part, inside that folder:
       xmlsec1 --verify --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties \\
           --trusted-pem CA.pem META-INF/signatures.xml
3. Dấu thời gian trên điểm chốt · the timestamp over a checkpoint, where there is one:
       openssl ts -verify -token_in -in checkpoints/N.tst -data checkpoints/N.note -CAfile TSA-CA.pem
4. Biên nhận · a receipt: receipts/N.json, ký trên "statement" · signed over its "statement" with a key of
   certificates/ (openssl dgst -sha256 -verify); "sha256" = sha256sum package-N-as-sent.edxml.
5. Bằng chứng nhật ký · a log proof: proofs/N.tlog-proof (C2SP tlog-proof; mục ở dòng extra · the entry is its
   extra line), checkpoints/N.txt (C2SP signed-note).

CÓ GÌ TRONG ĐÂY · WHAT IS HERE

documents/*/envelope.json               văn bản, nơi nhận, gói tin, diễn biến · document, recipients, packages
documents/*/summary.html                cùng nội dung, để đọc và in · the same, to read and print
documents/*/package-N-as-sent.edxml     gói tin như đã nhận, đúng từng byte · the package as it came
documents/*/package-N-as-left.edxml     gói tin có dấu của cổng như đã đi · the package as it left, sealed
documents/*/receipts/N.json             biên nhận cổng đã ký cho mục N · the signed receipt of entry N
documents/*/far-receipts/N.json         biên nhận bên kia trả cho lần chuyển N · the far side's receipt
documents/*/proofs/N.tlog-proof         mục N nằm trong nhật ký · entry N is in the log
checkpoints/N.txt, N.note, N.tst        N mục đầu của nhật ký: bản đã ký, bản được đóng dấu, dấu thời gian
                                        the log's first N entries: as signed, as stamped, the RFC 3161 token
checkpoints/A-B.consistency             nhật ký B mục bắt đầu bằng nhật ký A mục · B's log begins with A's
certificates/                           chứng thư của các dấu · the certificates of the seals

ĐIỀU HỒ SƠ KHÔNG NÓI · WHAT IT DOES NOT SHOW

- Có mục nào bị bỏ ra ngoài hồ sơ hay không: điều đó cần cả nhật ký, xuất ra và kiểm tra.
  Whether entries were left out of the bundle: that takes the whole log, exported and verified.
- Chứng thư có bị thu hồi hay không: cổng không lưu trả lời về thu hồi. Hỏi tổ chức cấp chứng thư.
  Whether a certificate was revoked: the gateway holds no revocation answers. Ask the authority.
- Chữ ký riêng của bên gửi trong gói tin: cổng ghi nhận định của mình; kiểm tra lại: lienthong check, xmlsec1.
  The sender's own signature within a package: the gateway states its verdict; check it again yourself.
- Thời điểm khi không có dấu thời gian: là lời của cổng. Without a timestamp instants are the gateway's word.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPackage:
    """One package as the bundle has it.

    Shape: said is the statement that names its bytes first; seq its number; sent tells that the bytes are
    still kept; seal_at is where the seal stands in the bytes as they left, None when they left as they came.
    """

    id: PackageId
    seq: int
    said: Mapping[str, JSON]
    sent: bool
    seal_at: int | None


def folder_name(notation: str, number: int | None = None) -> str:
    """Name a document's folder after its number and notation; number tells those of a selection apart.

    Shape: letters, digits, point, hyphen and underscore of ASCII: ``000012-845-SGDDT-KHTC``.
    """
    letters = unicodedata.normalize("NFD", notation.replace("Đ", "D").replace("đ", "d"))
    safe = re.sub(r"[^A-Za-z0-9._]+", "-", "".join(c for c in letters if not unicodedata.combining(c)))
    name = safe.strip("-._")[:60] or "document"
    return f"documents/{name if number is None else f'{number:06d}-{name}'}"


def package_name(number: int, *, left: bool) -> str:
    """Name the bytes of a package within its document's folder."""
    return f"package-{number:02d}-as-{'left' if left else 'sent'}.edxml"


def certificate_name(role: str, certificate: x509.Certificate) -> str:
    """Name a certificate's file after its role and fingerprint."""
    return f"certificates/{role}-{fingerprint_of(certificate)[:16]}.pem"


def write_chain(chain: Iterable[x509.Certificate]) -> bytes:
    """Write certificates as PEM, the holder's own first."""
    return b"".join(each.public_bytes(Encoding.PEM) for each in chain)


def write_hashes(hashes: Iterable[bytes]) -> bytes:
    """Write a consistency proof: a base64 hash on each line."""
    return "".join(f"{b64(each)}\n" for each in hashes).encode()


def write_envelope(
    thread: Thread,
    recipients: Sequence[RecipientState],
    packages: Sequence[HeldPackage],
    entries: Sequence[Mapping[str, JSON]],
    *,
    names: Mapping[AgencyCode, str],
) -> bytes:
    """Write envelope.json: the document for readers and programs, each fact as signed where it was signed.

    Shape: names are what the directory calls agencies; entries have seq, event and at.
    """
    document = {
        "document_id": thread.document_id,
        "notation": thread.notation,
        "subject": thread.subject,
        "owner": thread.owner,
        "owner_name": names.get(thread.owner),
        "promulgated_on": None if thread.promulgated_on is None else thread.promulgated_on.isoformat(),
        "opened_at": _instant(thread.opened_at),
        "recalled_at": _instant(thread.recalled_at),
    }
    told = {
        "document": document,
        "recipients": [_recipient(state, names) for state in recipients],
        "packages": [_package(number, package) for number, package in enumerate(packages, 1)],
        "entries": list(entries),
    }
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _recipient(state: RecipientState, names: Mapping[AgencyCode, str]) -> dict[str, Any]:
    return {
        "code": state.code,
        "name": names.get(state.code),
        "status": state.status,
        "status_at": _instant(state.status_at),
        "recalled_at": _instant(state.recalled_at),
        "removed_at": _instant(state.removed_at),
    }


def _package(number: int, package: HeldPackage) -> dict[str, Any]:
    left = None
    if package.sent and package.seal_at is not None:
        left = {"file": package_name(number, left=True), "seal_at": package.seal_at}
    return {
        "package": package.id,
        "seq": package.seq,
        "said": {name: package.said[name] for name in SAID if name in package.said},
        "as_sent": package_name(number, left=False) if package.sent else None,
        "as_left": left,
    }


def write_readme(*, gateway: AgencyCode, at: datetime, script: Digest, file: str) -> bytes:
    """Write README.txt: how to verify, with our program and without."""
    return _README.format(gateway=gateway, at=_instant(at), script=script, file=file).encode()


def write_script(modules: Iterable[str]) -> bytes:
    """Put the verifier's modules one behind the other: verify.py.

    Shape: modules are their texts, in the order of `verifier.PARTS`.
    """
    texts = (_GATEWAY_IMPORT.sub("", text.replace(_FUTURE, "")).strip() for text in modules)
    return "\n\n\n".join([_SCRIPT_HEAD.rstrip(), *texts, ""]).rstrip("\n").encode() + b"\n"


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
