-- Events that a subscription filter's destination refused: tried again for a day.
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
