-- On some Saturdays there is work until noon.
CREATE TABLE days (
    day  TEXT PRIMARY KEY CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    kind TEXT NOT NULL CHECK (kind IN ('off', 'worked', 'half')),
    name TEXT NOT NULL
) STRICT;
INSERT INTO days SELECT day, kind, name FROM calendar_days;
DROP TABLE calendar_days;
ALTER TABLE days RENAME TO calendar_days;
