-- CloudWatch Logs: resource policies, subscription filters with what they still have to deliver, Insights queries.

CREATE TABLE logs_resource_policy (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE logs_group ADD COLUMN subscription_filters INTEGER NOT NULL DEFAULT 0;

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

-- Events of one put that subscription filters have not looked at yet: the rows from first_id to last_id of a stream.
CREATE TABLE logs_subscription_batch (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    stream_id INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    endpoint_url TEXT NOT NULL
) STRICT;

CREATE INDEX logs_subscription_batch_by_group ON logs_subscription_batch (group_id);

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
