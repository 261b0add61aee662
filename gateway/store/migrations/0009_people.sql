-- People who sign in to the console. agencies is NULL for every agency of the node. password is a PHC string,
-- NULL for somebody who comes by single sign-on only; one_time_until says that it is a one-time password.
CREATE TABLE users (
    id             TEXT PRIMARY KEY,
    login          TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('clerk', 'operator', 'administrator', 'auditor', 'viewer')),
    agencies       TEXT,
    mail           TEXT,
    language       TEXT NOT NULL DEFAULT 'vi' CHECK (language IN ('vi', 'en')),
    password       TEXT,
    one_time_until INTEGER,
    -- The seed of the phone's codes, sealed; the one that is being enrolled; the step of the last code taken.
    sealed_seed    BLOB,
    new_seed       BLOB,
    last_step      INTEGER,
    -- Whom the identity provider means, as it said the first time.
    subject        TEXT UNIQUE,
    created_at     INTEGER NOT NULL,
    disabled_at    INTEGER
) STRICT;

-- SHA-256 of the codes for a lost phone; a used one is gone.
CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id),
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- Only SHA-256 of a session's secret is kept: who reads this table can be nobody by it.
CREATE TABLE sessions (
    id          TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    user_id     TEXT NOT NULL REFERENCES users (id),
    way         TEXT NOT NULL CHECK (way IN ('password', 'code', 'recovery', 'provider')),
    address     TEXT NOT NULL,
    began_at    INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id, began_at);
