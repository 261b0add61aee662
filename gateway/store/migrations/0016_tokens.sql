-- Programs that read figures or give work. Only SHA-256 of a token is kept: who reads this table can be nobody
-- by it. agencies is NULL for every agency of the node; last_used_on is a day in Vietnam, so that calls do not
-- write each.
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE,
    hash         BLOB NOT NULL CHECK (length(hash) = 32),
    agencies     TEXT,
    may_write    INTEGER NOT NULL CHECK (may_write IN (0, 1)),
    created_at   INTEGER NOT NULL,
    last_used_on TEXT,
    disabled_at  INTEGER
) STRICT;

-- Lists of what is owed go by the day it is due, what has none last.
CREATE INDEX obligations_listed ON obligations (coalesce(due_on, '9999'), id);
CREATE INDEX obligations_open_listed ON obligations (coalesce(due_on, '9999'), id) WHERE standing = 'open';
