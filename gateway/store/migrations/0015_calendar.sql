-- The working calendar as somebody imported it, whole years; of every other year the one that is shipped counts.
CREATE TABLE calendar_days (
    day  TEXT PRIMARY KEY CHECK (day GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
    kind TEXT NOT NULL CHECK (kind IN ('off', 'worked')),
    name TEXT NOT NULL
) STRICT;
