-- The services that were used in this database. Only they can have work that goes on after a start: the others are
-- loaded when a request asks for them.
CREATE TABLE used_service (
    name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- A database from before this table does not say: all that may have work count as used.
WITH old_data (is_there) AS (
    SELECT EXISTS (SELECT 1 FROM storage_start)
        OR EXISTS (SELECT 1 FROM sqs_queue)
        OR EXISTS (SELECT 1 FROM sns_topic)
        OR EXISTS (SELECT 1 FROM dynamodb_tables)
        OR EXISTS (SELECT 1 FROM lambda_functions)
        OR EXISTS (SELECT 1 FROM logs_group)
        OR EXISTS (SELECT 1 FROM cloudwatch_metric)
        OR EXISTS (SELECT 1 FROM cloudwatch_alarm)
        OR EXISTS (SELECT 1 FROM cloudformation_stacks)
        OR EXISTS (SELECT 1 FROM s3_bucket)
)
INSERT INTO used_service (name)
SELECT names.column1
FROM old_data, (VALUES ('s3'), ('sqs'), ('dynamodb'), ('logs'), ('sns'), ('lambda'), ('cloudwatch'), ('cloudformation'))
    AS names
WHERE old_data.is_there;
