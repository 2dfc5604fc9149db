-- S3: buckets, objects and their versions, uploads in parts, and the bytes of all of them.
--
-- Bytes hang on a content, cut into chunks; an object is one or more extents (one for each part of its upload), each
-- of which is a content. So completing an upload moves no bytes, and a range is read without its neighbours.

-- The namespace of buckets is shared by all accounts and regions, as on AWS.
CREATE TABLE s3_bucket (
    name TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    versioning TEXT NOT NULL DEFAULT '' CHECK (versioning IN ('', 'Enabled', 'Suspended'))
) STRICT, WITHOUT ROWID;

CREATE INDEX s3_bucket_by_account ON s3_bucket (account, name);

-- Policy, tagging, encryption and the like: one JSON document for each kind.
CREATE TABLE s3_bucket_setting (
    bucket TEXT NOT NULL REFERENCES s3_bucket (name) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (bucket, kind)
) STRICT, WITHOUT ROWID;

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
    checksums TEXT NOT NULL,                       -- JSON object: member (ChecksumCRC32, …) to base64
    UNIQUE (bucket, key, version_id),
    CHECK (is_latest = (superseded_at_ms IS NULL))
) STRICT;

CREATE UNIQUE INDEX s3_object_latest ON s3_object (bucket, key) WHERE is_latest = 1;
CREATE INDEX s3_object_listed ON s3_object (bucket, key) WHERE is_latest = 1 AND is_delete_marker = 0;
CREATE INDEX s3_object_versions ON s3_object (bucket, key, object_id DESC);

CREATE TABLE s3_extent (
    object_id INTEGER NOT NULL REFERENCES s3_object (object_id) ON DELETE CASCADE,
    part_number INTEGER NOT NULL,
    start_byte INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    content_id INTEGER NOT NULL REFERENCES s3_content (content_id),
    PRIMARY KEY (object_id, part_number)
) STRICT, WITHOUT ROWID;

CREATE INDEX s3_extent_by_content ON s3_extent (content_id);

CREATE TABLE s3_content (
    content_id INTEGER PRIMARY KEY AUTOINCREMENT
) STRICT;

CREATE TABLE s3_chunk (
    content_id INTEGER NOT NULL REFERENCES s3_content (content_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,                     -- all chunks but the last of a content have the same size
    bytes BLOB NOT NULL,
    PRIMARY KEY (content_id, position)
) STRICT;

CREATE TABLE s3_upload (
    upload_id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES s3_bucket (name),
    key TEXT NOT NULL,
    initiated_at_ms INTEGER NOT NULL,
    checksum_algorithm TEXT NOT NULL,              -- '' for none
    checksum_type TEXT NOT NULL,                   -- COMPOSITE, FULL_OBJECT or ''
    headers TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX s3_upload_by_key ON s3_upload (bucket, key, upload_id);

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
