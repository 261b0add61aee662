-- What agencies were reminded of. A digest is all that one agency was told on one working day, noted with the
-- document that says it, when there is one. mail: whether a mail goes out, too, and what became of it.
CREATE TABLE reminder_digests (
    id         INTEGER PRIMARY KEY,
    agency     TEXT NOT NULL,
    day        TEXT NOT NULL,
    at         INTEGER NOT NULL,
    package_id TEXT REFERENCES packages (id),
    mail       TEXT NOT NULL CHECK (mail IN ('none', 'waiting', 'sent', 'refused')),
    UNIQUE (agency, day)
) STRICT;
CREATE INDEX digests_to_mail ON reminder_digests (agency) WHERE mail = 'waiting';

-- A stage is a number of working days after the due day. For each due day it is told once.
CREATE TABLE reminders (
    obligation_id TEXT NOT NULL REFERENCES obligations (id),
    audience      TEXT NOT NULL CHECK (audience IN ('owing', 'assigning')),
    due_on        TEXT NOT NULL,
    stage         INTEGER NOT NULL,
    digest_id     INTEGER NOT NULL REFERENCES reminder_digests (id),
    PRIMARY KEY (obligation_id, audience, due_on, stage)
) STRICT, WITHOUT ROWID;
CREATE INDEX reminders_by_digest ON reminders (digest_id);

-- The working day whose reminders are all out.
CREATE TABLE reminded_day (day TEXT NOT NULL) STRICT;
INSERT INTO reminded_day VALUES ('');

CREATE INDEX obligations_owed ON obligations (agency, due_on, id) WHERE standing = 'open';
CREATE INDEX obligations_given ON obligations (assigned_by, due_on, id) WHERE standing = 'open';

-- Reports that went out by themselves: once to each addressee, of a span that ended on last_day. agency '' is all.
CREATE TABLE report_sendings (
    id         INTEGER PRIMARY KEY,
    span       TEXT NOT NULL,
    agency     TEXT NOT NULL,
    last_day   TEXT NOT NULL,
    addressee  TEXT NOT NULL,
    at         INTEGER NOT NULL,
    package_id TEXT REFERENCES packages (id),
    refused    INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1)),
    UNIQUE (span, agency, last_day, addressee)
) STRICT;

-- How far each webhook was told what happened: the last entry of the log.
CREATE TABLE webhook_positions (
    url   TEXT NOT NULL,
    event TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (url, event)
) STRICT, WITHOUT ROWID;
