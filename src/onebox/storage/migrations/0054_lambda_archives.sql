-- The archives of functions and layers in pieces, so that a large one is stored and read over several turns of the
-- event loop. An archive without a row in lambda_code is being stored, or was left by a crash, or is no longer used.
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

ALTER TABLE lambda_code ADD COLUMN archive_id INTEGER REFERENCES lambda_archive (archive_id);
INSERT INTO lambda_archive (archive_id, archive_bytes) SELECT rowid, length(archive) FROM lambda_code;
INSERT INTO lambda_archive_piece (archive_id, position, bytes)
    WITH RECURSIVE piece (archive_id, position, archive_bytes) AS (
        SELECT archive_id, 0, archive_bytes FROM lambda_archive
        UNION ALL
        SELECT archive_id, position + 1, archive_bytes FROM piece WHERE (position + 1) * 1048576 < archive_bytes
    )
    SELECT piece.archive_id, piece.position, substr(c.archive, piece.position * 1048576 + 1, 1048576)
    FROM piece JOIN lambda_code AS c ON c.rowid = piece.archive_id;
UPDATE lambda_code SET archive_id = rowid, unzipped_bytes = coalesce(unzipped_bytes, length(archive));
ALTER TABLE lambda_code DROP COLUMN archive;
CREATE INDEX lambda_code_by_archive ON lambda_code (archive_id);

-- The revision of a policy is that of its function, version or alias.
ALTER TABLE lambda_policies DROP COLUMN revision_id;
