-- Users, groups and access keys. Policies belong to the unique id of their owner (AROA…, AIDA…, AGPA…): a rename moves
-- nothing, and an entity made anew under an old name begins without any.
CREATE UNIQUE INDEX iam_role_by_id ON iam_role (role_id);

CREATE TABLE iam_user (
    account              TEXT NOT NULL,
    name                 TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 64),
    path                 TEXT NOT NULL CHECK (path LIKE '/%'),
    user_id              TEXT NOT NULL UNIQUE,
    arn                  TEXT NOT NULL,
    permissions_boundary TEXT,
    tags                 TEXT NOT NULL CHECK (json_valid(tags)),
    created_at_ms        INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE iam_group (
    account       TEXT NOT NULL,
    name          TEXT NOT NULL COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 128),
    path          TEXT NOT NULL CHECK (path LIKE '/%'),
    group_id      TEXT NOT NULL UNIQUE,
    arn           TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE iam_group_member (
    group_id TEXT NOT NULL REFERENCES iam_group (group_id),
    user_id  TEXT NOT NULL REFERENCES iam_user (user_id),
    PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_group_member_by_user ON iam_group_member (user_id);

CREATE TABLE iam_inline_policy (
    owner_id TEXT NOT NULL,
    name     TEXT NOT NULL COLLATE NOCASE,
    document TEXT NOT NULL,
    PRIMARY KEY (owner_id, name)
) STRICT, WITHOUT ROWID;

INSERT INTO iam_inline_policy (owner_id, name, document)
SELECT iam_role.role_id, policy.name, policy.document
FROM iam_role_inline_policy AS policy
JOIN iam_role ON iam_role.account = policy.account AND iam_role.name = policy.role;

DROP TABLE iam_role_inline_policy;

CREATE TABLE iam_attachment (
    account    TEXT NOT NULL,
    owner_id   TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (owner_id, policy_arn)
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_attachment_by_policy ON iam_attachment (account, policy_arn);

INSERT INTO iam_attachment (account, owner_id, policy_arn)
SELECT attachment.account, iam_role.role_id, attachment.policy_arn
FROM iam_role_attachment AS attachment
JOIN iam_role ON iam_role.account = attachment.account AND iam_role.name = attachment.role;

DROP TABLE iam_role_attachment;

CREATE TABLE iam_access_key (
    access_key_id     TEXT NOT NULL PRIMARY KEY,
    secret_access_key TEXT NOT NULL,
    user_id           TEXT NOT NULL REFERENCES iam_user (user_id),
    is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at_ms     INTEGER NOT NULL,
    used_at_ms        INTEGER,
    used_service      TEXT,
    used_region       TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_access_key_by_user ON iam_access_key (user_id);

-- entity_id is the unique id of the role or user that the session stands for; it ends with that entity.
ALTER TABLE iam_session ADD COLUMN user_name TEXT;
ALTER TABLE iam_session ADD COLUMN entity_id TEXT;
ALTER TABLE iam_session ADD COLUMN tags TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(tags));
ALTER TABLE iam_session ADD COLUMN transitive_tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(transitive_tags));
ALTER TABLE iam_session ADD COLUMN source_identity TEXT;

UPDATE iam_session SET entity_id = substr(user_id, 1, instr(user_id, ':') - 1) WHERE role_name IS NOT NULL;
