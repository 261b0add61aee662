"""Packages to send: written by our own writer, each with a number of its own, sealed where wanted."""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path

from gateway.edxml.reader import read_package
from gateway.edxml.writer import File, write_document
from gateway.model.identifiers import DocumentId
from gateway.model.package import DocumentCode, DocumentType, Envelope, Organization
from gateway.sandbox.agencies import Member
from gateway.trust.issuing import Issued, issue_seal
from gateway.trust.keys import Algorithm, Seal, load_seal
from gateway.trust.xml_signing import sign_package

_NUMBERS = count(1_000_000)
_SUBJECT = "Về việc báo cáo kết quả tiêm chủng mở rộng"


def seal_for(member: Member, authority: Path, *, key: str) -> Seal:
    """Issue a seal for an agency by the development authority of a node."""
    authority_key, certificate = authority / "authority.key", authority / "authority.pem"
    issued = issue_seal(
        Issued(key_pem=authority_key.read_bytes(), chain_pem=certificate.read_bytes()),
        holder=member.code,
        name=member.name,
        at=datetime.now(UTC),
        algorithm=Algorithm.RSA_SHA256 if key == "rsa" else Algorithm.ECDSA_SHA256,
    )
    return load_seal(issued.key_pem, issued.chain_pem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package about to be sent. number is in its document's code, and nobody else's."""

    number: str
    content: bytes


@dataclass(slots=True, kw_only=True)
class Stock:
    """Writes packages of one size from one agency to another."""

    sender: Member
    recipient: Member
    size_bytes: int
    seal: Seal | None = None

    def make(self, packages_count: int) -> list[Package]:
        """Make some packages; no two of one run are about the same document."""
        room_bytes = self.size_bytes - len(self._write(str(next(_NUMBERS)), b""))
        attachment = hashlib.shake_256(b"benchmark").digest(max(1, room_bytes * 3 // 4))
        numbers = [str(next(_NUMBERS)) for _ in range(packages_count)]
        return [Package(number=number, content=self._write(number, attachment)) for number in numbers]

    def _write(self, number: str, attachment: bytes) -> bytes:
        content = write_package(self.sender, self.recipient, number, attachment)
        return content if self.seal is None else _sealed(content, self.seal)


def write_package(sender: Member, recipient: Member, number: str, attachment: bytes) -> bytes:
    """Write one package with one file, not sealed."""
    at = datetime.now(UTC)
    code = DocumentCode(number=number, notation=f"{sender.initials}-VP")
    envelope = Envelope(
        sender=_organization(sender),
        recipients=(_organization(recipient),),
        document_id=DocumentId(f"{sender.code},2026/01/05,{code}"),
        code=code,
        promulgated_on=datetime(2026, 1, 5, tzinfo=UTC).date(),
        place=sender.place,
        subject=_SUBJECT,
        content=_SUBJECT,
        document_type=DocumentType(name="Công văn"),
    )
    file = File(name="Công văn.pdf", open=partial(io.BytesIO, attachment))
    return b"".join(write_document(envelope, [file], at=at))


def _sealed(content: bytes, seal: Seal) -> bytes:
    source = io.BytesIO(content)
    read = read_package(source)
    at, signature = read.outline.seal_at, sign_package(read.outline, read.element, source, seal)
    return content[:at] + signature + content[at:]


def _organization(member: Member) -> Organization:
    return Organization(code=member.code, name=member.name, in_charge=member.superior, address=member.place)
