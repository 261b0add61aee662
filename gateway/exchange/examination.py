"""Examines a data directory: does what was done agree with what is on record, and with what is on disk?

Reads only, and may run beside a serving process. What it finds are values; what each means stands in
meanings.py, and cli/doctor.py shows them.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from gateway.deadlines.announced import wanted_year
from gateway.errors import Delay, Misconfiguration, Refusal
from gateway.evidence.merkle import hash_leaf
from gateway.evidence.receipts import Receipt, read_receipt, verify_receipt, write_entry
from gateway.exchange.meanings import MEANINGS, Meaning, Severity
from gateway.model.formats import local_day
from gateway.model.identifiers import Digest
from gateway.model.log import SIGNED_KINDS
from gateway.store.calendar import days_of_year
from gateway.store.consistency import bytes_wrong, disagreements, log_rows
from gateway.store.database import engine_of, from_micros, looking
from gateway.store.shelf import Shelf, Stray
from gateway.store.tables import Row, Source, Tables
from gateway.trust.keys import fingerprint_of
from gateway.trust.secrets import open_for

_EXAMPLES = 10
# Younger than this, a file may belong to a walk that is just being recorded.
_YOUNG = timedelta(minutes=15)
_SEAL_ENDS_SOON = timedelta(days=30)
_CLOCK_OFF = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One kind of disagreement: how often it was met, and where first."""

    code: str
    count: int
    examples: tuple[str, ...]

    @property
    def meaning(self) -> Meaning:
        """Say what it means and what to do."""
        return MEANINGS[self.code]

    @property
    def is_error(self) -> bool:
        """Tell whether something is wrong."""
        return self.meaning.severity is Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What is examined: the files of one data directory, and the certificates it seals under.

    Shape: secret_files are those nobody else may read; the next year's calendar is wanted within a time
    before it begins.
    """

    source: Source
    shelves: tuple[Shelf, ...]
    spool_folder: Path
    certificates: tuple[x509.Certificate, ...]
    secret_files: tuple[Path, ...]
    secrets_key: bytes
    calendar_missing_within: timedelta


@dataclass(slots=True)
class _Notes:
    """Gathers findings, keeping the first examples of each."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def note(self, code: str, where: str) -> None:
        self.counts[code] = self.counts.get(code, 0) + 1
        first = self.examples.setdefault(code, [])
        if len(first) < _EXAMPLES:
            first.append(where)

    def note_all(self, found: Iterable[tuple[str, str]]) -> None:
        for code, where in found:
            self.note(code, where)

    def findings(self) -> list[Finding]:
        """Give them in the order of the list, errors first."""
        codes = sorted(self.counts, key=lambda code: (MEANINGS[code].severity, list(MEANINGS).index(code)))
        return [
            Finding(code=code, count=self.counts[code], examples=tuple(self.examples[code])) for code in codes
        ]


def examine(house: House, *, at: datetime, thorough: bool = True) -> list[Finding]:
    """Examine a data directory, served or not. Blocks: to be run in a thread where there is a loop.

    Shape: thorough recomputes every leaf and verifies every signature and digest; else only what is
    there is counted.
    """
    notes = _Notes()
    with looking(house.source) as connection:
        notes.note_all(disagreements(connection, engine_of(house.source).dialect))
        if "schema-unknown" not in notes.counts:
            if thorough:
                notes.note_all(_judge_log(log_rows(connection), house))
            try:
                notes.note_all(bytes_wrong(connection, house.shelves, thorough=thorough))
                notes.note_all(("file-astray", stray.name) for stray in _strays(connection, house, at))
            except Delay as delay:
                notes.note("shelf-unreachable", str(delay))
            notes.note_all(_judge_secrets(connection, house.secrets_key))
            notes.note_all(_judge_calendar(connection, house.calendar_missing_within, at))
            notes.note_all(_judge_clock(connection.execute("SELECT max(at) FROM log").fetchone()[0], at))
    notes.note_all(("spool-left", path.name) for path in _old(_files_below(house.spool_folder), at))
    notes.note_all(
        ("file-exposed", path.name) for path in house.secret_files if path.is_file() and _is_exposed(path)
    )
    notes.note_all(_judge_seal(house.certificates[0], at))
    return notes.findings()


def _is_exposed(path: Path) -> bool:
    """Tell whether others may read a file. A group may be how we ourselves read what is not ours."""
    stands = path.stat()
    return bool(stands.st_mode & (0o077 if stands.st_uid == os.geteuid() else 0o007))


def mend(house: House, *, at: datetime) -> list[str]:
    """Remove the files and objects that are nobody's; only while no server runs. Return what was removed."""
    with looking(house.source) as connection:
        astray = list(_strays(connection, house, at))
    for stray in astray:
        stray.remove()
    return [stray.name for stray in astray]


def _strays(connection: Tables, house: House, at: datetime) -> Iterator[Stray]:
    for shelf in house.shelves:
        yield from shelf.strays(connection, before=at - _YOUNG)


def _judge_log(rows: Iterable[Row], house: House) -> Iterator[tuple[str, str]]:
    certificates = {fingerprint_of(certificate): certificate for certificate in house.certificates}
    signed = {kind.value for kind in SIGNED_KINDS}
    for row in rows:
        seq, statement = str(row["seq"]), row["statement"]
        try:
            receipt = None if row["receipt"] is None else read_receipt(row["receipt"])
            is_its_leaf = hash_leaf(write_entry(statement, receipt)) == row["leaf"]
        except (Refusal, ValueError):  # no receipt at all, or one of another statement
            yield "receipt-wrong", seq
            continue
        if not is_its_leaf:
            yield "leaf-wrong", seq
        if receipt is not None:
            yield from _judge_receipt(receipt, certificates, seq)
        elif row["kind"] in signed:
            yield "receipt-missing", seq


def _judge_receipt(
    receipt: Receipt, certificates: Mapping[Digest, x509.Certificate], seq: str
) -> Iterator[tuple[str, str]]:
    certificate = certificates.get(receipt.certificate_sha256)
    if certificate is None:
        yield "receipt-of-another-seal", seq
    elif not verify_receipt(receipt, certificate):
        yield "receipt-wrong", seq


def _judge_secrets(connection: Tables, key: bytes) -> Iterator[tuple[str, str]]:
    for owner, sealed in connection.execute(
        "SELECT id, sealed_secret FROM systems UNION ALL"
        " SELECT 'user ' || id, sealed_seed FROM users WHERE sealed_seed IS NOT NULL"
    ).fetchall():
        try:
            open_for(owner, sealed, key=key)
        except Misconfiguration:
            yield "secret-unopened", owner


def _judge_clock(newest: int | None, at: datetime) -> Iterator[tuple[str, str]]:
    if newest is not None and from_micros(newest) > at + _CLOCK_OFF:
        yield "clock-behind", from_micros(newest).isoformat()


def _judge_calendar(connection: Tables, within: timedelta, at: datetime) -> Iterator[tuple[str, str]]:
    today = local_day(at)
    coming = {today.year + 1: days_of_year(connection, today.year + 1)}
    if (year := wanted_year(coming, today, within)) is not None:
        yield "calendar-missing", str(year)


def _judge_seal(certificate: x509.Certificate, at: datetime) -> Iterator[tuple[str, str]]:
    until = certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= at <= until:
        yield "seal-invalid-now", until.isoformat()
    elif until - at < _SEAL_ENDS_SOON:
        yield "seal-ends-soon", until.isoformat()


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _old(paths: Iterable[Path], at: datetime) -> Iterator[Path]:
    """Leave out the young files, and those that a running server has removed meanwhile."""
    newest = (at - _YOUNG).timestamp()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < newest:
                yield path
