-- What agencies owe by a day. Every change is a step beside it and an entry of the log; the row is what the
-- steps add up to. Days are Vietnam's, as text.
CREATE TABLE obligations (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('task', 'dossier', 'petition', 'field-report')),
    agency       TEXT NOT NULL,
    reference    TEXT NOT NULL,
    called       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    assigned_by  TEXT,
    assigned_at  INTEGER NOT NULL,
    assigned_on  TEXT NOT NULL,
    due_on       TEXT,
    first_due_on TEXT,
    standing     TEXT NOT NULL CHECK (standing IN ('open', 'done', 'passed-on', 'guided', 'cancelled')),
    ended_at     INTEGER,
    ended_on     TEXT,
    thread_id    TEXT REFERENCES threads (id),
    code         TEXT NOT NULL DEFAULT '',
    moved_at     INTEGER NOT NULL,
    CHECK ((standing = 'open') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_on IS NULL))
) STRICT;
CREATE UNIQUE INDEX obligations_by_thread ON obligations (thread_id, agency, kind, code)
    WHERE thread_id IS NOT NULL;
-- What no document imposed is known by what people call it.
CREATE UNIQUE INDEX obligations_by_hand ON obligations (kind, agency, called) WHERE thread_id IS NULL;
CREATE INDEX obligations_by_name ON obligations (called);
-- All that figures are made of, so that they are read without the rows.
CREATE INDEX obligations_counted ON obligations
    (kind, standing, agency, assigned_on, due_on, ended_on, moved_at);
CREATE INDEX obligations_due ON obligations (due_on, id) WHERE standing = 'open';
CREATE INDEX obligations_moved ON obligations (moved_at);
CREATE INDEX obligations_of_agency ON obligations (agency, kind, id);

CREATE TABLE obligation_steps (
    id            INTEGER PRIMARY KEY,
    obligation_id TEXT NOT NULL REFERENCES obligations (id),
    act           TEXT NOT NULL CHECK (act IN ('open', 'extend', 'finish', 'pass-on', 'guide', 'reopen', 'cancel')),
    at            INTEGER NOT NULL,
    due_on        TEXT,
    reason        TEXT,
    package_id    TEXT REFERENCES packages (id),
    done_by       TEXT
) STRICT;
CREATE INDEX steps_by_obligation ON obligation_steps (obligation_id, id);

-- The register of documents (sổ văn bản đi, đến): one row for each document that an agency sent, and one for
-- each that came to an agency with a mailbox here; after it was declined and came again, another.
CREATE TABLE register (
    id               INTEGER PRIMARY KEY,
    agency           TEXT NOT NULL,
    side             TEXT NOT NULL CHECK (side IN ('in', 'out')),
    thread_id        TEXT NOT NULL REFERENCES threads (id),
    package_id       TEXT NOT NULL REFERENCES packages (id),
    at               INTEGER NOT NULL,
    day              TEXT NOT NULL,
    type             TEXT NOT NULL,
    is_legal         INTEGER NOT NULL,
    deliveries_count INTEGER NOT NULL,
    in_time          INTEGER,
    answered_at      INTEGER,
    declined_at      INTEGER
) STRICT;
CREATE INDEX register_by_day ON register (agency, side, day, id);
CREATE INDEX register_of_all_by_day ON register (side, day);
CREATE INDEX register_by_thread ON register (thread_id, side, agency, id);

-- The register by the day. documents are those that were not declined; judged are those of which is known
-- whether they were sent, or answered for, in time.
CREATE TABLE register_figures (
    agency     TEXT NOT NULL,
    side       TEXT NOT NULL,
    day        TEXT NOT NULL,
    type       TEXT NOT NULL,
    is_legal   INTEGER NOT NULL,
    documents  INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    declined   INTEGER NOT NULL,
    in_time    INTEGER NOT NULL,
    judged     INTEGER NOT NULL,
    PRIMARY KEY (agency, side, day, type, is_legal)
) STRICT, WITHOUT ROWID;
CREATE INDEX register_figures_by_day ON register_figures (day);

CREATE TRIGGER figures_of_new_row AFTER INSERT ON register BEGIN
    INSERT INTO register_figures VALUES
        (NEW.agency, NEW.side, NEW.day, NEW.type, NEW.is_legal, NEW.declined_at IS NULL, NEW.deliveries_count,
         NEW.declined_at IS NOT NULL, coalesce(NEW.in_time, 0), NEW.in_time IS NOT NULL)
        ON CONFLICT DO UPDATE SET documents = documents + excluded.documents,
            deliveries = deliveries + excluded.deliveries, declined = declined + excluded.declined,
            in_time = register_figures.in_time + excluded.in_time, judged = judged + excluded.judged;
END;
CREATE TRIGGER figures_of_changed_row
AFTER UPDATE OF deliveries_count, in_time, declined_at ON register BEGIN
    UPDATE register_figures SET
        documents = documents + (NEW.declined_at IS NULL) - (OLD.declined_at IS NULL),
        deliveries = deliveries + NEW.deliveries_count - OLD.deliveries_count,
        declined = declined + (NEW.declined_at IS NOT NULL) - (OLD.declined_at IS NOT NULL),
        in_time = in_time + coalesce(NEW.in_time, 0) - coalesce(OLD.in_time, 0),
        judged = judged + (NEW.in_time IS NOT NULL) - (OLD.in_time IS NOT NULL)
        WHERE agency = NEW.agency AND side = NEW.side AND day = NEW.day AND type = NEW.type
            AND is_legal = NEW.is_legal;
END;

-- What came and went before there was a register.
INSERT INTO register (agency, side, thread_id, package_id, at, day, type, is_legal, deliveries_count)
    SELECT threads.owner, 'out', first.thread_id, first.id, first.accepted_at, first.promulgated_on,
        coalesce(documents.type, ''), 0, json_array_length(first.recipients)
    FROM packages AS first JOIN threads ON threads.id = first.thread_id
    LEFT JOIN documents ON documents.thread_id = first.thread_id
    WHERE first.rowid IN (SELECT min(rowid) FROM packages WHERE direction = 'outbound' AND kind = 'document'
        AND business <> 1 AND thread_id IS NOT NULL GROUP BY thread_id);
INSERT INTO register (agency, side, thread_id, package_id, at, day, type, is_legal, deliveries_count)
    SELECT coalesce(agency_aliases.code, dispatches.mailbox), 'in', packages.thread_id, packages.id,
        dispatches.created_at, date(dispatches.created_at / 1000000 + 25200, 'unixepoch'),
        coalesce(documents.type, ''), 0, 1
    FROM dispatches JOIN packages ON packages.id = dispatches.package_id
    LEFT JOIN documents ON documents.thread_id = packages.thread_id
    LEFT JOIN agency_aliases ON agency_aliases.alias = dispatches.mailbox
    WHERE dispatches.rowid IN (SELECT min(dispatches.rowid) FROM dispatches JOIN packages
        ON packages.id = dispatches.package_id WHERE destination = 'mailbox' AND packages.kind = 'document'
        AND business <> 1 AND packages.thread_id IS NOT NULL GROUP BY packages.thread_id, mailbox);
