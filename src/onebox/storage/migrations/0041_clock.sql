-- The steady time, kept for the next process (onebox/steady_clock.py). One row.
CREATE TABLE storage_clock (
  id             INTEGER PRIMARY KEY CHECK (id = 1),
  boot_id        TEXT NOT NULL,
  elapsed_ms     INTEGER NOT NULL,
  steady_ms      INTEGER NOT NULL,
  wall_ms        INTEGER NOT NULL,
  untrusted_ms   INTEGER NOT NULL,
  trusted_at_ms  INTEGER NOT NULL
) STRICT;
