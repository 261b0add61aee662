-- Words are looked for in blocks of documents: of each word one row per block, with a bit for each document
-- (store/blocks.py). The index of SQLite's own (0010) went through lists as long as there are documents, and no other
-- engine has it.

DROP TRIGGER words_come;
DROP TRIGGER words_go;
DROP TRIGGER words_change;
DROP TABLE word_index;

-- What is loose is in no block yet, and is looked at row by row. turn counts its changes.
CREATE TABLE loose_documents (
    id   INTEGER PRIMARY KEY,
    turn INTEGER NOT NULL
) STRICT;
INSERT INTO loose_documents SELECT id, 0 FROM documents;

-- A block that is not complete is being written, and not asked. gone are the bits of documents that changed since and
-- are loose again, turn counts how often, stood how often standings were noted. ids are eight bytes each, ascending: a document's place there is its bit.
CREATE TABLE blocks (
    id          INTEGER PRIMARY KEY,
    is_complete INTEGER NOT NULL,
    turn        INTEGER NOT NULL,
    stood       INTEGER NOT NULL,
    first_id    INTEGER NOT NULL,
    last_id     INTEGER NOT NULL,
    gone        BLOB NOT NULL,
    ids         BLOB NOT NULL
) STRICT;
CREATE TABLE block_words (
    block INTEGER NOT NULL,
    word  TEXT NOT NULL,
    bits  BLOB NOT NULL,
    PRIMARY KEY (block, word)
) STRICT, WITHOUT ROWID;

-- Where a document is: its block times 16,384 and its bit there, in one number.
CREATE TABLE gathered_documents (
    id   INTEGER PRIMARY KEY,
    spot INTEGER NOT NULL UNIQUE
) STRICT;

-- Of these the block does not yet know how they stand with their recipients now.
CREATE TABLE restood_documents (id INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER document_stands_anew AFTER UPDATE ON recipients
    WHEN NEW.document IS NOT NULL AND (NEW.standing <> OLD.standing OR NEW.due_on IS NOT OLD.due_on) BEGIN
    INSERT INTO restood_documents VALUES (NEW.document) ON CONFLICT (id) DO NOTHING;
END;
