-- The message groups of FIFO queues in the order in which they are received from. A group has a row while it has
-- messages. position: a row id of the same sequence as the messages'; the group's first message gives it, and each
-- receive from the group gives it the last one. is_open: the first message of the group is
-- visible, so that messages may be received from it.
CREATE TABLE sqs_message_group (
    backlog_id INTEGER NOT NULL,
    group_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    PRIMARY KEY (backlog_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_message_group_open ON sqs_message_group (backlog_id, position) WHERE is_open = 1;

-- The state is that of the group's first message: SQLite takes bare columns from the row of min().
INSERT INTO sqs_message_group (backlog_id, group_id, position, is_open)
    SELECT backlog_id, group_id, min(id), state IN (0, 1) FROM sqs_message
    WHERE group_id IS NOT NULL GROUP BY backlog_id, group_id;

-- State 1 (visible, but behind another message of its group) is no more.
UPDATE sqs_message SET state = 0 WHERE state = 1;

-- Receives that are not counted, since the process that had the message ended before its attempt did; and whether the
-- receive in progress was made by an event source mapping of the process that runs.
ALTER TABLE sqs_message ADD COLUMN uncounted_receives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sqs_message ADD COLUMN by_mapping INTEGER NOT NULL DEFAULT 0 CHECK (by_mapping IN (0, 1));

-- A changed deduplication scope comes into force a minute later.
ALTER TABLE sqs_queue ADD COLUMN scope_changed_at_ms INTEGER;

-- What is remembered hangs on the backlog, so that PurgeQueue forgets it.
DELETE FROM sqs_deduplication WHERE queue_id NOT IN (SELECT queue_id FROM sqs_queue);
ALTER TABLE sqs_deduplication RENAME COLUMN queue_id TO backlog_id;
UPDATE sqs_deduplication SET backlog_id =
    (SELECT q.backlog_id FROM sqs_queue q WHERE q.queue_id = sqs_deduplication.backlog_id);
DELETE FROM sqs_receive_attempt WHERE queue_id NOT IN (SELECT queue_id FROM sqs_queue);
ALTER TABLE sqs_receive_attempt RENAME COLUMN queue_id TO backlog_id;
UPDATE sqs_receive_attempt SET backlog_id =
    (SELECT q.backlog_id FROM sqs_queue q WHERE q.queue_id = sqs_receive_attempt.backlog_id);
