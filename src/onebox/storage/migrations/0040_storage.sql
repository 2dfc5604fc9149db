-- When this database was opened, and by which version; the newest hundred starts.
CREATE TABLE storage_start (
    id INTEGER PRIMARY KEY,
    started_at_ms INTEGER NOT NULL,
    version TEXT NOT NULL
) STRICT;
