"""Walks through a whole log from its first entry and says whether it is what was signed.

Nothing that was computed before is believed: every leaf is hashed again from the entry, every root from
the leaves, at flat memory, in one pass. What is walked through is a stream of entries in their order with
each checkpoint right behind the last entry it covers; where it comes from, a database or a file that an
auditor was given, is the caller's choice (`read_export` reads the file).
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Any, NamedTuple, TypeAlias

from cryptography import x509

from gateway.errors import Fault, Refusal
from gateway.evidence.checkpoint import read_checkpoint
from gateway.evidence.merkle import Frontier, hash_leaf
from gateway.evidence.note import read_note, verify_note
from gateway.model.formats import counted

FAULTS_TOLD = 100

# The one form of `receipts.write_receipt`, its statement at the end.
_RECEIPT = re.compile(
    rb'\{"algorithm":"([A-Z0-9-]+)","certificate_sha256":"([0-9a-f]{64})","form":"lienthong-receipt-1",'
    rb'"signature":"([A-Za-z0-9+/]+={0,2})","statement":(".*")\}',
    re.DOTALL,
)
# What `write_entry_line` writes. Taken apart so, a receipt need not be read and written again; that it is one
# is for `content_of` to say, and for the text behind it no other reading is possible.
_ENTRY_LINE = re.compile(rb'\{"receipt":(null|\{.*\}),"seq":(\d{1,18}),"statement":(".*")\}\n?', re.DOTALL)
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Entry(NamedTuple):
    """One entry as it was found.

    Shape: content is what `receipts.write_entry` gives, or None when what was found can be no entry; leaf
    is the hash that was kept beside it, when there was one; mislabelled says that the columns it is found
    by, which stand in no hash, say something else than its statement.
    """

    seq: int
    content: bytes | None
    leaf: bytes | None = None
    mislabelled: bool = False


class Expected(NamedTuple):
    """A root that somebody computed before, signed by nobody: that of the tree we keep."""

    size: int
    root: bytes


Item: TypeAlias = Entry | bytes | Expected
"""An entry; a checkpoint's note as it was published; an expected root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a walk through a log found.

    Shape: size and root are of all entries; vouched is the size of the newest checkpoint that is signed
    and agrees: behind it nobody has signed yet. faults holds the first `FAULTS_TOLD` of faults_count.
    """

    size: int
    root: bytes
    vouched: int
    checkpoints_count: int
    faults: tuple[Fault, ...]
    faults_count: int


def content_of(statement: bytes, receipt: bytes | None) -> bytes | None:
    """Put an entry together from what the log keeps: `receipts.write_entry` of the statement and receipt.

    Shape: receipt is what `receipts.write_receipt` gave; None comes back when the two are no entry.
    """
    if b"\n" in statement:
        return None
    if receipt is None:
        return statement + b"\n\n"
    # Reading the receipt and writing it again costs six times as much, and there are millions. It has only
    # one form, so it is enough that it looks like one and that the statement in it is this one.
    found = _RECEIPT.fullmatch(receipt)
    if found is None or found[4] != encode_basestring(statement.decode(errors="replace")).encode():
        return None
    return b"%b\n%b %b %b\n" % (statement, found[1], found[2], found[3])


def interleave(items: Iterable[Item], marks: Iterable[tuple[int, bytes | Expected]]) -> Iterator[Item]:
    """Put checkpoints and expected roots where they belong: right behind the entry they end with.

    Shape: marks are (size, what), the smaller size first.
    """
    waiting = iter(marks)
    mark = next(waiting, None)
    for item in items:
        while mark is not None and isinstance(item, Entry) and mark[0] < item.seq:
            yield mark[1]
            mark = next(waiting, None)
        yield item
    while mark is not None:
        yield mark[1]
        mark = next(waiting, None)


def read_export(lines: Iterable[bytes]) -> Iterator[Item]:
    """Read a log from a file that an auditor was given, line by line.

    Shape: one JSON object a line; an entry has ``seq``, ``statement`` (the text that was signed) and
    ``receipt`` (an object, or null); a checkpoint has ``checkpoint`` (the note's text) and stands right
    behind the last entry it covers. Other members are passed over, and so are empty lines.
    Errors: Refusal at a line that is neither.
    """
    for number, line in enumerate(lines, start=1):
        try:
            own = _ENTRY_LINE.fullmatch(line)
            if own is not None:
                yield _entry(int(own[2]), json.loads(own[3]), own[1])
            elif line.strip():
                yield _read_line(json.loads(line))
        except _MALFORMED as error:
            raise _export_malformed(number) from error


def read_stamps(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Read the timestamped checkpoints of such a file: each note, and the token over it.

    Errors: Refusal at a line that is malformed.
    """
    for number, line in enumerate(lines, start=1):
        if b'"token"' not in line:
            continue
        try:
            fields = json.loads(line)
            if "checkpoint" in fields and fields.get("token") is not None:
                yield fields["checkpoint"].encode(), base64.b64decode(fields["token"], validate=True)
        except _MALFORMED as error:
            raise _export_malformed(number) from error


def write_entry_line(seq: int, statement: bytes, receipt: bytes | None) -> bytes:
    """Write an entry as `read_export` reads it. A receipt is JSON on one line already."""
    said = _JSON.encode(statement.decode(errors="replace")).encode()
    return b'{"receipt":%b,"seq":%d,"statement":%b}\n' % (receipt or b"null", seq, said)


def write_checkpoint_line(note: bytes, cosignatures: Sequence[str], token: bytes | None) -> bytes:
    """Write a checkpoint as `read_export` reads it.

    Shape: the note is as first published, which is what the token is over.
    """
    fields = {
        "checkpoint": note.decode(errors="replace"),
        "cosignatures": list(cosignatures),
        "token": None if token is None else base64.b64encode(token).decode(),
    }
    return _JSON.encode(fields).encode() + b"\n"


_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


def _export_malformed(number: int) -> Refusal:
    return Refusal.because(
        "export-malformed",
        where=f"dòng {number} · line {number}",
        vi="không phải mục nhật ký hay điểm chốt",
        en="neither a log entry nor a checkpoint",
    )


def _read_line(fields: Any) -> Item:
    if "checkpoint" in fields:
        return bytes(fields["checkpoint"].encode())
    receipt = fields["receipt"]
    # Written anew in its one form: members in order, no white space.
    form = b"null" if receipt is None else _JSON.encode(receipt).encode()
    return _entry(int(fields["seq"]), fields["statement"], form)


def _entry(seq: int, statement: str, receipt: bytes) -> Entry:
    return Entry(seq, content_of(statement.encode(), None if receipt == b"null" else receipt))


def replay(
    items: Iterable[Item],
    *,
    origin: str,
    certificates: Sequence[x509.Certificate],
    before: Frontier | None = None,
) -> Replayed:
    """Walk through a log and compare it with everything that was signed about it.

    Shape: certificates are those the log has ever signed with; one of them must have signed each
    checkpoint. The receipts within the entries are covered by the checkpoints and not verified one by one.
    Of a part of a log before is the tree it goes on from; the first checkpoint vouches for both.
    """
    tree = Frontier() if before is None else before
    walk = _Walk(origin=origin, certificates=certificates, tree=tree, seq=tree.size, vouched=tree.size)
    for item in items:
        if isinstance(item, Entry):
            walk.take_entry(item)
        elif isinstance(item, Expected):
            walk.take_expected(item)
        else:
            walk.take_note(item)
    return Replayed(
        size=walk.tree.size,
        root=walk.tree.root(),
        vouched=walk.vouched,
        checkpoints_count=walk.checkpoints_count,
        faults=tuple(walk.faults),
        faults_count=walk.faults_count,
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Where a walk has come to, and what it found on the way."""

    origin: str
    certificates: Sequence[x509.Certificate]
    tree: Frontier = field(default_factory=Frontier)
    seq: int = 0
    vouched: int = 0
    checkpoints_count: int = 0
    faults: list[Fault] = field(default_factory=list)
    faults_count: int = 0
    _diverged: bool = False

    def take_entry(self, entry: Entry) -> None:
        """Add an entry to the tree."""
        if entry.seq != self.seq + 1:
            self._note_gap(entry.seq)
        self.seq = entry.seq
        leaf = None if entry.content is None else hash_leaf(entry.content)
        if leaf is None or entry.leaf not in (None, leaf):
            self._tell(
                "entry-altered",
                f"mục {entry.seq} · entry {entry.seq}",
                vi="nội dung mục không khớp với lá băm đã lưu, hoặc không còn đúng dạng",
                en="the entry is not what its leaf was hashed from, or no entry any more",
            )
        if entry.mislabelled:
            self._tell(
                "entry-mislabelled",
                f"mục {entry.seq} · entry {entry.seq}",
                vi="cột dùng để tra cứu không đúng với lời xác nhận",
                en="the columns it is found by say something else than its statement",
            )
        # With the leaf that was kept, when there is one: so that this entry is named, and others, too.
        self.tree.append(entry.leaf or leaf or bytes(32))

    def take_note(self, raw: bytes) -> None:
        """Compare the tree as it is here with a checkpoint."""
        self.checkpoints_count += 1
        where = f"điểm chốt · checkpoint {self.checkpoints_count}"
        try:
            note = read_note(raw)
            checkpoint = read_checkpoint(note)
        except Refusal as refusal:
            self._add(
                *(Fault(rule=fault.rule, where=where, vi=fault.vi, en=fault.en) for fault in refusal.faults)
            )
            return
        where = f"điểm chốt · checkpoint {checkpoint.size}"
        signed = any(verify_note(note, self.origin, certificate) for certificate in self.certificates)
        if checkpoint.origin != self.origin or not signed:
            self._tell(
                "checkpoint-unsigned",
                where,
                vi=f"không mang chữ ký của nhật ký {self.origin} bằng chứng thư đã cho",
                en=f"not signed by the log {self.origin} with a certificate that was given",
            )
        elif self._is(checkpoint.size, checkpoint.root):
            self.vouched = checkpoint.size
        elif not self._diverged:
            # Once two roots differ all later ones do: the first says where to look.
            self._diverged = True
            self._tell(
                "log-altered",
                where,
                vi=f"nhật ký có {self.tree.size} mục đến đây và một gốc khác: sau mục {self.vouched} có mục"
                " đã bị sửa, xóa, thêm hoặc đổi chỗ",
                en=f"the log has {counted(self.tree.size, 'entry')} up to here and another root: behind entry"
                f" {self.vouched} some were changed, removed, added or moved",
            )

    def take_expected(self, expected: Expected) -> None:
        """Compare the tree as it is here with a root that was computed before."""
        if not self._is(expected.size, expected.root):
            self._tell(
                "tree-altered",
                f"cây · tree {expected.size}",
                vi="cây băm đã lưu không phải là cây của nhật ký này",
                en="the tree that is kept is not the tree of this log",
            )

    def _is(self, size: int, root: bytes) -> bool:
        return self.tree.size == size and self.tree.root() == root

    def _note_gap(self, seq: int) -> None:
        self._tell(
            "log-gap",
            f"mục {seq} · entry {seq}",
            vi=f"đứng ngay sau mục {self.seq}: số thứ tự phải liên tục",
            en=f"comes right behind entry {self.seq}: entries are numbered without gaps",
        )

    def _tell(self, rule: str, where: str, *, vi: str, en: str) -> None:
        self._add(Fault(rule=rule, where=where, vi=vi, en=en))

    def _add(self, *faults: Fault) -> None:
        self.faults_count += len(faults)
        self.faults += faults[: FAULTS_TOLD - len(self.faults)]
