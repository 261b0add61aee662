-- What a document is found by, and what is shown of it without opening its packages. All of it can be made
-- anew from the packages; it is kept in the transaction of each change.

-- id grows with the instant of acceptance (milliseconds × 256, then the next that is free), so that the newest
-- come first in every index and a time is a range of ids. notation is as its sender wrote it, number its digits.
CREATE TABLE documents (
    id               INTEGER PRIMARY KEY,
    thread_id        TEXT NOT NULL UNIQUE REFERENCES threads (id),
    package_id       TEXT NOT NULL REFERENCES packages (id),
    owner            TEXT NOT NULL,
    notation         TEXT NOT NULL,
    number           INTEGER NOT NULL,
    subject          TEXT NOT NULL,
    promulgated_on   TEXT NOT NULL,
    type             TEXT NOT NULL,
    urgency          INTEGER NOT NULL,
    business         INTEGER NOT NULL,
    grade            TEXT NOT NULL,
    due_on           TEXT,
    direction        TEXT NOT NULL,
    attachment_count INTEGER NOT NULL,
    accepted_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_by_number ON documents (number, id DESC);

-- The same in words without accents (model/text.py). marks are words that no text has: who sees it, from whom,
-- for whom, of which kind, when; a filter is one more word to look for.
CREATE TABLE document_words (
    id      INTEGER PRIMARY KEY REFERENCES documents (id),
    number  TEXT NOT NULL,
    subject TEXT NOT NULL,
    rest    TEXT NOT NULL,
    marks   TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE word_index USING fts5 (
    number, subject, rest, marks,
    content = 'document_words', content_rowid = 'id', tokenize = "ascii tokenchars '_'"
);
CREATE TRIGGER words_come AFTER INSERT ON document_words BEGIN
    INSERT INTO word_index (rowid, number, subject, rest, marks)
        VALUES (NEW.id, NEW.number, NEW.subject, NEW.rest, NEW.marks);
END;
CREATE TRIGGER words_go AFTER DELETE ON document_words BEGIN
    INSERT INTO word_index (word_index, rowid, number, subject, rest, marks)
        VALUES ('delete', OLD.id, OLD.number, OLD.subject, OLD.rest, OLD.marks);
END;
CREATE TRIGGER words_change AFTER UPDATE ON document_words BEGIN
    INSERT INTO word_index (word_index, rowid, number, subject, rest, marks)
        VALUES ('delete', OLD.id, OLD.number, OLD.subject, OLD.rest, OLD.marks);
    INSERT INTO word_index (rowid, number, subject, rest, marks)
        VALUES (NEW.id, NEW.number, NEW.subject, NEW.rest, NEW.marks);
END;

-- What a package's header says beyond its row in packages.
CREATE TABLE particulars (
    package_id      TEXT PRIMARY KEY REFERENCES packages (id),
    type            TEXT NOT NULL,
    signer_name     TEXT,
    signer_position TEXT,
    place           TEXT,
    due_on          TEXT,
    steering        INTEGER,
    page_count      INTEGER,
    replies_to      TEXT,
    reason          TEXT
) STRICT, WITHOUT ROWID;

-- The files of a package, where they stand in it: what edxml/attachments.py needs to take one out.
CREATE TABLE attachments (
    package_id    TEXT NOT NULL REFERENCES packages (id),
    place         INTEGER NOT NULL,
    content_id    TEXT NOT NULL,
    name          TEXT,
    declared_type TEXT,
    description   TEXT,
    start_at      INTEGER NOT NULL,
    end_at        INTEGER NOT NULL,
    decoded_bytes INTEGER NOT NULL,
    digest        TEXT NOT NULL,
    PRIMARY KEY (package_id, place)
) STRICT, WITHOUT ROWID;

-- Where a document stands with a recipient, in one word. model/question.py names the words.
ALTER TABLE recipients ADD COLUMN document INTEGER REFERENCES documents (id);
ALTER TABLE recipients ADD COLUMN due_on TEXT;
ALTER TABLE recipients ADD COLUMN delivery TEXT;
ALTER TABLE recipients ADD COLUMN standing TEXT GENERATED ALWAYS AS (CASE
    WHEN pending_change = 'recall' OR recalled_at IS NOT NULL OR removed_at IS NOT NULL THEN 'recalled'
    WHEN status = '02' THEN 'declined'
    WHEN status = '06' THEN 'done'
    WHEN status IN ('03', '04', '05') THEN 'working'
    WHEN delivery IN ('refused', 'expired') THEN 'failed'
    WHEN delivery IN ('waiting', 'claimed') THEN 'waiting'
    WHEN delivery = 'delivered' OR status IS NOT NULL THEN 'delivered'
    ELSE 'waiting' END) VIRTUAL;
CREATE INDEX recipients_by_standing ON recipients (standing, document);
CREATE INDEX recipients_with_due_date ON recipients (due_on, document)
    WHERE due_on IS NOT NULL AND standing IN ('waiting', 'delivered', 'working');

-- A dispatch names its recipients as the package does, a thread as the directory does.
CREATE TRIGGER delivery_begins AFTER INSERT ON dispatches
    WHEN NEW.kind = 'document' AND NEW.thread_id IS NOT NULL BEGIN
    UPDATE recipients SET delivery = NEW.state WHERE thread_id = NEW.thread_id AND code IN (
        SELECT value FROM json_each(NEW.recipients)
        UNION SELECT agency_aliases.code FROM json_each(NEW.recipients) JOIN agency_aliases ON alias = value
        UNION SELECT '000.00.00.' || value FROM json_each(NEW.recipients)
        UNION SELECT substr(value, 11) FROM json_each(NEW.recipients) WHERE value LIKE '000.00.00.%');
END;
CREATE TRIGGER delivery_goes_on AFTER UPDATE OF state ON dispatches
    WHEN NEW.kind = 'document' AND NEW.thread_id IS NOT NULL BEGIN
    UPDATE recipients SET delivery = NEW.state WHERE thread_id = NEW.thread_id AND code IN (
        SELECT value FROM json_each(NEW.recipients)
        UNION SELECT agency_aliases.code FROM json_each(NEW.recipients) JOIN agency_aliases ON alias = value
        UNION SELECT '000.00.00.' || value FROM json_each(NEW.recipients)
        UNION SELECT substr(value, 11) FROM json_each(NEW.recipients) WHERE value LIKE '000.00.00.%');
END;

CREATE INDEX threads_superseded ON threads (superseded_by) WHERE superseded_by IS NOT NULL;

-- Threads from before this migration wait below this mark, and are taken up from the newest to the oldest.
CREATE TABLE unindexed (below TEXT NOT NULL) STRICT;
INSERT INTO unindexed SELECT max(id) || '~' FROM threads HAVING max(id) IS NOT NULL;

CREATE TABLE saved_searches (
    user_id  TEXT NOT NULL,
    name     TEXT NOT NULL,
    query    TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;
