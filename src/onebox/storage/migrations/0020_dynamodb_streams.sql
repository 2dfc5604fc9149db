-- DynamoDB Streams: the streams of tables, and a record for each change of an item, written in the item's own
-- transaction. A stream has one shard. A record's id, counted over all streams, is the tail of its sequence number.

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

CREATE INDEX dynamodb_streams_by_table ON dynamodb_streams (table_id, stream_id);
CREATE INDEX dynamodb_streams_by_end ON dynamodb_streams (disabled_at_ms) WHERE disabled_at_ms IS NOT NULL;

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
