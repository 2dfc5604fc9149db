-- Sequences of rising numbers: up to last, some may have been given, also to rows that are gone.
CREATE TABLE storage_reserved_numbers (
    name TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
