-- An auditor looks for entries by kind, by system and by day. Each index ends in seq, the order of pages.
CREATE INDEX log_by_kind ON log (kind);
CREATE INDEX log_by_system ON log (system_id) WHERE system_id IS NOT NULL;
CREATE INDEX log_by_at ON log (at);
