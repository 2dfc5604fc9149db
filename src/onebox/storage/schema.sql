-- The schema of a new database: what all migrations together make. Written by `python -m onebox.storage.schema`. To
-- change it, add a migration and run that again.

CREATE TABLE cloudformation_callbacks (
    token TEXT PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    answers TEXT NOT NULL DEFAULT '[]'    -- JSON: objects in the order of their arrival
) STRICT, WITHOUT ROWID;

CREATE INDEX cloudformation_callbacks_by_stack ON cloudformation_callbacks (stack_id);

CREATE TABLE cloudformation_change_sets (
    change_set_id TEXT PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('CREATE', 'UPDATE')),
    status TEXT NOT NULL,
    status_reason TEXT,
    execution_status TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    description TEXT,
    source TEXT NOT NULL,
    settings TEXT NOT NULL,
    changes TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX cloudformation_change_sets_by_name ON cloudformation_change_sets (stack_id, name);

CREATE TABLE "cloudformation_cleanup_items" (
    id INTEGER PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    logical_id TEXT NOT NULL,
    type TEXT NOT NULL,
    physical_id TEXT NOT NULL,
    body TEXT NOT NULL,
    retain INTEGER NOT NULL CHECK (retain IN (0, 1))
) STRICT;

CREATE INDEX cloudformation_cleanup_items_by_stack ON cloudformation_cleanup_items (stack_id, id);

CREATE TABLE cloudformation_drift_detections (
    detection_id TEXT PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    status TEXT NOT NULL CHECK (status IN ('DETECTION_IN_PROGRESS', 'DETECTION_COMPLETE', 'DETECTION_FAILED')),
    status_reason TEXT,
    stack_drift_status TEXT,
    drifted_count INTEGER,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX cloudformation_drift_detections_by_stack ON cloudformation_drift_detections (stack_id);

CREATE TABLE cloudformation_events (
    id INTEGER PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    event_id TEXT NOT NULL,
    logical_id TEXT NOT NULL,
    physical_id TEXT,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    properties TEXT,
    client_token TEXT,
    at_ms INTEGER NOT NULL
) STRICT;

CREATE INDEX cloudformation_events_by_stack ON cloudformation_events (stack_id, id);

CREATE TABLE cloudformation_exports (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX cloudformation_exports_by_stack ON cloudformation_exports (stack_id);

CREATE TABLE cloudformation_imports (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    PRIMARY KEY (account, region, name, stack_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX cloudformation_imports_by_stack ON cloudformation_imports (stack_id);

CREATE TABLE cloudformation_resources (
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    logical_id TEXT NOT NULL,
    type TEXT NOT NULL,
    name TEXT NOT NULL,                -- chosen before the first call, so that a restart finds what it made
    physical_id TEXT,
    status TEXT NOT NULL,
    status_reason TEXT,
    changed_at_ms INTEGER NOT NULL,
    body TEXT NOT NULL,                -- JSON: properties, attributes, tags, needs, policies, metadata
    completed_in TEXT,                   -- token of the operation that last brought it where it shall be
    created_in TEXT NOT NULL,          -- token of the operation that made it
    previous TEXT,                     -- JSON: what it was before the running update
    drift_status TEXT NOT NULL DEFAULT 'NOT_CHECKED',
    drift_checked_at_ms INTEGER,
    drift TEXT,                        -- JSON: the last comparison
    PRIMARY KEY (stack_id, logical_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX cloudformation_resources_by_physical_id ON cloudformation_resources (physical_id);

CREATE TABLE cloudformation_stacks (
    stack_id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    status_reason TEXT,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER,
    deleted_at_ms INTEGER,
    change_set_id TEXT,
    source TEXT NOT NULL,              -- JSON: template, parameters, tags, capabilities, notification ARNs
    previous TEXT,                     -- JSON: the source to return to while an update runs
    outputs TEXT NOT NULL DEFAULT '[]',
    settings TEXT NOT NULL,            -- JSON: role, rollback, protection, policy, who called from where
    operation TEXT,                    -- JSON: what is being done; taken up again after a restart
    last_operation TEXT,               -- JSON: what was done before; a failed one can still be rolled back
    drift_status TEXT NOT NULL DEFAULT 'NOT_CHECKED',
    drift_checked_at_ms INTEGER,
    CHECK ((status = 'DELETE_COMPLETE') = (deleted_at_ms IS NOT NULL)),
    CHECK (operation IS NULL OR status LIKE '%\_IN\_PROGRESS' ESCAPE '\')
) STRICT;

CREATE INDEX cloudformation_stacks_at_work ON cloudformation_stacks (stack_id) WHERE operation IS NOT NULL;

CREATE INDEX cloudformation_stacks_by_age ON cloudformation_stacks (account, region, created_at_ms DESC);

CREATE UNIQUE INDEX cloudformation_stacks_by_name
    ON cloudformation_stacks (account, region, name) WHERE deleted_at_ms IS NULL;

CREATE INDEX cloudformation_stacks_deleted ON cloudformation_stacks (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;

CREATE TABLE cloudwatch_alarm (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    type TEXT NOT NULL CHECK (type IN ('MetricAlarm', 'CompositeAlarm')),
    configuration TEXT NOT NULL CHECK (json_valid(configuration)), -- the Put request, in the API's spelling
    actions_enabled INTEGER NOT NULL CHECK (actions_enabled IN (0, 1)),
    configured_at_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('OK', 'ALARM', 'INSUFFICIENT_DATA')),
    reason TEXT NOT NULL,
    reason_data TEXT,
    state_updated_at_ms INTEGER NOT NULL,
    state_transitioned_at_ms INTEGER NOT NULL,
    endpoint_url TEXT NOT NULL, held_until_ms INTEGER NOT NULL DEFAULT 0, -- where the client that put the alarm reached us; for what its actions write
    UNIQUE (account, region, name)
) STRICT;

CREATE INDEX cloudwatch_alarm_by_metric
    ON cloudwatch_alarm (account, region, configuration ->> 'Namespace', configuration ->> 'MetricName');

CREATE INDEX cloudwatch_alarm_composite ON cloudwatch_alarm (account, region) WHERE type = 'CompositeAlarm';

CREATE TABLE cloudwatch_alarm_history (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    alarm_name TEXT NOT NULL,
    alarm_type TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    item_type TEXT NOT NULL CHECK (item_type IN ('ConfigurationUpdate', 'StateUpdate', 'Action')),
    summary TEXT NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data))
) STRICT;

CREATE INDEX cloudwatch_alarm_history_by_alarm ON cloudwatch_alarm_history (account, region, alarm_name, at_ms, id);

CREATE INDEX cloudwatch_alarm_history_by_region ON cloudwatch_alarm_history (account, region, at_ms, id);

CREATE INDEX cloudwatch_alarm_history_by_time ON cloudwatch_alarm_history (at_ms);

CREATE TABLE cloudwatch_dashboard (
    account TEXT NOT NULL, -- dashboards belong to no region
    name TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    modified_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE cloudwatch_datapoint (
    metric_id INTEGER NOT NULL REFERENCES cloudwatch_metric (id) ON DELETE CASCADE,
    resolution_s INTEGER NOT NULL CHECK (resolution_s IN (1, 60, 300, 3600)),
    at_ms INTEGER NOT NULL CHECK (at_ms % (1000 * resolution_s) = 0),
    unit TEXT NOT NULL,
    samples REAL NOT NULL,
    total REAL NOT NULL,
    minimum REAL NOT NULL,
    maximum REAL NOT NULL CHECK (maximum >= minimum),
    histogram TEXT CHECK (histogram IS NULL OR json_valid(histogram)), -- [[value,count],...]; NULL: not known
    PRIMARY KEY (metric_id, resolution_s, at_ms, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE cloudwatch_metric (
    id INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    dimensions TEXT NOT NULL CHECK (json_valid(dimensions)), -- [["name","value"],...], sorted by name
    last_at_ms INTEGER NOT NULL, -- the newest datapoint
    UNIQUE (account, region, namespace, name, dimensions)
) STRICT;

CREATE TABLE cloudwatch_tag (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE dynamodb_backups (
    backup_id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: rows of a deleted backup are swept later
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    table_name      TEXT NOT NULL,
    suffix          TEXT NOT NULL,
    name            TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('USER', 'SYSTEM')),
    is_complete     INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    expires_at_ms   INTEGER,
    content_id      INTEGER,
    item_count      INTEGER NOT NULL,
    size_bytes      INTEGER NOT NULL,
    definition      TEXT NOT NULL CHECK (json_valid(definition)),
    details         TEXT NOT NULL CHECK (json_valid(details)),
    UNIQUE (account, region, suffix, table_name)
) STRICT;

CREATE INDEX dynamodb_backups_by_expiry ON dynamodb_backups (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

CREATE INDEX dynamodb_backups_by_table ON dynamodb_backups (account, region, table_name, suffix);

CREATE TABLE dynamodb_chores (
    chore_id                INTEGER PRIMARY KEY,
    kind                    TEXT NOT NULL CHECK (kind IN ('fill_index', 'fill_expiry', 'drop_items', 'drop_entries')),
    table_id                INTEGER NOT NULL,
    index_id                INTEGER NOT NULL,
    cursor_partition_key    BLOB NOT NULL,
    cursor_sort_key         BLOB NOT NULL
) STRICT;

CREATE TABLE dynamodb_copies (
    copy_id                 INTEGER PRIMARY KEY,
    account                 TEXT NOT NULL,
    source_id               INTEGER NOT NULL,
    target_id               INTEGER NOT NULL,
    moment                  INTEGER NOT NULL,
    backup_id               INTEGER,                    -- the backup that is made, or restored; NULL: a point in time
    is_restore              INTEGER NOT NULL,
    cursor_partition_key    BLOB NOT NULL,
    cursor_sort_key         BLOB NOT NULL
) STRICT;

CREATE TABLE dynamodb_index_entries (
    index_id            INTEGER NOT NULL,
    partition_key       BLOB NOT NULL,
    sort_key            BLOB NOT NULL,
    item_partition_key  BLOB NOT NULL,
    item_sort_key       BLOB NOT NULL,
    item_id             INTEGER NOT NULL,
    size_bytes          INTEGER NOT NULL,
    PRIMARY KEY (index_id, partition_key, sort_key, item_partition_key, item_sort_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE dynamodb_indexes (
    index_id        INTEGER PRIMARY KEY AUTOINCREMENT,
    table_id        INTEGER NOT NULL,
    name            TEXT NOT NULL,
    definition      TEXT NOT NULL CHECK (json_valid(definition)),
    UNIQUE (table_id, name)
) STRICT;

CREATE TABLE dynamodb_item_history (
    replaced_at     INTEGER PRIMARY KEY,
    table_id        INTEGER NOT NULL,
    partition_key   BLOB NOT NULL,
    sort_key        BLOB NOT NULL,
    changed_at      INTEGER NOT NULL,
    size_bytes      INTEGER NOT NULL,
    item            BLOB NOT NULL
) STRICT;

CREATE INDEX dynamodb_item_history_by_key
    ON dynamodb_item_history (table_id, partition_key, sort_key, replaced_at);

CREATE INDEX dynamodb_item_history_by_table ON dynamodb_item_history (table_id, replaced_at);

CREATE TABLE dynamodb_items (
    item_id         INTEGER PRIMARY KEY,
    table_id        INTEGER NOT NULL,
    partition_key   BLOB NOT NULL,
    sort_key        BLOB NOT NULL,
    size_bytes      INTEGER NOT NULL,
    expires_at_s    INTEGER,
    item            BLOB NOT NULL
, changed_at INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX dynamodb_items_by_expiry ON dynamodb_items (table_id, expires_at_s) WHERE expires_at_s IS NOT NULL;

CREATE UNIQUE INDEX dynamodb_items_by_key ON dynamodb_items (table_id, partition_key, sort_key);

CREATE TABLE dynamodb_sizes (
    table_id        INTEGER NOT NULL,
    index_id        INTEGER NOT NULL,
    item_count      INTEGER NOT NULL CHECK (item_count >= 0),
    size_bytes      INTEGER NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (table_id, index_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dynamodb_stream_records (
    record_id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: readers keep their place by it
    stream_id       INTEGER NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    event_id        TEXT NOT NULL,
    event_name      TEXT NOT NULL CHECK (event_name IN ('INSERT', 'MODIFY', 'REMOVE')),
    by_ttl          INTEGER NOT NULL,
    size_bytes      INTEGER NOT NULL,
    keys            BLOB NOT NULL,
    new_image       BLOB,
    old_image       BLOB
) STRICT;

CREATE INDEX dynamodb_stream_records_by_stream ON dynamodb_stream_records (stream_id, record_id);

CREATE TABLE dynamodb_streams (
    stream_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    table_name      TEXT NOT NULL,
    label           TEXT NOT NULL,
    table_id        INTEGER NOT NULL,
    view_type       TEXT NOT NULL,
    key_names       TEXT NOT NULL CHECK (json_valid(key_names)),
    shard_id        TEXT NOT NULL,
    created_at_ms   INTEGER NOT NULL,
    first_id        INTEGER NOT NULL,             -- where the shard begins: no record of it has a smaller id
    trimmed_to      INTEGER NOT NULL,             -- the last record that was dropped for its age
    disabled_at_ms  INTEGER,
    last_id         INTEGER,                      -- where the shard ends, once it is closed
    UNIQUE (account, region, table_name, label)
) STRICT;

CREATE INDEX dynamodb_streams_by_end ON dynamodb_streams (disabled_at_ms) WHERE disabled_at_ms IS NOT NULL;

CREATE INDEX dynamodb_streams_by_table ON dynamodb_streams (table_id, stream_id);

CREATE TABLE dynamodb_tables (
    table_id        INTEGER PRIMARY KEY AUTOINCREMENT,  -- never reused: rows of a deleted table are swept later
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    name            TEXT NOT NULL,
    definition      TEXT NOT NULL CHECK (json_valid(definition)),
    ttl_attribute   TEXT,
    created_at_ms   INTEGER NOT NULL,
    UNIQUE (account, region, name)
) STRICT;

CREATE INDEX dynamodb_tables_by_ttl ON dynamodb_tables (table_id) WHERE ttl_attribute IS NOT NULL;

CREATE TABLE dynamodb_transaction_tokens (
    account         TEXT NOT NULL,
    region          TEXT NOT NULL,
    token           TEXT NOT NULL,
    fingerprint     BLOB NOT NULL,
    answer          BLOB NOT NULL,
    expires_at_ms   INTEGER NOT NULL,
    PRIMARY KEY (account, region, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX dynamodb_transaction_tokens_by_expiry ON dynamodb_transaction_tokens (expires_at_ms);

CREATE TABLE ecr_repository (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    policy TEXT,
    lifecycle_policy TEXT,
    lifecycle_evaluated_at_ms INTEGER,
    tags TEXT NOT NULL CHECK (json_valid(tags)),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE iam_attachment (
    account    TEXT NOT NULL,
    owner_id   TEXT NOT NULL,
    policy_arn TEXT NOT NULL,
    PRIMARY KEY (owner_id, policy_arn)
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_attachment_by_policy ON iam_attachment (account, policy_arn);

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

CREATE UNIQUE INDEX iam_role_by_id ON iam_role (role_id);

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

CREATE TABLE iam_service_credential (
    credential_id TEXT NOT NULL PRIMARY KEY,
    user_id       TEXT NOT NULL REFERENCES iam_user (user_id),
    service       TEXT NOT NULL,
    user_name     TEXT NOT NULL,
    is_active     INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_service_credential_by_user ON iam_service_credential (user_id);

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
    expiration_at_ms  INTEGER NOT NULL CHECK (expiration_at_ms > issued_at_ms), user_name TEXT, entity_id TEXT, tags TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(tags)), transitive_tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(transitive_tags)), source_identity TEXT,
    CHECK ((role_arn IS NULL) = (role_name IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX iam_session_by_expiration ON iam_session (expiration_at_ms);

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

CREATE TABLE lambda_archive (
    archive_id INTEGER PRIMARY KEY AUTOINCREMENT,
    archive_bytes INTEGER NOT NULL CHECK (archive_bytes > 0)
) STRICT;

CREATE TABLE lambda_archive_piece (
    archive_id INTEGER NOT NULL REFERENCES lambda_archive (archive_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,                     -- all pieces but the last of an archive have 1 MiB
    bytes BLOB NOT NULL,
    PRIMARY KEY (archive_id, position)
) STRICT;

CREATE TABLE lambda_code (
    sha256 TEXT PRIMARY KEY,
    unzipped_bytes INTEGER, archive_id INTEGER REFERENCES lambda_archive (archive_id)) STRICT;

CREATE INDEX lambda_code_by_archive ON lambda_code (archive_id);

CREATE TABLE lambda_code_signing_configs (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    configuration TEXT NOT NULL CHECK (json_valid(configuration)),
    PRIMARY KEY (account, region, id)
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
, position INTEGER) STRICT;

CREATE INDEX lambda_event_source_mappings_by_function
    ON lambda_event_source_mappings (account, region, function_name);

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

CREATE TABLE lambda_function_settings (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    name TEXT NOT NULL CHECK (name IN ('recursion', 'runtime', 'code-signing')),
    setting TEXT NOT NULL CHECK (json_valid(setting)),
    PRIMARY KEY (account, region, function_name, qualifier, name),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE lambda_function_urls (
    url_id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    auth_type TEXT NOT NULL CHECK (auth_type IN ('NONE', 'AWS_IAM')),
    invoke_mode TEXT NOT NULL CHECK (invoke_mode IN ('BUFFERED', 'RESPONSE_STREAM')),
    cors TEXT CHECK (cors IS NULL OR json_valid(cors)),
    created_at_ms INTEGER NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    UNIQUE (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT;

CREATE TABLE lambda_functions (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    last_version INTEGER NOT NULL DEFAULT 0 CHECK (last_version >= 0),
    reserved_concurrency INTEGER CHECK (reserved_concurrency >= 0),
    tags TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(tags)),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE lambda_layers (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    last_version INTEGER NOT NULL CHECK (last_version >= 0),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lambda_policies (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    statements TEXT NOT NULL CHECK (json_valid(statements)),
    PRIMARY KEY (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE lambda_provisioned_concurrency (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    requested INTEGER NOT NULL CHECK (requested > 0),
    modified_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

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

CREATE TABLE logs_event (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    stream_id INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    ingested_at_ms INTEGER NOT NULL,
    message TEXT NOT NULL
) STRICT;

CREATE INDEX logs_event_by_group ON logs_event (group_id, at_ms, id);

CREATE INDEX logs_event_by_stream ON logs_event (stream_id, at_ms, id);

CREATE TABLE logs_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again: events of a deleted group wait for the sweeper
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
    created_at_ms INTEGER NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY', 'ESSENTIALS')),
    kms_key_id TEXT,
    deletion_protected INTEGER NOT NULL CHECK (deletion_protected IN (0, 1)),
    retention_days INTEGER CHECK (retention_days > 0), -- NULL: events never expire
    stored_bytes INTEGER NOT NULL DEFAULT 0 CHECK (stored_bytes >= 0),
    metric_filters INTEGER NOT NULL DEFAULT 0 CHECK (metric_filters >= 0), subscription_filters INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, region, name)
) STRICT;

CREATE INDEX logs_group_by_retention ON logs_group (id) WHERE retention_days IS NOT NULL;

CREATE TABLE logs_metric_filter (
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    transformations TEXT NOT NULL CHECK (json_valid(transformations)),
    PRIMARY KEY (group_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_query (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    group_names TEXT NOT NULL CHECK (json_valid(group_names)),
    text TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    end_s INTEGER NOT NULL,
    result_limit INTEGER,
    status TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    results TEXT NOT NULL DEFAULT '[]',
    statistics TEXT NOT NULL DEFAULT '{}'
) STRICT, WITHOUT ROWID;

CREATE INDEX logs_query_by_region ON logs_query (account, region, created_at_ms, id);

CREATE INDEX logs_query_by_time ON logs_query (created_at_ms);

CREATE INDEX logs_query_pending ON logs_query (created_at_ms) WHERE status IN ('Scheduled', 'Running');

CREATE TABLE logs_query_definition (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    group_names TEXT NOT NULL CHECK (json_valid(group_names)),
    text TEXT NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    UNIQUE (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_resource_policy (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_stream (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
    created_at_ms INTEGER NOT NULL,
    first_event_at_ms INTEGER, -- NULL: nothing was ever put
    last_event_at_ms INTEGER NOT NULL DEFAULT 0,
    last_ingested_at_ms INTEGER,
    UNIQUE (group_id, name)
) STRICT;

CREATE INDEX logs_stream_by_last_event ON logs_stream (group_id, last_event_at_ms, name);

CREATE TABLE logs_subscription_batch (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    stream_id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    endpoint_url TEXT NOT NULL
) STRICT;

CREATE INDEX logs_subscription_batch_by_group ON logs_subscription_batch (group_id);

CREATE TABLE logs_subscription_filter (
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    destination_arn TEXT NOT NULL,
    role_arn TEXT,
    distribution TEXT NOT NULL,
    PRIMARY KEY (group_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_subscription_retry (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    filter_name TEXT NOT NULL,
    stream_id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    endpoint_url TEXT NOT NULL,
    refused_at_ms INTEGER NOT NULL                 -- steady time
) STRICT;

CREATE INDEX logs_subscription_retry_by_filter ON logs_subscription_retry (group_id, filter_name, id);

CREATE TABLE logs_tag (
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (group_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_trash (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    stream_id INTEGER -- NULL: the whole group
) STRICT;

CREATE TABLE s3_bucket (
    name TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    versioning TEXT NOT NULL DEFAULT '' CHECK (versioning IN ('', 'Enabled', 'Suspended'))
) STRICT, WITHOUT ROWID;

CREATE INDEX s3_bucket_by_account ON s3_bucket (account, name);

CREATE TABLE s3_bucket_setting (
    bucket TEXT NOT NULL REFERENCES s3_bucket (name) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (bucket, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE s3_chunk (
    content_id INTEGER NOT NULL REFERENCES s3_content (content_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,                     -- all chunks but the last of a content have the same size
    bytes BLOB NOT NULL,
    PRIMARY KEY (content_id, position)
) STRICT;

CREATE TABLE s3_content (
    content_id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;

CREATE TABLE s3_extent (
    object_id INTEGER NOT NULL REFERENCES s3_object (object_id) ON DELETE CASCADE,
    part_number INTEGER NOT NULL,
    start_byte INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    content_id INTEGER NOT NULL REFERENCES s3_content (content_id),
    PRIMARY KEY (object_id, part_number)
) STRICT, WITHOUT ROWID;

CREATE INDEX s3_extent_by_content ON s3_extent (content_id);

CREATE TABLE s3_notification (
    notification_id INTEGER PRIMARY KEY AUTOINCREMENT,   -- in the order of the events; the sequencer of the record
    bucket TEXT NOT NULL,
    account TEXT NOT NULL,                               -- of the bucket
    region TEXT NOT NULL,
    destination_arn TEXT NOT NULL,
    record TEXT NOT NULL CHECK (json_valid(record)),
    trace_header TEXT NOT NULL,                          -- X-Amzn-Trace-Id of the request, or ''
    noted_at_ms INTEGER NOT NULL                         -- steady time
) STRICT;

CREATE INDEX s3_notification_by_channel ON s3_notification (bucket, destination_arn, notification_id);

CREATE TABLE s3_object (
    object_id INTEGER PRIMARY KEY AUTOINCREMENT,   -- later versions of a key have higher numbers
    bucket TEXT NOT NULL REFERENCES s3_bucket (name),
    key TEXT NOT NULL,
    version_id TEXT NOT NULL,                      -- 'null' for versions made while versioning is off
    is_latest INTEGER NOT NULL CHECK (is_latest IN (0, 1)),
    is_delete_marker INTEGER NOT NULL CHECK (is_delete_marker IN (0, 1)),
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    etag TEXT NOT NULL,                            -- without quotation marks
    modified_at_ms INTEGER NOT NULL,
    superseded_at_ms INTEGER,                      -- when it ceased to be the latest
    headers TEXT NOT NULL,                         -- JSON object: members of PutObject that GetObject gives back
    checksums TEXT NOT NULL, tags TEXT NOT NULL DEFAULT '{}',                       -- JSON object: member (ChecksumCRC32, …) to base64
    UNIQUE (bucket, key, version_id),
    CHECK (is_latest = (superseded_at_ms IS NULL))
) STRICT;

CREATE UNIQUE INDEX s3_object_latest ON s3_object (bucket, key) WHERE is_latest = 1;

CREATE INDEX s3_object_listed ON s3_object (bucket, key) WHERE is_latest = 1 AND is_delete_marker = 0;

CREATE INDEX s3_object_versions ON s3_object (bucket, key, object_id DESC);

CREATE TABLE s3_part (
    upload_id TEXT NOT NULL REFERENCES s3_upload (upload_id) ON DELETE CASCADE,
    part_number INTEGER NOT NULL CHECK (part_number BETWEEN 1 AND 10000),
    content_id INTEGER NOT NULL REFERENCES s3_content (content_id),
    size_bytes INTEGER NOT NULL,
    etag TEXT NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    checksums TEXT NOT NULL,
    PRIMARY KEY (upload_id, part_number)
) STRICT, WITHOUT ROWID;

CREATE INDEX s3_part_by_content ON s3_part (content_id);

CREATE TABLE s3_upload (
    upload_id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES s3_bucket (name),
    key TEXT NOT NULL,
    initiated_at_ms INTEGER NOT NULL,
    checksum_algorithm TEXT NOT NULL,              -- '' for none
    checksum_type TEXT NOT NULL,                   -- COMPOSITE, FULL_OBJECT or ''
    headers TEXT NOT NULL
, tags TEXT NOT NULL DEFAULT '{}') STRICT, WITHOUT ROWID;

CREATE INDEX s3_upload_by_key ON s3_upload (bucket, key, upload_id);

CREATE TABLE sns_fifo_message (
    topic_arn     TEXT NOT NULL REFERENCES sns_topic (arn) ON DELETE CASCADE,
    scope         TEXT NOT NULL,
    dedup_id      TEXT NOT NULL,
    message_id    TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (topic_arn, scope, dedup_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sns_fifo_message_by_expiry ON sns_fifo_message (expires_at_ms);

CREATE TABLE sns_http_delivery (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    account          TEXT NOT NULL,
    region           TEXT NOT NULL,
    topic_arn        TEXT NOT NULL,
    message_type     TEXT NOT NULL CHECK (message_type IN ('Notification', 'SubscriptionConfirmation')),
    url              TEXT NOT NULL,
    headers          TEXT NOT NULL CHECK (json_valid(headers)),
    body             TEXT NOT NULL,
    retries          TEXT NOT NULL CHECK (json_valid(retries)),
    redrive          TEXT CHECK (redrive IS NULL OR json_valid(redrive)),
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at_ms        INTEGER NOT NULL
, described TEXT CHECK (described IS NULL OR json_valid(described))) STRICT;

CREATE INDEX sns_http_delivery_by_due ON sns_http_delivery (due_at_ms, id);

CREATE TABLE sns_signing_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    private_key BLOB NOT NULL,
    certificate BLOB NOT NULL
) STRICT;

CREATE TABLE sns_subscription (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    arn           TEXT NOT NULL UNIQUE,
    topic_arn     TEXT NOT NULL REFERENCES sns_topic (arn),
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    protocol      TEXT NOT NULL,
    endpoint      TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('pending', 'confirmed')),
    token         TEXT UNIQUE,
    authenticated INTEGER NOT NULL CHECK (authenticated IN (0, 1)),
    owner_only_unsubscribes INTEGER NOT NULL DEFAULT 0 CHECK (owner_only_unsubscribes IN (0, 1)),
    attributes    TEXT NOT NULL CHECK (json_valid(attributes)),
    created_at_ms INTEGER NOT NULL,
    UNIQUE (topic_arn, protocol, endpoint),
    CHECK (status = 'confirmed' OR token IS NOT NULL)
) STRICT;

CREATE INDEX sns_subscription_by_account ON sns_subscription (account, region, id);

CREATE INDEX sns_subscription_by_topic ON sns_subscription (topic_arn, id);

CREATE TABLE sns_topic (
    arn                   TEXT NOT NULL PRIMARY KEY,
    account               TEXT NOT NULL,
    region                TEXT NOT NULL,
    name                  TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
    attributes            TEXT NOT NULL CHECK (json_valid(attributes)),
    tags                  TEXT NOT NULL CHECK (json_valid(tags)),
    subscriptions_deleted INTEGER NOT NULL DEFAULT 0,
    newest_sequence       INTEGER NOT NULL DEFAULT 0,
    created_at_ms         INTEGER NOT NULL, data_protection_policy TEXT,
    UNIQUE (account, region, name)
) STRICT;

CREATE TABLE sqs_backlog (
    backlog_id INTEGER PRIMARY KEY,
    queue_id INTEGER,
    visible INTEGER NOT NULL DEFAULT 0 CHECK (visible >= 0),
    in_flight INTEGER NOT NULL DEFAULT 0 CHECK (in_flight >= 0),
    delayed INTEGER NOT NULL DEFAULT 0 CHECK (delayed >= 0)
) STRICT;

CREATE INDEX sqs_backlog_abandoned ON sqs_backlog (backlog_id) WHERE queue_id IS NULL;

CREATE TABLE sqs_body (
    id INTEGER PRIMARY KEY,            -- of sqs_message
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    body_md5 TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    sender_id TEXT NOT NULL,
    attributes TEXT,                   -- JSON of MessageAttributes, binary values in base64
    attributes_md5 TEXT,
    trace_header TEXT,
    group_id TEXT,
    dedup_id TEXT,
    sequence_number TEXT,
    dead_letter_source_arn TEXT,
    receive_count_on_arrival INTEGER NOT NULL DEFAULT 0
, packed BLOB) STRICT;

CREATE TABLE sqs_deduplication (
    backlog_id INTEGER NOT NULL,
    group_scope TEXT NOT NULL,
    dedup_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sequence_number TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (backlog_id, group_scope, dedup_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_deduplication_by_expiry ON sqs_deduplication (expires_at_ms);

CREATE TABLE sqs_message (
    id INTEGER PRIMARY KEY,
    backlog_id INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
    due_at_ms INTEGER NOT NULL,        -- when an in-flight or delayed message becomes visible; 0 for the others
    receive_count INTEGER NOT NULL,
    arrived_at_ms INTEGER NOT NULL,    -- in this backlog: sent, or moved here
    first_received_at_ms INTEGER,
    received_at_ms INTEGER,
    group_id TEXT, uncounted_receives INTEGER NOT NULL DEFAULT 0, by_mapping INTEGER NOT NULL DEFAULT 0 CHECK (by_mapping IN (0, 1)),                     -- of a FIFO queue
    CHECK ((state < 2) = (due_at_ms = 0)),
    CHECK (state <> 2 OR received_at_ms IS NOT NULL),
    CHECK (state <> 1 OR group_id IS NOT NULL)
) STRICT;

CREATE INDEX sqs_message_by_group ON sqs_message (backlog_id, group_id) WHERE group_id IS NOT NULL;

CREATE INDEX sqs_message_by_state ON sqs_message (backlog_id, state, due_at_ms);

CREATE TABLE sqs_message_group (
    backlog_id INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    PRIMARY KEY (backlog_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_message_group_open ON sqs_message_group (backlog_id, position) WHERE is_open = 1;

CREATE TABLE sqs_move_task (
    task_id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    source_arn TEXT NOT NULL,
    destination_arn TEXT,
    messages_per_second INTEGER,
    status TEXT NOT NULL CHECK (status IN ('RUNNING', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED')),
    failure_reason TEXT,
    moved INTEGER NOT NULL DEFAULT 0,
    to_move INTEGER NOT NULL,
    last_message_id INTEGER NOT NULL,  -- messages that arrive after the start are left where they are
    started_at_ms INTEGER NOT NULL,
    CHECK ((status = 'FAILED') = (failure_reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_move_task_by_source ON sqs_move_task (source_arn, started_at_ms);

CREATE UNIQUE INDEX sqs_move_task_running ON sqs_move_task (source_arn) WHERE status = 'RUNNING';

CREATE TABLE sqs_queue (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    queue_id INTEGER NOT NULL UNIQUE,
    backlog_id INTEGER NOT NULL UNIQUE,
    -- Names the content of this row for ever: another content has another revision, so that a parsed queue may be
    -- kept in memory and is used only while the row still says the same revision.
    revision INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    purged_at_ms INTEGER,
    attributes TEXT NOT NULL,          -- JSON object: attribute name to AWS's text, without the defaults
    tags TEXT NOT NULL,                -- JSON object
    dead_letter_arn TEXT, scope_changed_at_ms INTEGER,              -- the target of RedrivePolicy
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_queue_by_dead_letter ON sqs_queue (dead_letter_arn, name) WHERE dead_letter_arn IS NOT NULL;

CREATE TABLE sqs_receive_attempt (
    backlog_id INTEGER NOT NULL,
    attempt_id TEXT NOT NULL,
    receipts TEXT NOT NULL,            -- JSON array of [message id, receive count]
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (backlog_id, attempt_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_receive_attempt_by_expiry ON sqs_receive_attempt (expires_at_ms);

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

CREATE TABLE storage_clock (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  boot_id        TEXT NOT NULL,
  elapsed_ms     INTEGER NOT NULL,
  steady_ms      INTEGER NOT NULL,
  wall_ms        INTEGER NOT NULL,
  untrusted_ms   INTEGER NOT NULL,
  trusted_at_ms  INTEGER NOT NULL
) STRICT;

CREATE TABLE storage_reserved_numbers (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE storage_start (
    id INTEGER PRIMARY KEY,
    started_at_ms INTEGER NOT NULL,
    version TEXT NOT NULL
) STRICT;

CREATE TABLE used_service (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 67;
