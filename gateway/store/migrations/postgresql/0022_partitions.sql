-- programs since: 0021
-- Contents by the year they were kept in, the log by its numbers: what is erased gives its room back, what is old can
-- lie on other disks (docs/decisions/0020). The tables that were there become the first partitions as they are. The
-- newest partition is open to all that comes; store/partitions.py sets its end in time, and begins the next.

-- What each partition of a table needs for itself.
CREATE FUNCTION furnish_partition(whole TEXT, part TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF whole = 'blobs' THEN
        EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_scale_factor = 0.02,'
            ' toast.autovacuum_vacuum_scale_factor = 0.02)', part);
    ELSIF whole = 'log' THEN
        EXECUTE format('ALTER TABLE %I SET (autovacuum_vacuum_insert_scale_factor = 0.05)', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER log_is_append_only_3 BEFORE TRUNCATE ON %I'
            ' EXECUTE FUNCTION stays(''the log is append-only'')', part);
    END IF;
END $$;
CREATE FUNCTION begin_partition(whole TEXT, part TEXT, bounds TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES %s', part, whole, bounds);
    PERFORM furnish_partition(whole, part);
END $$;

-- For the operator (docs/operations.md): a partition with its indexes to other disks.
CREATE FUNCTION partition_to(part TEXT, disks TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    built REGCLASS;
BEGIN
    EXECUTE format('ALTER TABLE %I SET TABLESPACE %I', part, disks);
    FOR built IN SELECT indexrelid FROM pg_index WHERE indrelid = part::regclass LOOP
        EXECUTE format('ALTER INDEX %s SET TABLESPACE %I', built, disks);
    END LOOP;
END $$;

-- Counted backwards, so that what is looked for is sought in the newest year first.
ALTER TABLE blobs ADD COLUMN year_back BIGINT NOT NULL DEFAULT 0;
ALTER TABLE blobs DROP CONSTRAINT blobs_pkey;
DO $$
DECLARE
    this_year BIGINT := extract(year FROM now() AT TIME ZONE 'UTC');
BEGIN
    EXECUTE format('ALTER TABLE blobs RENAME TO blobs_%s', this_year);
    EXECUTE format('CREATE TABLE blobs (LIKE blobs_%s INCLUDING STORAGE) PARTITION BY RANGE (year_back)', this_year);
    ALTER TABLE blobs ADD PRIMARY KEY (digest, year_back),
        ALTER year_back SET DEFAULT -extract(year FROM now() AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE blobs ATTACH PARTITION blobs_%s FOR VALUES FROM (%s) TO (MAXVALUE)',
        this_year, -this_year);
    PERFORM furnish_partition('blobs', format('blobs_%s', this_year));
    PERFORM begin_partition('blobs', format('blobs_%s', this_year + 1), format('FROM (MINVALUE) TO (%s)', -this_year));
END $$;

-- The same bytes once, whatever the year. Of new ones no package tells yet, and no year has to be looked through.
CREATE FUNCTION kept_once() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM packages WHERE digest = NEW.digest)
        AND EXISTS (SELECT 1 FROM blobs WHERE digest = NEW.digest) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kept_once BEFORE INSERT ON blobs FOR EACH ROW EXECUTE FUNCTION kept_once();

-- Receipts come with their entries, which stay (the trigger receipt_kept); a reference would hold its partition fast.
ALTER TABLE receipts DROP CONSTRAINT receipts_seq_fkey;
DROP TRIGGER receipt_kept ON log;
DROP TRIGGER log_is_append_only_1 ON log;
DROP TRIGGER log_is_append_only_2 ON log;
ALTER TABLE log ALTER seq DROP IDENTITY;
ALTER TABLE log RENAME TO log_0;
ALTER INDEX log_pkey RENAME TO log_0_pkey;
ALTER INDEX log_by_package RENAME TO log_0_by_package;
ALTER INDEX log_by_thread RENAME TO log_0_by_thread;
ALTER INDEX log_failures RENAME TO log_0_failures;
ALTER INDEX log_by_kind RENAME TO log_0_by_kind;
ALTER INDEX log_by_system RENAME TO log_0_by_system;
ALTER INDEX log_by_at RENAME TO log_0_by_at;
CREATE TABLE log (LIKE log_0 INCLUDING CONSTRAINTS, PRIMARY KEY (seq)) PARTITION BY RANGE (seq);
CREATE INDEX log_by_package ON log (package_id) WHERE package_id IS NOT NULL;
CREATE INDEX log_by_thread ON log (thread_id) WHERE thread_id IS NOT NULL;
CREATE INDEX log_failures ON log (at) WHERE kind IN ('turned-away', 'expired');
CREATE INDEX log_by_kind ON log (kind);
CREATE INDEX log_by_system ON log (system_id) WHERE system_id IS NOT NULL;
CREATE INDEX log_by_at ON log (at);
DO $$
DECLARE
    span BIGINT := 200000000;
    ends BIGINT := (SELECT span * (coalesce(max(seq), 0) / span + 1) FROM log_0);
BEGIN
    EXECUTE format('ALTER TABLE log ATTACH PARTITION log_0 FOR VALUES FROM (MINVALUE) TO (%s)', ends);
    PERFORM furnish_partition('log', 'log_0');
    PERFORM begin_partition('log', format('log_%s', ends), format('FROM (%s) TO (MAXVALUE)', ends));
END $$;
CREATE TRIGGER log_is_append_only_1 BEFORE UPDATE ON log
    FOR EACH ROW EXECUTE FUNCTION stays('the log is append-only');
CREATE TRIGGER log_is_append_only_2 BEFORE DELETE ON log
    FOR EACH ROW EXECUTE FUNCTION stays('the log is append-only');
CREATE TRIGGER log_is_append_only_3 BEFORE TRUNCATE ON log EXECUTE FUNCTION stays('the log is append-only');
CREATE TRIGGER receipt_kept AFTER INSERT ON log FOR EACH ROW WHEN (NEW.receipt IS NOT NULL)
    EXECUTE FUNCTION receipt_kept();

-- A fifth of a large table, as the server has it of itself, is too much to leave lying.
ALTER TABLE packages SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE dispatches SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE recipients SET (autovacuum_vacuum_scale_factor = 0.02);
