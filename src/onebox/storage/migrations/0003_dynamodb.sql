-- DynamoDB: tables, items in key order, secondary-index entries, exact sizes, transaction tokens.
-- A key column holds the attribute's value in an encoding whose byte order is DynamoDB's order; the first byte of a
-- partition key is its scan slot (services/dynamodb/values/keys.py).

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

CREATE TABLE dynamodb_indexes (
    index_id        INTEGER PRIMARY KEY AUTOINCREMENT,
    table_id        INTEGER NOT NULL,
    name            TEXT NOT NULL,
    definition      TEXT NOT NULL CHECK (json_valid(definition)),
    UNIQUE (table_id, name)
) STRICT;

-- index_id 0 is the table itself.
CREATE TABLE dynamodb_sizes (
    table_id        INTEGER NOT NULL,
    index_id        INTEGER NOT NULL,
    item_count      INTEGER NOT NULL CHECK (item_count >= 0),
    size_bytes      INTEGER NOT NULL CHECK (size_bytes >= 0),
    PRIMARY KEY (table_id, index_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dynamodb_items (
    item_id         INTEGER PRIMARY KEY,
    table_id        INTEGER NOT NULL,
    partition_key   BLOB NOT NULL,
    sort_key        BLOB NOT NULL,
    size_bytes      INTEGER NOT NULL,
    expires_at_s    INTEGER,
    item            BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX dynamodb_items_by_key ON dynamodb_items (table_id, partition_key, sort_key);
CREATE INDEX dynamodb_items_by_expiry ON dynamodb_items (table_id, expires_at_s) WHERE expires_at_s IS NOT NULL;

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

-- Work that goes on in the background in small steps, and goes on after a restart.
-- fill_index: entries of a new index; fill_expiry: expiry times after TTL was switched on;
-- drop_items, drop_entries: rows of a deleted table or index. Walks resume after (cursor_partition_key, cursor_sort_key).
CREATE TABLE dynamodb_chores (
    chore_id                INTEGER PRIMARY KEY,
    kind                    TEXT NOT NULL CHECK (kind IN ('fill_index', 'fill_expiry', 'drop_items', 'drop_entries')),
    table_id                INTEGER NOT NULL,
    index_id                INTEGER NOT NULL,
    cursor_partition_key    BLOB NOT NULL,
    cursor_sort_key         BLOB NOT NULL
) STRICT;

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
