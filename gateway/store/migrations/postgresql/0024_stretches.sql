-- programs since: 0021
-- As on SQLite (0024_stretches.sql). Entries that come together are all there when the last of a stretch is told of. The
-- sums keep the server from the index by instants, where it would go through all that are less. The trigger is made
-- first, and keeps writers waiting until the stretches that there are have been told of.

CREATE TABLE log_stretches (
    number      INTEGER PRIMARY KEY,
    earliest_at INTEGER NOT NULL,
    latest_at   INTEGER NOT NULL
);
CREATE FUNCTION stretch_ends() RETURNS TRIGGER LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO log_stretches
        SELECT NEW.seq / 1024 - 1, min(at + 0), max(at + 0) FROM log WHERE seq BETWEEN NEW.seq - 1023 AND NEW.seq
        ON CONFLICT (number) DO UPDATE SET earliest_at = excluded.earliest_at, latest_at = excluded.latest_at;
    RETURN NULL;
END $$;
CREATE TRIGGER stretch_ends AFTER INSERT ON log FOR EACH ROW WHEN (NEW.seq % 1024 = 0) EXECUTE FUNCTION stretch_ends();
INSERT INTO log_stretches
    SELECT (seq - 1) / 1024 AS number, min(at), max(at) FROM log GROUP BY number HAVING count(*) = 1024;
