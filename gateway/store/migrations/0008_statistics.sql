-- What came, went and failed, counted with every change and by the same transaction, so that no figure of the
-- console takes longer because there is more to count. Days are Vietnam's (UTC+7, no summer time), numbered from
-- 1970-01-01. agency '' is the whole node. came: a package for a mailbox here; went: a package of a system here;
-- failed: a dispatch that was refused or given up, on its last day.
CREATE TABLE daily_figures (
    agency TEXT NOT NULL,
    day    INTEGER NOT NULL,
    kind   TEXT NOT NULL CHECK (kind IN ('document', 'status')),
    event  TEXT NOT NULL CHECK (event IN ('came', 'went', 'failed')),
    count  INTEGER NOT NULL,
    PRIMARY KEY (agency, day, kind, event)
) STRICT, WITHOUT ROWID;

INSERT INTO daily_figures
    SELECT agency, day, kind, 'came', count(*) FROM (
        SELECT mailbox AS agency, (created_at / 1000000 + 25200) / 86400 AS day, kind FROM dispatches
            WHERE destination = 'mailbox'
        UNION ALL SELECT '', (created_at / 1000000 + 25200) / 86400, kind FROM dispatches
            WHERE destination = 'mailbox') GROUP BY 1, 2, 3;
INSERT INTO daily_figures
    SELECT agency, day, kind, 'went', count(*) FROM (
        SELECT sender AS agency, (accepted_at / 1000000 + 25200) / 86400 AS day, kind FROM packages
            WHERE direction = 'outbound'
        UNION ALL SELECT '', (accepted_at / 1000000 + 25200) / 86400, kind FROM packages
            WHERE direction = 'outbound') GROUP BY 1, 2, 3;
INSERT INTO daily_figures
    SELECT agency, day, kind, 'failed', count(*) FROM (
        SELECT coalesce(mailbox, sender) AS agency, (ended_at / 1000000 + 25200) / 86400 AS day, kind
            FROM dispatches WHERE state IN ('refused', 'expired')
            AND NOT (destination = 'axis' AND state = 'refused' AND json_array_length(recipients) > 1)
        UNION ALL SELECT '', (ended_at / 1000000 + 25200) / 86400, kind
            FROM dispatches WHERE state IN ('refused', 'expired')
            AND NOT (destination = 'axis' AND state = 'refused' AND json_array_length(recipients) > 1))
    GROUP BY 1, 2, 3;

CREATE TRIGGER figures_came AFTER INSERT ON dispatches WHEN NEW.destination = 'mailbox' BEGIN
    INSERT INTO daily_figures VALUES
        (NEW.mailbox, (NEW.created_at / 1000000 + 25200) / 86400, NEW.kind, 'came', 1),
        ('', (NEW.created_at / 1000000 + 25200) / 86400, NEW.kind, 'came', 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER figures_went AFTER INSERT ON packages WHEN NEW.direction = 'outbound' BEGIN
    INSERT INTO daily_figures VALUES
        (NEW.sender, (NEW.accepted_at / 1000000 + 25200) / 86400, NEW.kind, 'went', 1),
        ('', (NEW.accepted_at / 1000000 + 25200) / 86400, NEW.kind, 'went', 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
-- What the axis refused for several together goes to each alone (delivery.py): that is what may fail.
CREATE TRIGGER figures_failed AFTER UPDATE OF state ON dispatches
    WHEN OLD.state IN ('waiting', 'claimed') AND NEW.state IN ('refused', 'expired')
    AND NOT (NEW.destination = 'axis' AND NEW.state = 'refused' AND json_array_length(NEW.recipients) > 1) BEGIN
    INSERT INTO daily_figures VALUES
        (coalesce(NEW.mailbox, NEW.sender), (NEW.ended_at / 1000000 + 25200) / 86400, NEW.kind, 'failed', 1),
        ('', (NEW.ended_at / 1000000 + 25200) / 86400, NEW.kind, 'failed', 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- Of what is on its way to the axis, how much is whose; of the mailboxes this stands in queues.
CREATE TABLE leaving (
    sender     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    open_count INTEGER NOT NULL CHECK (open_count >= 0),
    PRIMARY KEY (sender, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO leaving SELECT sender, kind, count(*) - count(ended_at) FROM dispatches
    WHERE destination = 'axis' GROUP BY 1, 2;
CREATE TRIGGER leaving_grows AFTER INSERT ON dispatches
    WHEN NEW.destination = 'axis' AND NEW.state IN ('waiting', 'claimed') BEGIN
    INSERT INTO leaving VALUES (NEW.sender, NEW.kind, 1) ON CONFLICT DO UPDATE SET open_count = open_count + 1;
END;
CREATE TRIGGER leaving_shrinks AFTER UPDATE OF state ON dispatches
    WHEN NEW.destination = 'axis' AND OLD.state IN ('waiting', 'claimed')
    AND NEW.state NOT IN ('waiting', 'claimed') BEGIN
    UPDATE leaving SET open_count = open_count - 1 WHERE sender = NEW.sender AND kind = NEW.kind;
END;

-- What has waited for long, for each mailbox and for each sender.
CREATE INDEX dispatches_open_since ON dispatches (destination, coalesce(mailbox, sender), kind, created_at)
    WHERE ended_at IS NULL;
