-- Lambda: functions, their versions and code, aliases, policies, mappings, and asynchronous invocations under way.

CREATE TABLE lambda_functions (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    last_version INTEGER NOT NULL DEFAULT 0 CHECK (last_version >= 0),
    reserved_concurrency INTEGER CHECK (reserved_concurrency >= 0),
    tags TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(tags)),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

-- One archive, however many versions run it.
CREATE TABLE lambda_code (
    sha256 TEXT PRIMARY KEY,
    archive BLOB NOT NULL
) STRICT;

-- number 0 is $LATEST; published versions never change and their numbers are not used again.
CREATE TABLE lambda_versions (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 0),
    configuration TEXT NOT NULL CHECK (json_valid(configuration)),
    revision_id TEXT NOT NULL,
    code_sha256 TEXT NOT NULL REFERENCES lambda_code (sha256),
    code_bytes INTEGER NOT NULL CHECK (code_bytes > 0),
    modified_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, region, function_name, number),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX lambda_versions_by_code ON lambda_versions (code_sha256);

CREATE TABLE lambda_aliases (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    description TEXT NOT NULL,
    additional_version_weights TEXT NOT NULL CHECK (json_valid(additional_version_weights)),
    revision_id TEXT NOT NULL,
    PRIMARY KEY (account, region, function_name, name),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The resource policy of a function (qualifier '') or of one of its versions or aliases.
CREATE TABLE lambda_policies (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    statements TEXT NOT NULL CHECK (json_valid(statements)),
    revision_id TEXT NOT NULL,
    PRIMARY KEY (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE lambda_event_invoke_configs (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    configuration TEXT NOT NULL CHECK (json_valid(configuration)),
    modified_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- No foreign key: as in AWS a mapping outlives its function.
CREATE TABLE lambda_event_source_mappings (
    uuid TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT,
    queue_arn TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    configuration TEXT NOT NULL CHECK (json_valid(configuration)),
    tags TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(tags)),
    modified_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX lambda_event_source_mappings_by_function
    ON lambda_event_source_mappings (account, region, function_name);

-- Asynchronous invocations that were accepted and are not finished.
CREATE TABLE lambda_events (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT,
    request_id TEXT NOT NULL,
    payload BLOB NOT NULL,
    -- 1 while the function runs with it; a new process finds nobody running and sets all to 0.
    running INTEGER NOT NULL DEFAULT 0 CHECK (running IN (0, 1)),
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    accepted_at_ms INTEGER NOT NULL,
    due_at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX lambda_events_by_due ON lambda_events (running, due_at_ms);
