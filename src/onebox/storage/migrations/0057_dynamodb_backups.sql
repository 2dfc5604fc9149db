-- DynamoDB: on-demand backups, the history of items for point-in-time recovery, and copies of tables under way.
-- Changes of items are numbered: steady microseconds, made unique and rising (services/dynamodb/recovery/).

-- The number of the change that stored this version; 0 where no history was kept then.
ALTER TABLE dynamodb_items ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;

-- Versions that were replaced or deleted, of tables whose history is kept. Each was the item from changed_at on, until
-- the change numbered replaced_at. A table as it was after a change n is: the items with changed_at <= n, and the
-- versions with changed_at <= n < replaced_at.
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

-- suffix is the end of a backup's ARN, and begins with the time of its creation. The items of a backup are rows of
-- dynamodb_items: under content_id, or under -backup_id where that is NULL. So a deleted table's items become the items
-- of its system backup as they are.
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

CREATE INDEX dynamodb_backups_by_table ON dynamodb_backups (account, region, table_name, suffix);
CREATE INDEX dynamodb_backups_by_expiry ON dynamodb_backups (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

-- Copies under way, resumed after (cursor_partition_key, cursor_sort_key): of a table into a backup, or of a backup or
-- table into a new table. They copy source_id as it was after the change numbered moment.
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

-- Before this version no history was kept: recovery that was switched on reaches back to now.
UPDATE dynamodb_tables
SET definition = json_set(definition, '$.settings.PointInTimeRecovery.SinceMs', CAST(unixepoch() AS INTEGER) * 1000)
WHERE json_extract(definition, '$.settings.PointInTimeRecovery') IS NOT NULL;
