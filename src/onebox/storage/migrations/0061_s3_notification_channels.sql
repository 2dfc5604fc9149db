-- Events wait by bucket and destination: a destination may let one bucket in and refuse another.
CREATE INDEX s3_notification_by_channel ON s3_notification (bucket, destination_arn, notification_id);
DROP INDEX s3_notification_by_destination;
