-- Parameter Store. The parameter's row holds what its latest version is described with; values are kept by version.
-- SecureString values are plain text here, as everything in the database is: see docs/compatibility.md.
CREATE TABLE ssm_parameter (
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    name           TEXT NOT NULL,
    latest_version INTEGER NOT NULL CHECK (latest_version > 0),
    tags           TEXT NOT NULL CHECK (json_valid(tags)),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE ssm_parameter_version (
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    name            TEXT NOT NULL,
    version         INTEGER NOT NULL,
    type            TEXT NOT NULL CHECK (type IN ('String', 'StringList', 'SecureString')),
    value           TEXT NOT NULL,
    sealed_value    TEXT,
    tier            TEXT NOT NULL,
    data_type       TEXT NOT NULL,
    key_id          TEXT,
    description     TEXT,
    allowed_pattern TEXT,
    labels          TEXT NOT NULL CHECK (json_valid(labels)),
    modified_at_ms  INTEGER NOT NULL,
    modified_by     TEXT NOT NULL,
    PRIMARY KEY (account, region, name, version),
    FOREIGN KEY (account, region, name) REFERENCES ssm_parameter (account, region, name)
) STRICT, WITHOUT ROWID;
