-- Long queues: what a dispatch is found by stands in its own row, so that no question about a queue takes
-- longer because the queue is longer.

-- Both are its package's, and never change.
ALTER TABLE dispatches ADD COLUMN kind TEXT NOT NULL DEFAULT 'document' CHECK (kind IN ('document', 'status'));
ALTER TABLE dispatches ADD COLUMN sender TEXT NOT NULL DEFAULT '';
-- Nothing of its sender goes before it in its thread. Of those behind it none is even looked at.
ALTER TABLE dispatches ADD COLUMN is_next INTEGER NOT NULL DEFAULT 1 CHECK (is_next IN (0, 1));

UPDATE dispatches SET kind = packages.kind, sender = packages.sender
    FROM packages WHERE packages.id = dispatches.package_id;

DROP INDEX dispatches_open_by_thread;
CREATE INDEX dispatches_in_line ON dispatches (thread_id, sender, package_id)
    WHERE destination = 'axis' AND state IN ('waiting', 'claimed');
UPDATE dispatches SET is_next = 0
    WHERE destination = 'axis' AND state IN ('waiting', 'claimed') AND EXISTS (
        SELECT 1 FROM dispatches AS earlier
        WHERE earlier.destination = 'axis' AND earlier.state IN ('waiting', 'claimed')
        AND earlier.thread_id = dispatches.thread_id AND earlier.sender = dispatches.sender
        AND earlier.package_id < dispatches.package_id);

DROP INDEX dispatches_due;
CREATE INDEX dispatches_due ON dispatches (priority, sender, due_at, id)
    WHERE destination = 'axis' AND state = 'waiting' AND is_next = 1;
CREATE INDEX dispatches_unanswered ON dispatches (due_at)
    WHERE destination = 'axis' AND state = 'waiting' AND unknown = 1;

-- Downwards 'waiting' comes before 'claimed': first what was not yet collected. What has not ended is one or
-- the other, and said this way the index is in the order of the list.
DROP INDEX dispatches_in_mailbox;
CREATE INDEX dispatches_in_mailbox ON dispatches (mailbox, kind, state DESC, priority DESC, id)
    WHERE destination = 'mailbox' AND ended_at IS NULL;

-- Who was served last of each priority: behind him it goes on.
CREATE TABLE turns (
    priority INTEGER PRIMARY KEY,
    sender   TEXT NOT NULL
) STRICT;

-- How much is on its way and how much was before, counted with every change and by the same transaction;
-- mailbox is '' for the axis.
CREATE TABLE queues (
    destination TEXT NOT NULL,
    mailbox     TEXT NOT NULL,
    kind        TEXT NOT NULL,
    open_count  INTEGER NOT NULL CHECK (open_count >= 0),
    ended_count INTEGER NOT NULL,
    PRIMARY KEY (destination, mailbox, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO queues SELECT destination, coalesce(mailbox, ''), kind, count(*) - count(ended_at), count(ended_at)
    FROM dispatches GROUP BY 1, 2, 3;
CREATE TRIGGER queue_grows AFTER INSERT ON dispatches WHEN NEW.state IN ('waiting', 'claimed') BEGIN
    INSERT INTO queues VALUES (NEW.destination, coalesce(NEW.mailbox, ''), NEW.kind, 1, 0)
        ON CONFLICT DO UPDATE SET open_count = open_count + 1;
END;
CREATE TRIGGER queue_shrinks AFTER UPDATE OF state ON dispatches
    WHEN OLD.state IN ('waiting', 'claimed') AND NEW.state NOT IN ('waiting', 'claimed') BEGIN
    UPDATE queues SET open_count = open_count - 1, ended_count = ended_count + 1
        WHERE destination = NEW.destination AND mailbox = coalesce(NEW.mailbox, '') AND kind = NEW.kind;
END;

CREATE INDEX packages_by_system_and_kind ON packages (system_id, kind, accepted_at);

-- A new document looks for the statuses that wait for it, and they are settled by their package.
DROP INDEX answers_unmatched;
CREATE INDEX answers_unmatched_by_document ON answers (document_id) WHERE thread_id IS NULL;
CREATE INDEX answers_unmatched_by_notation ON answers (notation) WHERE thread_id IS NULL;
CREATE INDEX answers_by_package ON answers (package_id);
