-- programs since: 0021
-- Between which instants each 1,024 entries of the log lie: where a period lies in the log is read off here, whatever
-- a clock that was set back did. The last of them tells for all, so that the others cost an acceptance nothing.

CREATE TABLE log_stretches (
    number      INTEGER PRIMARY KEY,
    earliest_at INTEGER NOT NULL,
    latest_at   INTEGER NOT NULL
) STRICT;
INSERT INTO log_stretches
    SELECT (seq - 1) / 1024 AS number, min(at), max(at) FROM log GROUP BY number HAVING count(*) = 1024;
CREATE TRIGGER stretch_ends AFTER INSERT ON log WHEN NEW.seq % 1024 = 0 BEGIN
    INSERT INTO log_stretches
        SELECT NEW.seq / 1024 - 1, min(at), max(at) FROM log WHERE seq BETWEEN NEW.seq - 1023 AND NEW.seq
        ON CONFLICT (number) DO UPDATE SET earliest_at = excluded.earliest_at, latest_at = excluded.latest_at;
END;
