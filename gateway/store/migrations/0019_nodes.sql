-- The processes that serve this database. Each counts its beats; who is gone is taken off by whoever notices.
CREATE TABLE nodes (
    name       TEXT PRIMARY KEY,
    host       TEXT NOT NULL,
    pid        INTEGER NOT NULL,
    address    TEXT NOT NULL,
    version    TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    beat_count INTEGER NOT NULL
) STRICT;

-- What one node at a time does for all of them. A term is one node's time on a duty; it is never used again.
-- done_at: when it last did what others tell of, such as asking the axis.
CREATE TABLE duties (
    name    TEXT PRIMARY KEY,
    node    TEXT NOT NULL,
    term    TEXT NOT NULL,
    done_at INTEGER
) STRICT;

-- Who carries a dispatch to the axis out. A claim whose node is not among the nodes is nobody's.
ALTER TABLE dispatches ADD COLUMN claimed_by TEXT;

-- How many requests of a caller all nodes let in together, since there is a limit.
CREATE TABLE admissions (
    caller TEXT PRIMARY KEY,
    count  INTEGER NOT NULL
) STRICT;

-- Who failed to sign in lately, and how long he waits. Only so many are remembered.
CREATE TABLE sign_in_failures (
    what       TEXT NOT NULL,
    who        TEXT NOT NULL,
    count      REAL NOT NULL,
    counted_at INTEGER NOT NULL,
    pause      INTEGER NOT NULL,
    PRIMARY KEY (what, who)
) STRICT;
CREATE INDEX sign_in_failures_by_age ON sign_in_failures (counted_at);
