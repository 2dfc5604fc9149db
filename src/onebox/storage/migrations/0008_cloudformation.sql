-- CloudFormation: stacks, their resources, events, change sets, exports, drift.

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
-- A name is free again once its stack is deleted; deleted stacks stay readable by id.
CREATE UNIQUE INDEX cloudformation_stacks_by_name
    ON cloudformation_stacks (account, region, name) WHERE deleted_at_ms IS NULL;
CREATE INDEX cloudformation_stacks_by_age ON cloudformation_stacks (account, region, created_at_ms DESC);
CREATE INDEX cloudformation_stacks_deleted ON cloudformation_stacks (deleted_at_ms) WHERE deleted_at_ms IS NOT NULL;
CREATE INDEX cloudformation_stacks_at_work ON cloudformation_stacks (stack_id) WHERE operation IS NOT NULL;

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
    settled_in TEXT,                   -- token of the operation that last brought it where it shall be
    created_in TEXT NOT NULL,          -- token of the operation that made it
    previous TEXT,                     -- JSON: what it was before the running update
    drift_status TEXT NOT NULL DEFAULT 'NOT_CHECKED',
    drift_checked_at_ms INTEGER,
    drift TEXT,                        -- JSON: the last comparison
    PRIMARY KEY (stack_id, logical_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX cloudformation_resources_by_physical_id ON cloudformation_resources (physical_id);

-- Physical resources that the stack no longer wants and that cleanup will end.
CREATE TABLE cloudformation_leftovers (
    id INTEGER PRIMARY KEY,
    stack_id TEXT NOT NULL REFERENCES cloudformation_stacks (stack_id),
    logical_id TEXT NOT NULL,
    type TEXT NOT NULL,
    physical_id TEXT NOT NULL,
    body TEXT NOT NULL,
    retain INTEGER NOT NULL CHECK (retain IN (0, 1))
) STRICT;
CREATE INDEX cloudformation_leftovers_by_stack ON cloudformation_leftovers (stack_id, id);

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
