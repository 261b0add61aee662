-- Whose each signed receipt is: of the system that sent the package, and of the one whose act it tells of. No
-- system has an empty name: that is the axis above, and what happened to the packages it brought.
CREATE TABLE receipts (
    system_id TEXT NOT NULL,
    seq       INTEGER NOT NULL REFERENCES log (seq),
    side      TEXT NOT NULL CHECK (side IN ('sent', 'received')),
    at        INTEGER NOT NULL,
    PRIMARY KEY (system_id, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER receipt_kept AFTER INSERT ON log WHEN NEW.receipt IS NOT NULL BEGIN
    INSERT INTO receipts SELECT iif(direction = 'inbound', '', systems.id), NEW.seq, 'sent', NEW.at
        FROM packages LEFT JOIN systems ON systems.id = packages.system_id
        WHERE packages.id = NEW.package_id AND (direction = 'inbound' OR systems.id IS NOT NULL);
    INSERT INTO receipts
        SELECT id, NEW.seq, CASE WHEN NEW.kind IN ('accepted', 'refused') THEN 'sent' ELSE 'received' END, NEW.at
        FROM systems WHERE id = NEW.system_id
        ON CONFLICT DO NOTHING;
END;
INSERT INTO receipts SELECT iif(direction = 'inbound', '', systems.id), seq, 'sent', log.at
    FROM log JOIN packages ON packages.id = log.package_id LEFT JOIN systems ON systems.id = packages.system_id
    WHERE receipt IS NOT NULL AND (direction = 'inbound' OR systems.id IS NOT NULL);
CREATE INDEX arrivals_by_package ON arrivals (package_id);
INSERT INTO receipts
    SELECT systems.id, seq, CASE WHEN log.kind IN ('accepted', 'refused') THEN 'sent' ELSE 'received' END, log.at
    FROM log JOIN systems ON systems.id = log.system_id WHERE receipt IS NOT NULL
    ON CONFLICT DO NOTHING;

-- How far receipts went between an axis and us: the last entry of its log that we fetched, the last of ours that
-- it was told.
CREATE TABLE far_receipts (
    axis    TEXT PRIMARY KEY,
    fetched INTEGER NOT NULL DEFAULT 0,
    told    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What the axis signed about a package of ours, until the dispatch is known to be delivered: the answer to its
-- handing over may be lost, and what happens further on is then told before it.
CREATE TABLE early_receipts (
    axis    TEXT NOT NULL,
    entry   INTEGER NOT NULL,
    far_id  TEXT NOT NULL,
    receipt TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    PRIMARY KEY (axis, entry)
) STRICT, WITHOUT ROWID;

-- A document's receipt is awaited until it was looked for in vain, once. What ended before nobody awaits.
ALTER TABLE dispatches ADD COLUMN is_awaited INTEGER NOT NULL DEFAULT 1 CHECK (is_awaited IN (0, 1));
UPDATE dispatches SET is_awaited = 0 WHERE ended_at IS NOT NULL;
CREATE INDEX dispatches_uncollected ON dispatches (created_at)
    WHERE destination = 'mailbox' AND state = 'waiting' AND kind = 'document' AND is_awaited = 1;
CREATE INDEX dispatches_unheard ON dispatches (ended_at)
    WHERE destination = 'axis' AND state = 'delivered' AND kind = 'document' AND is_awaited = 1;
