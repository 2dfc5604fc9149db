-- CloudWatch Logs. Events are append-only: the table is written at its end, its two indexes near the end of one
-- group's and one stream's range, so a batch touches a handful of pages whatever the size of the log.

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
    metric_filters INTEGER NOT NULL DEFAULT 0 CHECK (metric_filters >= 0),
    UNIQUE (account, region, name)
) STRICT;

CREATE INDEX logs_group_by_retention ON logs_group (id) WHERE retention_days IS NOT NULL;

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

-- No foreign keys: deleting a group of a million events must not hold up the event loop, so the sweeper removes them.
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

-- Deleted groups and streams whose events still have to be removed.
CREATE TABLE logs_trash (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL,
    stream_id INTEGER -- NULL: the whole group
) STRICT;

CREATE TABLE logs_tag (
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (group_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs_metric_filter (
    group_id INTEGER NOT NULL REFERENCES logs_group (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    pattern TEXT NOT NULL,
    transformations TEXT NOT NULL CHECK (json_valid(transformations)),
    PRIMARY KEY (group_id, name)
) STRICT, WITHOUT ROWID;
