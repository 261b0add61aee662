-- Retention: whose content goes when, what is held, what was archived.

-- From kept_since on, the shortest time that any content of its kind is kept runs; when it has run out, the
-- package is looked at. NULL: nobody needs to look. What a look found out is written down here.
ALTER TABLE packages ADD COLUMN kept_since INTEGER;
-- The content is no longer kept for this package. The row, its digest and its entries stay.
ALTER TABLE packages ADD COLUMN erased_at INTEGER;
-- The content came back from an archive.
ALTER TABLE packages ADD COLUMN returned_at INTEGER;
-- The content lies in an archive, too.
ALTER TABLE packages ADD COLUMN archived_at INTEGER;
UPDATE packages SET kept_since = accepted_at;
CREATE INDEX packages_kept ON packages (kind, kept_since) WHERE kept_since IS NOT NULL;

-- What is on its way about a document: as little as there is, whatever there was.
CREATE INDEX dispatches_open_by_thread ON dispatches (thread_id) WHERE ended_at IS NULL;

-- Files of erased content that still stand: written with the erasure, taken out once the file is gone for good.
CREATE TABLE files_to_remove (digest TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- The rules under which kept_since was written; once they change, or a hold of an agency ends, every package
-- is to be looked at again, by its rowid from revising_from on. steady_since is when these rules came, or the
-- clock last leapt; seen_at is what it told last.
CREATE TABLE retention (
    rules         TEXT NOT NULL,
    revising_from INTEGER,
    steady_since  INTEGER NOT NULL,
    seen_at       INTEGER NOT NULL
) STRICT;
INSERT INTO retention VALUES ('', NULL, 0, 0);

-- Legal holds (tạm giữ): what must not be erased, whatever the rules say. Never deleted, only released.
CREATE TABLE holds (
    id             INTEGER PRIMARY KEY,
    thread_id      TEXT REFERENCES threads (id),
    agency         TEXT,
    reason         TEXT NOT NULL CHECK (reason <> ''),
    placed_at      INTEGER NOT NULL,
    placed_by      TEXT NOT NULL,
    released_at    INTEGER,
    released_by    TEXT,
    release_reason TEXT,
    CHECK ((thread_id IS NULL) <> (agency IS NULL)),
    CHECK ((released_at IS NULL) = (released_by IS NULL)),
    CHECK ((released_at IS NULL) = (release_reason IS NULL))
) STRICT;
CREATE INDEX holds_in_force ON holds (thread_id) WHERE released_at IS NULL;

-- Archives that were made: which entries of the log each holds, with the packages they tell of.
CREATE TABLE archives (
    sha256        TEXT PRIMARY KEY,
    made_at       INTEGER NOT NULL,
    first_seq     INTEGER NOT NULL,
    last_seq      INTEGER NOT NULL,
    package_count INTEGER NOT NULL,
    CHECK (first_seq <= last_seq + 1)
) STRICT;
