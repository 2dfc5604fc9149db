-- IAM is global: its rows belong to an account, not to a region. Names differ in more than their case.
CREATE TABLE iam_role (
    account              TEXT NOT NULL,
    name                 TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 64),
    path                 TEXT NOT NULL CHECK (path LIKE '/%'),
    role_id              TEXT NOT NULL,
    arn                  TEXT NOT NULL,
    trust_policy         TEXT NOT NULL,
    description          TEXT,
    max_session_s        INTEGER NOT NULL CHECK (max_session_s BETWEEN 3600 AND 43200),
    permissions_boundary TEXT,
    tags                 TEXT NOT NULL CHECK (json_valid(tags)),
    created_at_ms        INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE iam_role_inline_policy (
    account  TEXT NOT NULL,
    role     TEXT NOT NULL COLLATE NOCASE,
    name     TEXT NOT NULL COLLATE NOCASE,
    document TEXT NOT NULL,
    PRIMARY KEY (account, role, name),
    FOREIGN KEY (account, role) REFERENCES iam_role (account, name)
) STRICT, WITHOUT ROWID;

-- Customer managed policies. Those of AWS itself are data of the program, not of the account.
CREATE TABLE iam_policy (
    arn             TEXT NOT NULL PRIMARY KEY,
    account         TEXT NOT NULL,
    name            TEXT NOT NULL COLLATE NOCASE,
    path            TEXT NOT NULL CHECK (path LIKE '/%'),
    policy_id       TEXT NOT NULL,
    description     TEXT,
    default_version INTEGER NOT NULL,
    newest_version  INTEGER NOT NULL CHECK (newest_version >= default_version),
    tags            TEXT NOT NULL CHECK (json_valid(tags)),
    created_at_ms   INTEGER NOT NULL,
    updated_at_ms   INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

CREATE TABLE iam_policy_version (
    policy_arn    TEXT NOT NULL REFERENCES iam_policy (arn),
    version       INTEGER NOT NULL,
    document      TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (policy_arn, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE iam_role_attachment (
    account    TEXT NOT NULL,
    role       TEXT NOT NULL COLLATE NOCASE,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (account, role, policy_arn),
    FOREIGN KEY (account, role) REFERENCES iam_role (account, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_role_attachment_by_policy ON iam_role_attachment (account, policy_arn);

-- Temporary credentials, those of a role or (role_arn IS NULL) of the account itself.
CREATE TABLE iam_session (
    access_key_id     TEXT NOT NULL PRIMARY KEY,
    secret_access_key TEXT NOT NULL,
    session_token     TEXT NOT NULL,
    account           TEXT NOT NULL,
    role_arn          TEXT,
    role_name         TEXT COLLATE NOCASE,
    principal_arn     TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    policies          TEXT NOT NULL CHECK (json_valid(policies)),
    issued_at_ms      INTEGER NOT NULL,
    expiration_at_ms  INTEGER NOT NULL CHECK (expiration_at_ms > issued_at_ms),
    CHECK ((role_arn IS NULL) = (role_name IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_session_by_expiration ON iam_session (expiration_at_ms);
