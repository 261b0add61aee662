-- Large packages in an object store, which all nodes of a gateway share. A row stands here before its object is
-- brought, and until that is gone: what has no row is nobody's. An object's name is its spool's, and never used
-- again, so that a removal that comes late hits nothing that came after it (docs/decisions/0016).
-- coming: announced, perhaps brought. kept: some package needs it. going: to be removed; never kept again.
CREATE TABLE objects (
    name       TEXT PRIMARY KEY,
    digest     TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    standing   TEXT NOT NULL CHECK (standing IN ('coming', 'kept', 'going')),
    began_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX objects_by_digest ON objects (digest);
CREATE INDEX objects_passing ON objects (standing, began_at) WHERE standing <> 'kept';
