-- What operators were alerted to; of one rule and subject at most one is open.
CREATE TABLE alerts (
    id         INTEGER PRIMARY KEY,
    rule       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    vi         TEXT NOT NULL,
    en         TEXT NOT NULL,
    raised_at  INTEGER NOT NULL,
    told_at    INTEGER,
    cleared_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (rule, subject) WHERE cleared_at IS NULL;

-- Failures are few: what failed lately is found without reading the log.
CREATE INDEX log_failures ON log (at) WHERE kind IN ('turned-away', 'expired');
