-- Event notifications of S3 that were not delivered yet. A row is written in the transaction of the object's change and
-- deleted in that of its delivery. No foreign key: an event outlives its bucket.
CREATE TABLE s3_notification (
    notification_id INTEGER PRIMARY KEY AUTOINCREMENT,   -- in the order of the events; the sequencer of the record
    bucket TEXT NOT NULL,
    account TEXT NOT NULL,                               -- of the bucket
    region TEXT NOT NULL,
    destination_arn TEXT NOT NULL,
    record TEXT NOT NULL CHECK (json_valid(record)),
    trace_header TEXT NOT NULL,                          -- X-Amzn-Trace-Id of the request, or ''
    noted_at_ms INTEGER NOT NULL                         -- steady time
) STRICT;

CREATE INDEX s3_notification_by_destination ON s3_notification (destination_arn, notification_id);
