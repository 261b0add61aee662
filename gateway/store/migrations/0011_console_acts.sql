-- What people do in the console: send again, cancel, ask again, write and answer for an agency without a DMS.

-- A dispatch that ended never moves again. Sent again is another one, at most one behind each.
ALTER TABLE dispatches ADD COLUMN follows TEXT REFERENCES dispatches (id);
CREATE UNIQUE INDEX dispatches_by_followed ON dispatches (follows) WHERE follows IS NOT NULL;
-- What somebody has looked at and left as it is.
ALTER TABLE dispatches ADD COLUMN dismissed_at INTEGER;
CREATE INDEX dispatches_failed ON dispatches (ended_at) WHERE state IN ('refused', 'expired') AND dismissed_at IS NULL;
CREATE INDEX recipients_declining ON recipients (status_at) WHERE status = '02';

-- Why the axis was told fail; empty for what was refused before this was kept.
ALTER TABLE arrivals ADD COLUMN refused_at INTEGER;
ALTER TABLE arrivals ADD COLUMN sender TEXT;
ALTER TABLE arrivals ADD COLUMN code TEXT;
ALTER TABLE arrivals ADD COLUMN fault TEXT;
CREATE INDEX arrivals_refused ON arrivals (refused_at) WHERE package_id IS NULL AND refused_at IS NOT NULL;

-- A DMS that is no other program: the people of its agencies work in the console.
ALTER TABLE systems ADD COLUMN at_console INTEGER NOT NULL DEFAULT 0
    CHECK (at_console = 0 OR (at_console = 1 AND kind = 'dms'));

-- Documents being written. letter is what was filled in, as JSON. sending_at is set once, before the package is
-- made: the same draft makes the same bytes, however often it is sent. package_id says that it was.
CREATE TABLE drafts (
    id         TEXT PRIMARY KEY,
    agency     TEXT NOT NULL,
    written_by TEXT NOT NULL,
    letter     TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    sending_at INTEGER,
    package_id TEXT REFERENCES packages (id)
) STRICT;
CREATE INDEX drafts_by_agency ON drafts (agency, changed_at);
CREATE TABLE draft_files (
    id         TEXT PRIMARY KEY,
    draft_id   TEXT NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    size_bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX draft_files_by_draft ON draft_files (draft_id, id);
