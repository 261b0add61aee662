-- What a restore leaves to be found out: what the axis knows of us that the backup did not.
CREATE TABLE restorations (
    restored_at INTEGER PRIMARY KEY,
    backup_at   INTEGER NOT NULL,
    settled_at  INTEGER
) STRICT;

-- What the axis says we sent and this database does not know; matched when a dispatch was found to be it.
CREATE TABLE found_sendings (
    far_id      TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    sender      TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('document', 'status')),
    notation    TEXT NOT NULL,
    sent_at     INTEGER NOT NULL,
    dispatch_id TEXT,
    PRIMARY KEY (far_id, recipient)
) STRICT, WITHOUT ROWID;
CREATE INDEX found_sendings_by_notation ON found_sendings (notation, sender);

-- A restored gateway asks for everything of a time, confirmed or not.
CREATE INDEX dispatches_by_time ON dispatches (mailbox, created_at) WHERE destination = 'mailbox';
