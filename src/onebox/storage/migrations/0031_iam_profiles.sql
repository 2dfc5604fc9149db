CREATE TABLE iam_instance_profile (
    account       TEXT NOT NULL,
    name          TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 128),
    path          TEXT NOT NULL CHECK (path LIKE '/%'),
    profile_id    TEXT NOT NULL UNIQUE,
    arn           TEXT NOT NULL,
    role_id       TEXT REFERENCES iam_role (role_id),
    tags          TEXT NOT NULL CHECK (json_valid(tags)),
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_instance_profile_by_role ON iam_instance_profile (role_id);

-- The private key is checked for its form and not kept: nothing here speaks TLS with it.
CREATE TABLE iam_server_certificate (
    account          TEXT NOT NULL,
    name             TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 128),
    path             TEXT NOT NULL CHECK (path LIKE '/%'),
    certificate_id   TEXT NOT NULL UNIQUE,
    arn              TEXT NOT NULL,
    body             TEXT NOT NULL,
    chain            TEXT,
    expires_at_ms    INTEGER NOT NULL,
    tags             TEXT NOT NULL CHECK (json_valid(tags)),
    created_at_ms    INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

-- Passwords of other services' repositories and tables. Only the answer that makes one shows it; it is not kept.
CREATE TABLE iam_service_credential (
    credential_id TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES iam_user (user_id),
    service       TEXT NOT NULL,
    user_name     TEXT NOT NULL,
    is_active     INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_service_credential_by_user ON iam_service_credential (user_id);
