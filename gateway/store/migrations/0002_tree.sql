-- The log as a tree. Everything in tiles can be computed again from log.leaf; it is kept so that proofs are
-- quick, and so that no checkpoint is signed over a past that has changed. Level 0 has full tiles only: the
-- newest leaves are read from the log. Above, the last tile of a level grows.
CREATE TABLE tiles (
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    hashes BLOB NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, number),
    CHECK (level > 0 OR length(hashes) = 8192)
) STRICT;
CREATE TRIGGER tiles_only_grow_1 BEFORE UPDATE ON tiles
WHEN (NEW.level, NEW.number, substr(NEW.hashes, 1, length(OLD.hashes))) IS NOT (OLD.level, OLD.number, OLD.hashes)
BEGIN SELECT RAISE(ABORT, 'a tile only grows'); END;
CREATE TRIGGER tiles_only_grow_2 BEFORE DELETE ON tiles BEGIN SELECT RAISE(ABORT, 'a tile only grows'); END;

-- Every checkpoint we signed, as it was published; token is a timestamp over it, from an authority.
CREATE TABLE checkpoints (
    size       INTEGER PRIMARY KEY CHECK (size > 0),
    at         INTEGER NOT NULL,
    root       BLOB NOT NULL CHECK (length(root) = 32),
    note       BLOB NOT NULL,
    token      BLOB,
    stamped_at INTEGER,
    CHECK ((token IS NULL) = (stamped_at IS NULL))
) STRICT;
CREATE TRIGGER checkpoints_stay_1 BEFORE UPDATE ON checkpoints
WHEN (NEW.size, NEW.at, NEW.root, NEW.note) IS NOT (OLD.size, OLD.at, OLD.root, OLD.note) OR OLD.token IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a checkpoint stays'); END;
CREATE TRIGGER checkpoints_stay_2 BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'a checkpoint stays'); END;

-- What witnesses put under our checkpoints: one signature line each.
CREATE TABLE cosignatures (
    size    INTEGER NOT NULL REFERENCES checkpoints (size),
    witness TEXT NOT NULL,
    line    TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;

-- The newest checkpoint we saw of each other log. It only moves forward.
CREATE TABLE witnessed (
    origin  TEXT PRIMARY KEY,
    size    INTEGER NOT NULL,
    root    BLOB NOT NULL CHECK (length(root) = 32),
    note    BLOB NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER witnessed_moves_forward BEFORE UPDATE ON witnessed
WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root) OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'a log only grows'); END;

-- Logs that showed something else than what they had shown: both notes, the first time each way.
CREATE TABLE contradictions (
    origin    TEXT NOT NULL,
    seen_size INTEGER NOT NULL,
    verdict   TEXT NOT NULL CHECK (verdict IN ('fork', 'rollback')),
    seen      BLOB NOT NULL,
    shown     BLOB NOT NULL,
    shown_at  INTEGER NOT NULL,
    PRIMARY KEY (origin, seen_size, verdict)
) STRICT;
