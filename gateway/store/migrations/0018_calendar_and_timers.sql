-- On some Saturdays there is work until noon.
CREATE TABLE days (
    day  TEXT PRIMARY KEY CHECK (length(day) = 10),
    kind TEXT NOT NULL CHECK (kind IN ('off', 'worked', 'half')),
    name TEXT NOT NULL
) STRICT;
INSERT INTO days SELECT day, kind, name FROM calendar_days;
DROP TABLE calendar_days;
ALTER TABLE days RENAME TO calendar_days;

-- What the timers T2, T3, T5 and T7 look at (store/late.py).
CREATE INDEX dispatches_urgent ON dispatches (created_at) WHERE priority > 0;
CREATE INDEX dispatches_handed_over ON dispatches (ended_at) WHERE destination = 'axis' AND state = 'delivered';
CREATE INDEX recipients_asked_back ON recipients (thread_id) WHERE pending_change = 'recall';
