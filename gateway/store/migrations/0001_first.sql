-- Instants are integers: microseconds since 1970-01-01 UTC. Lists are JSON arrays of strings.

CREATE TABLE agencies (
    code        TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    parent      TEXT,
    mail        TEXT,
    from_axis   INTEGER NOT NULL DEFAULT 0,
    closed_at   INTEGER,
    merged_into TEXT REFERENCES agencies (code)
) STRICT;

CREATE TABLE agency_aliases (
    alias TEXT PRIMARY KEY,
    code  TEXT NOT NULL REFERENCES agencies (code)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_by_code ON agency_aliases (code);

CREATE TABLE systems (
    id            TEXT PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('dms', 'gateway', 'axis')),
    policy        TEXT NOT NULL CHECK (policy IN ('require', 'warn', 'off')),
    sealed_secret BLOB NOT NULL,
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER
) STRICT;

-- An agency is served by one system at a time; a system serves many.
CREATE TABLE served_agencies (
    code      TEXT PRIMARY KEY,
    system_id TEXT NOT NULL REFERENCES systems (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX served_by_system ON served_agencies (system_id);

-- Counts every change of the four tables above, so that a running server notices an operator's act.
CREATE TABLE directory_version (version INTEGER NOT NULL) STRICT;
INSERT INTO directory_version VALUES (0);

-- Bytes of small packages; large ones are files named by their digest.
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    bytes  BLOB NOT NULL
) STRICT;

CREATE TABLE threads (
    id              TEXT PRIMARY KEY,
    owner           TEXT NOT NULL,
    document_id     TEXT NOT NULL,
    notation        TEXT NOT NULL,
    promulgated_on  TEXT,
    subject         TEXT NOT NULL,
    opened_at       INTEGER NOT NULL,
    recalled_at     INTEGER,
    superseded_by   TEXT REFERENCES threads (id),
    UNIQUE (owner, document_id)
) STRICT;
CREATE INDEX threads_by_document ON threads (document_id);
CREATE INDEX threads_by_notation ON threads (notation, owner);

CREATE TABLE recipients (
    thread_id      TEXT NOT NULL REFERENCES threads (id),
    code           TEXT NOT NULL,
    round_at       INTEGER NOT NULL,
    status         TEXT,
    status_at      INTEGER,
    pending_change TEXT CHECK (pending_change IN ('recall', 'update')),
    recalled_at    INTEGER,
    removed_at     INTEGER,
    PRIMARY KEY (thread_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE packages (
    id             TEXT PRIMARY KEY,
    direction      TEXT NOT NULL CHECK (direction IN ('outbound', 'inbound', 'own')),
    system_id      TEXT,
    submission     TEXT NOT NULL UNIQUE,
    kind           TEXT NOT NULL CHECK (kind IN ('document', 'status')),
    business       INTEGER,
    status         TEXT,
    digest         TEXT NOT NULL,
    size_bytes     INTEGER NOT NULL,
    seal_at        INTEGER,
    seal           BLOB,
    sealed_until   INTEGER,
    thread_id      TEXT REFERENCES threads (id),
    sender         TEXT NOT NULL,
    recipients     TEXT NOT NULL,
    document_id    TEXT,
    notation       TEXT,
    promulgated_on TEXT,
    subject        TEXT,
    priority       INTEGER NOT NULL,
    grade          TEXT NOT NULL,
    warnings       TEXT NOT NULL,
    accepted_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX packages_by_thread ON packages (thread_id);
CREATE INDEX packages_by_digest ON packages (digest);
CREATE INDEX packages_by_system ON packages (system_id, accepted_at);

-- What an axis calls the packages it delivered to us, and for whom. Met twice it is a repeated delivery;
-- without a package it was refused.
CREATE TABLE arrivals (
    axis_id    TEXT NOT NULL,
    far_id     TEXT NOT NULL,
    recipient  TEXT NOT NULL,
    package_id TEXT REFERENCES packages (id),
    PRIMARY KEY (axis_id, far_id, recipient)
) STRICT, WITHOUT ROWID;

CREATE TABLE dispatches (
    id            TEXT PRIMARY KEY,
    package_id    TEXT NOT NULL REFERENCES packages (id),
    thread_id     TEXT,
    destination   TEXT NOT NULL CHECK (destination IN ('mailbox', 'axis')),
    mailbox       TEXT,
    recipients    TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'delivered', 'refused', 'expired')),
    attempt_count INTEGER NOT NULL DEFAULT 0,
    unknown       INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    lease_until   INTEGER,
    expires_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    far_id        TEXT,
    last_fault    TEXT,
    CHECK ((destination = 'mailbox') = (mailbox IS NOT NULL))
) STRICT;
CREATE INDEX dispatches_due ON dispatches (priority DESC, due_at) WHERE destination = 'axis' AND state = 'waiting';
CREATE INDEX dispatches_expiring ON dispatches (expires_at) WHERE destination = 'axis' AND state = 'waiting';
CREATE INDEX dispatches_by_far_id ON dispatches (far_id) WHERE far_id IS NOT NULL;
CREATE INDEX dispatches_leased ON dispatches (lease_until) WHERE destination = 'axis' AND state = 'claimed';
CREATE INDEX dispatches_open_by_thread ON dispatches (thread_id)
    WHERE destination = 'axis' AND state IN ('waiting', 'claimed');
CREATE INDEX dispatches_in_mailbox ON dispatches (mailbox, priority DESC, id)
    WHERE destination = 'mailbox' AND state IN ('waiting', 'claimed');
CREATE INDEX dispatches_by_package ON dispatches (package_id);

CREATE TABLE answers (
    id          INTEGER PRIMARY KEY,
    thread_id   TEXT REFERENCES threads (id),
    package_id  TEXT NOT NULL REFERENCES packages (id),
    recipient   TEXT NOT NULL,
    document_id TEXT,
    notation    TEXT,
    status      TEXT NOT NULL,
    description TEXT,
    said_at     INTEGER,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX answers_by_thread ON answers (thread_id, recipient);
CREATE INDEX answers_unmatched ON answers (recorded_at) WHERE thread_id IS NULL;

CREATE TABLE log (
    seq         INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    statement   BLOB NOT NULL,
    receipt     BLOB,
    leaf        BLOB NOT NULL CHECK (length(leaf) = 32),
    package_id  TEXT,
    dispatch_id TEXT,
    thread_id   TEXT,
    system_id   TEXT
) STRICT;
CREATE INDEX log_by_package ON log (package_id) WHERE package_id IS NOT NULL;
CREATE INDEX log_by_thread ON log (thread_id) WHERE thread_id IS NOT NULL;
CREATE TRIGGER log_is_append_only_1 BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_is_append_only_2 BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
