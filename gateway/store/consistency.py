"""What must agree in a data directory, as questions whose every answer is a disagreement.

Asked over a connection of its own that can only read, in one transaction: a running server commits
meanwhile, and nothing it does between two questions looks like a disagreement. To be run in a thread.
exchange/examination.py says what each answer means.
"""

import hashlib
from collections.abc import Iterator, Sequence

from gateway.store.bits import BLOCK_SIZE
from gateway.store.schema import may_serve, newest_version, version_of
from gateway.store.shelf import Found, Shelf, find_kept
from gateway.store.tables import Dialect, Row, Tables

_ENDED = "('delivered', 'refused', 'expired')"
_ENDINGS = "('delivered', 'confirmed', 'turned-away', 'expired')"


def _said(member: str) -> str:
    """Write where a member of an entry's statement is."""
    return f"CAST(statement AS TEXT) ->> '{member}'"


# Each with which one of its obligation it is, so that two alike are told apart.
_STEPS = (
    "(SELECT obligation_id AS obligation, row_number() OVER (PARTITION BY obligation_id ORDER BY id) || act"
    " AS act, due_on AS due FROM obligation_steps) AS steps"
)
_STEPS_ON_RECORD = (
    f"(SELECT {_said('obligation')} AS obligation, row_number() OVER (PARTITION BY"
    f" {_said('obligation')} ORDER BY seq) || ({_said('act')}) AS act,"
    f" {_said('due_on')} AS due FROM log WHERE kind = 'obliged') AS recorded"
)

# code: the question. Its first column names what disagrees. A plus before an entry's kind: it is looked for
# by its package, since of one kind there are millions, which SQLite does not know.
RELATIONS: dict[str, str] = {
    "entry-missing": "SELECT seq - 1 FROM (SELECT seq, lag(seq, 1, CAST(0 AS BIGINT)) OVER (ORDER BY seq)"
    " AS before FROM log) AS entries"
    " WHERE seq <> before + 1",
    "entry-mislabelled": "SELECT seq FROM log WHERE json_valid(CAST(statement AS TEXT)) = 0 OR"
    " (kind, package_id, dispatch_id, system_id) IS DISTINCT FROM"
    f" ({_said('event')}, {_said('package')}, {_said('dispatch')}, {_said('system')})",
    "stretch-wrong": "WITH spanned AS (SELECT (seq - 1) / 1024 AS number, min(at), max(at) FROM log"
    " GROUP BY 1 HAVING count(*) = 1024)"
    " SELECT number FROM (SELECT * FROM spanned EXCEPT SELECT * FROM log_stretches) AS untold"
    " UNION SELECT number FROM (SELECT * FROM log_stretches EXCEPT SELECT * FROM spanned) AS unfounded",
    "package-unrecorded": "SELECT id FROM packages WHERE (direction <> 'own' OR kind = 'document')"
    " AND (SELECT count(*) FROM log WHERE log.package_id = packages.id AND +kind = 'accepted') <> 1",
    "own-word-unrecorded": "SELECT id FROM packages WHERE direction = 'own' AND kind = 'status'"
    " AND (SELECT count(*) FROM log WHERE log.package_id = packages.id AND +kind = 'answered') <> 1",
    "record-without-package": "SELECT seq FROM log WHERE kind = 'accepted' AND NOT EXISTS"
    " (SELECT 1 FROM packages WHERE packages.id = log.package_id)",
    "package-differs": "SELECT packages.id FROM packages JOIN log ON log.package_id = packages.id"
    " AND log.kind = 'accepted' WHERE (digest, CAST(size_bytes AS TEXT), direction, packages.system_id,"
    " packages.kind, sender, replace(recipients, ', ', ','), document_id, status, grade, accepted_at,"
    " packages.thread_id) IS DISTINCT FROM"
    f" ({_said('sha256')}, CAST({_said('bytes')} AS TEXT), {_said('direction')}, {_said('system')},"
    f" {_said('carries')}, {_said('sender')}, {_said('recipients')}, {_said('document')},"
    f" {_said('status')}, {_said('signature')}, log.at, log.thread_id)",
    "end-unrecorded": f"SELECT id FROM dispatches WHERE state IN {_ENDED} AND (SELECT count(*) FROM log"
    f" WHERE log.package_id = dispatches.package_id AND dispatch_id = id AND +log.kind IN {_ENDINGS}) <> 1",
    "record-without-end": f"SELECT seq FROM log WHERE kind IN {_ENDINGS} AND (SELECT state FROM dispatches"
    f" WHERE id = log.dispatch_id) IS DISTINCT FROM CASE kind WHEN 'confirmed' THEN 'delivered'"
    " WHEN 'turned-away' THEN 'refused' ELSE kind END",
    "collection-unrecorded": "SELECT id FROM dispatches WHERE destination = 'mailbox' AND state = 'claimed'"
    " AND NOT EXISTS (SELECT 1 FROM log WHERE log.package_id = dispatches.package_id AND dispatch_id = id"
    " AND +log.kind = 'collected')",
    "record-without-collection": "SELECT seq FROM log WHERE kind = 'collected' AND (SELECT state FROM"
    " dispatches"
    " WHERE id = log.dispatch_id) = 'waiting'",
    "answer-unrecorded": "SELECT answers.id FROM answers WHERE NOT EXISTS (SELECT 1 FROM log WHERE"
    " log.package_id = answers.package_id AND kind IN ('answered', 'unmatched')"
    f" AND (answers.status, recorded_at) = ({_said('status')}, +log.at))",
    "recall-unrecorded": "SELECT id FROM threads WHERE recalled_at IS NOT NULL AND NOT EXISTS (SELECT"
    " 1 FROM log"
    " WHERE log.thread_id = threads.id AND kind IN ('amended', 'answered'))",
    "status-unfounded": "SELECT thread_id || ' ' || code FROM recipients WHERE status IS NOT NULL AND"
    " NOT EXISTS"
    " (SELECT 1 FROM answers WHERE answers.thread_id = recipients.thread_id AND answers.status ="
    " recipients.status)",
    "dispatch-contradicts-itself": f"SELECT id FROM dispatches WHERE (state IN {_ENDED}) <> (ended_at"
    " IS NOT NULL)"
    " OR (destination = 'axis' AND (state = 'claimed') <> (lease_until IS NOT NULL))"
    " OR (destination = 'axis' AND state = 'delivered' AND far_id IS NULL)",
    # What is kept, less what is counted, is nothing; a row that is missing is found like one that is wrong.
    "queue-miscounted": "SELECT queue FROM (SELECT destination || ' ' || mailbox || ' ' || kind AS queue,"
    " open_count AS open, ended_count AS ended FROM queues UNION ALL"
    " SELECT destination || ' ' || coalesce(mailbox, '') || ' ' || kind, count(ended_at) - count(*),"
    " -count(ended_at) FROM dispatches GROUP BY destination, mailbox, kind) AS compared"
    " GROUP BY queue HAVING sum(open) <> 0 OR sum(ended) <> 0",
    "agency-served-unknown": "SELECT code FROM served_agencies WHERE code NOT IN (SELECT code FROM agencies)",
    "erasure-unrecorded": "SELECT id FROM packages WHERE erased_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM"
    " log WHERE log.package_id = packages.id AND +kind = 'erased')",
    "record-without-erasure": "SELECT seq FROM log WHERE kind = 'erased' AND NOT EXISTS (SELECT 1 FROM"
    " packages WHERE packages.id = log.package_id AND coalesce(erased_at, returned_at) IS NOT NULL)",
    "hold-ignored": "SELECT packages.id FROM holds JOIN packages USING (thread_id)"
    " WHERE erased_at >= placed_at AND erased_at < coalesce(released_at, erased_at + 1)",
    "obligation-contradicts-steps": "SELECT id FROM obligations AS kept WHERE NOT EXISTS (SELECT 1 FROM"
    " (SELECT CASE act WHEN 'finish' THEN 'done' WHEN 'pass-on' THEN 'passed-on' WHEN 'guide' THEN"
    " 'guided' WHEN 'cancel' THEN 'cancelled' ELSE 'open' END AS standing, (SELECT due_on FROM"
    " obligation_steps WHERE obligation_id = kept.id AND due_on IS NOT NULL ORDER BY id DESC LIMIT 1)"
    " AS due_on, at, CASE WHEN act NOT IN ('open', 'extend', 'reopen') THEN at END AS ended_at"
    " FROM obligation_steps WHERE obligation_id = kept.id ORDER BY id DESC LIMIT 1) AS last"
    " WHERE (last.standing, last.due_on, last.at, last.ended_at)"
    " IS NOT DISTINCT FROM (kept.standing, kept.due_on, kept.moved_at, kept.ended_at))",
    "step-unrecorded": f"SELECT obligation FROM (SELECT obligation, act, due FROM {_STEPS}"
    f" EXCEPT SELECT obligation, act, due FROM {_STEPS_ON_RECORD}) AS left_over",
    "record-without-step": f"SELECT obligation FROM (SELECT obligation, act, due FROM {_STEPS_ON_RECORD}"
    f" EXCEPT SELECT obligation, act, due FROM {_STEPS}) AS left_over",
    "register-miscounted": "SELECT figure FROM (SELECT agency || ' ' || side || ' ' || day || ' ' || type AS"
    " figure, is_legal, documents, deliveries, declined, in_time, judged FROM register_figures UNION ALL"
    " SELECT agency || ' ' || side || ' ' || day || ' ' || type, is_legal, count(declined_at) - count(*),"
    " -coalesce(sum(deliveries_count), 0), -count(declined_at), -coalesce(sum(in_time), 0), -count(in_time)"
    " FROM register GROUP BY agency, side, day, type, is_legal) AS compared GROUP BY figure, is_legal HAVING"
    " (sum(documents), sum(deliveries), sum(declined), sum(in_time), sum(judged)) <> (0, 0, 0, 0, 0)",
    "document-unregistered": "SELECT thread_id FROM packages WHERE direction = 'outbound'"
    " AND kind = 'document' AND business IN (0, 3) AND thread_id IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM register WHERE register.thread_id = packages.thread_id AND side = 'out')",
    # Each document is looked at itself, or is in one block that is asked.
    "document-not-findable": "SELECT documents.thread_id FROM documents"
    " LEFT JOIN loose_documents AS loose ON loose.id = documents.id"
    " LEFT JOIN gathered_documents AS gathered ON gathered.id = documents.id"
    f" LEFT JOIN blocks ON blocks.id = gathered.spot / {BLOCK_SIZE} AND is_complete = 1"
    " WHERE (loose.id IS NULL) = (gathered.id IS NULL) OR (gathered.id IS NULL) <> (blocks.id IS NULL)",
    "bytes-unused": "SELECT digest FROM (SELECT digest FROM blobs UNION ALL SELECT digest FROM objects WHERE"
    " standing = 'kept' AND digest NOT IN (SELECT digest FROM files_to_remove)) AS held"
    " WHERE digest NOT IN (SELECT digest FROM packages WHERE erased_at IS NULL)",
}

# What each engine can be asked of itself. PostgreSQL looks after its references alone, and its pages are for
# pg_amcheck.
_OWN: dict[Dialect, dict[str, str]] = {
    Dialect.SQLITE: {
        "database-damaged": "SELECT integrity_check FROM pragma_integrity_check"
        " WHERE integrity_check <> 'ok'",
        "reference-broken": "SELECT \"table\" || ' ' || rowid FROM pragma_foreign_key_check",
        "log-unguarded": "SELECT column1 FROM (VALUES ('log_is_append_only_1'), ('log_is_append_only_2'))"
        " WHERE column1 NOT IN (SELECT name FROM sqlite_schema WHERE type = 'trigger')",
    },
    Dialect.POSTGRESQL: {
        "reference-broken": "SELECT CAST(conname AS TEXT) FROM pg_constraint WHERE NOT convalidated UNION ALL"
        " SELECT 'receipts ' || seq FROM receipts"
        " WHERE NOT EXISTS (SELECT 1 FROM log WHERE log.seq = receipts.seq)",
        "log-unguarded": "SELECT CAST(relid AS TEXT) || ' ' || named FROM pg_partition_tree('log'),"
        " (VALUES ('log_is_append_only_1'), ('log_is_append_only_2'), ('log_is_append_only_3'))"
        " AS guards (named) WHERE NOT EXISTS (SELECT 1 FROM pg_trigger"
        " WHERE tgrelid = relid AND tgname = named AND tgenabled IN ('O', 'A'))",
    },
}


def disagreements(connection: Tables, dialect: Dialect) -> Iterator[tuple[str, str]]:
    """Ask every question; give each disagreement by its code and what disagrees."""
    version = version_of(connection, dialect)
    if version < newest_version() or not may_serve(connection, version):
        yield "schema-unknown", str(version)
        return
    for code, question in (_OWN[dialect] | RELATIONS).items():
        yield from ((code, str(row[0])) for row in connection.execute(question))


def log_rows(connection: Tables) -> Iterator[Row]:
    """Read the whole log, in order."""
    return iter(connection.execute("SELECT seq, kind, at, statement, receipt, leaf FROM log ORDER BY seq"))


def bytes_wrong(connection: Tables, shelves: Sequence[Shelf], *, thorough: bool) -> Iterator[tuple[str, str]]:
    """Find the packages whose bytes are missing or are not those of their digest."""
    question = (
        "SELECT DISTINCT packages.digest, size_bytes, bytes FROM packages"
        " LEFT JOIN blobs ON blobs.digest = packages.digest WHERE erased_at IS NULL"
    )
    for digest, size_bytes, content in connection.execute(question):
        found = find_kept(shelves, connection, digest, content)
        if found is None:
            yield "bytes-missing", digest
        elif found.size_bytes != size_bytes or (thorough and _digest_of(found) != digest):
            yield "bytes-damaged", digest


def _digest_of(found: Found) -> str:
    with found.open() as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
