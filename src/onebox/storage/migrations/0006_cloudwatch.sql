-- CloudWatch: metrics, their datapoints, alarms with their history, dashboards, tags.

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

-- One row for each metric, resolution, moment and unit. Rows of 60 s become rows of 300 s after 15 days and of
-- 3600 s after 63 days; rows of 1 s stand beside the rows of 60 s that sum them up, and go after 3 hours.
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
    endpoint_url TEXT NOT NULL, -- where the client that put the alarm reached us; for what its actions write
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

CREATE TABLE cloudwatch_tag (
    arn TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) STRICT, WITHOUT ROWID;
