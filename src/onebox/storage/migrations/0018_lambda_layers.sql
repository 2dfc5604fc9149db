-- Layers of Lambda: archives that functions have besides their code.

CREATE TABLE lambda_layers (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    last_version INTEGER NOT NULL CHECK (last_version >= 0),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

-- settings: Description, LicenseInfo, CompatibleRuntimes, CompatibleArchitectures as they were given.
CREATE TABLE lambda_layer_versions (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    code_sha256 TEXT NOT NULL REFERENCES lambda_code (sha256),
    code_bytes INTEGER NOT NULL CHECK (code_bytes > 0),
    created_at_ms INTEGER NOT NULL,
    statements TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(statements)),
    policy_revision_id TEXT NOT NULL,
    PRIMARY KEY (account, region, name, number),
    FOREIGN KEY (account, region, name) REFERENCES lambda_layers (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX lambda_layer_versions_by_code ON lambda_layer_versions (code_sha256);

-- The archives of the layers that a function's version has: they outlive the layer's own version.
CREATE TABLE lambda_layer_uses (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    number INTEGER NOT NULL,
    code_sha256 TEXT NOT NULL REFERENCES lambda_code (sha256),
    PRIMARY KEY (account, region, function_name, number, code_sha256),
    FOREIGN KEY (account, region, function_name, number)
        REFERENCES lambda_versions (account, region, function_name, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX lambda_layer_uses_by_code ON lambda_layer_uses (code_sha256);

-- NULL for archives that were stored before this column was: their size in the zip is counted instead.
ALTER TABLE lambda_code ADD COLUMN unzipped_bytes INTEGER;
