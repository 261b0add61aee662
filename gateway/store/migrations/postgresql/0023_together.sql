-- programs since: 0021
-- New rows come many at a time (store/batch.py): what follows from them is done once for all, not row by row. Tables are
-- gone through by their indexes, however few rows they had when the plan was made.

DROP TRIGGER receipt_kept ON log;
DROP FUNCTION receipt_kept;
CREATE FUNCTION receipts_kept() RETURNS TRIGGER LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    INSERT INTO receipts SELECT CASE direction WHEN 'inbound' THEN '' ELSE systems.id END, added.seq, 'sent', added.at
        FROM added JOIN packages ON packages.id = added.package_id LEFT JOIN systems ON systems.id = packages.system_id
        WHERE added.receipt IS NOT NULL AND (direction = 'inbound' OR systems.id IS NOT NULL);
    INSERT INTO receipts
        SELECT systems.id, added.seq, CASE WHEN added.kind IN ('accepted', 'refused') THEN 'sent' ELSE 'received' END, added.at
        FROM added JOIN systems ON systems.id = added.system_id WHERE added.receipt IS NOT NULL
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER receipts_kept AFTER INSERT ON log REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION receipts_kept();

DROP TRIGGER figures_went ON packages;
DROP FUNCTION package_went;
CREATE FUNCTION packages_went() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO daily_figures
        SELECT agency, (accepted_at / 1000000 + 25200) / 86400 AS day, kind, 'went', count(*)
        FROM added CROSS JOIN LATERAL (VALUES (sender), ('')) AS named (agency)
        WHERE direction = 'outbound' GROUP BY agency, day, kind
        ON CONFLICT (agency, day, kind, event) DO UPDATE SET count = daily_figures.count + excluded.count;
    RETURN NULL;
END $$;
CREATE TRIGGER packages_went AFTER INSERT ON packages REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION packages_went();

DROP TRIGGER dispatch_comes ON dispatches;
DROP FUNCTION dispatch_comes;
CREATE FUNCTION dispatches_come() RETURNS TRIGGER LANGUAGE plpgsql
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
BEGIN
    INSERT INTO queues
        SELECT destination, coalesce(mailbox, '') AS box, kind, count(*), 0 FROM added
        WHERE state IN ('waiting', 'claimed') GROUP BY destination, box, kind
        ON CONFLICT (destination, mailbox, kind) DO UPDATE SET open_count = queues.open_count + excluded.open_count;
    INSERT INTO leaving
        SELECT sender, kind, count(*) FROM added
        WHERE destination = 'axis' AND state IN ('waiting', 'claimed') GROUP BY sender, kind
        ON CONFLICT (sender, kind) DO UPDATE SET open_count = leaving.open_count + excluded.open_count;
    INSERT INTO daily_figures
        SELECT agency, (created_at / 1000000 + 25200) / 86400 AS day, kind, 'came', count(*)
        FROM added CROSS JOIN LATERAL (VALUES (mailbox), ('')) AS named (agency)
        WHERE destination = 'mailbox' GROUP BY agency, day, kind
        ON CONFLICT (agency, day, kind, event) DO UPDATE SET count = daily_figures.count + excluded.count;
    UPDATE recipients SET delivery = told.state FROM (
        SELECT DISTINCT ON (added.thread_id, named.code) added.thread_id, named.code, added.state
        FROM added CROSS JOIN LATERAL (
            SELECT value AS code FROM json_each(added.recipients)
            UNION SELECT agency_aliases.code FROM json_each(added.recipients) JOIN agency_aliases ON alias = value
            UNION SELECT '000.00.00.' || value FROM json_each(added.recipients)
            UNION SELECT substr(value, 11) FROM json_each(added.recipients) WHERE value LIKE '000.00.00.%'
        ) AS named
        WHERE added.kind = 'document' AND added.thread_id IS NOT NULL
        ORDER BY added.thread_id, named.code, added.id DESC
    ) AS told WHERE recipients.thread_id = told.thread_id AND recipients.code = told.code;
    RETURN NULL;
END $$;
CREATE TRIGGER dispatches_come AFTER INSERT ON dispatches REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION dispatches_come();

DROP TRIGGER figures_of_new_row ON register;
DROP FUNCTION figures_of_new_row;
CREATE FUNCTION figures_of_new_rows() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO register_figures
        SELECT agency, side, day, type, is_legal, count(*) FILTER (WHERE declined_at IS NULL), sum(deliveries_count),
            count(*) FILTER (WHERE declined_at IS NOT NULL), coalesce(sum(in_time), 0),
            count(*) FILTER (WHERE in_time IS NOT NULL)
        FROM added GROUP BY agency, side, day, type, is_legal
        ON CONFLICT (agency, side, day, type, is_legal) DO UPDATE SET
            documents = register_figures.documents + excluded.documents,
            deliveries = register_figures.deliveries + excluded.deliveries,
            declined = register_figures.declined + excluded.declined,
            in_time = register_figures.in_time + excluded.in_time,
            judged = register_figures.judged + excluded.judged;
    RETURN NULL;
END $$;
CREATE TRIGGER figures_of_new_rows AFTER INSERT ON register REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION figures_of_new_rows();
