-- The newest checkpoint with a timestamp, and those without one: found without reading all that have one.
CREATE INDEX checkpoints_stamped ON checkpoints (size) WHERE token IS NOT NULL;
CREATE INDEX checkpoints_unstamped ON checkpoints (size) WHERE token IS NULL;

-- A contradiction rings until somebody has looked at it and let us begin again with that log (settled_at);
-- after that the same may happen once more.
ALTER TABLE contradictions RENAME TO former_contradictions;
CREATE TABLE contradictions (
    id         INTEGER PRIMARY KEY,
    origin     TEXT NOT NULL,
    seen_size  INTEGER NOT NULL,
    verdict    TEXT NOT NULL CHECK (verdict IN ('fork', 'rollback')),
    seen       BLOB NOT NULL,
    shown      BLOB NOT NULL,
    shown_at   INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
INSERT INTO contradictions (origin, seen_size, verdict, seen, shown, shown_at)
    SELECT * FROM former_contradictions;
DROP TABLE former_contradictions;
CREATE UNIQUE INDEX contradictions_open ON contradictions (origin, seen_size, verdict)
    WHERE settled_at IS NULL;
