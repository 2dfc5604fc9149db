-- SQS: queues, their backlogs, the messages in them.
--
-- A queue's messages hang on its backlog, not on the queue: PurgeQueue and DeleteQueue give the queue another backlog
-- (or none) in constant time, and the sweeper removes the messages of the old one bit by bit.

CREATE TABLE sqs_queue (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    queue_id INTEGER NOT NULL UNIQUE,
    backlog_id INTEGER NOT NULL UNIQUE,
    -- Names the content of this row for ever: another content has another revision, so that a parsed queue may be
    -- kept in memory and is used only while the row still says the same revision.
    revision INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    purged_at_ms INTEGER,
    attributes TEXT NOT NULL,          -- JSON object: attribute name to AWS's text, without the defaults
    tags TEXT NOT NULL,                -- JSON object
    dead_letter_arn TEXT,              -- the target of RedrivePolicy
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_queue_by_dead_letter ON sqs_queue (dead_letter_arn, name) WHERE dead_letter_arn IS NOT NULL;

-- Numbers kept in the same transaction as the messages they count. queue_id is null for a backlog to be swept away.
CREATE TABLE sqs_backlog (
    backlog_id INTEGER PRIMARY KEY,
    queue_id INTEGER,
    visible INTEGER NOT NULL DEFAULT 0 CHECK (visible >= 0),
    in_flight INTEGER NOT NULL DEFAULT 0 CHECK (in_flight >= 0),
    delayed INTEGER NOT NULL DEFAULT 0 CHECK (delayed >= 0)
) STRICT;

CREATE INDEX sqs_backlog_abandoned ON sqs_backlog (backlog_id) WHERE queue_id IS NULL;

-- The part of a message that changes, narrow, so that a receive does not rewrite the body.
-- id grows with the order of arrival in the backlog and is never used twice.
-- state: 0 ready, 1 behind (visible, but not the first of its message group), 2 in flight, 3 delayed.
CREATE TABLE sqs_message (
    id INTEGER PRIMARY KEY,
    backlog_id INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2, 3)),
    due_at_ms INTEGER NOT NULL,        -- when an in-flight or delayed message becomes visible; 0 for the others
    receive_count INTEGER NOT NULL,
    arrived_at_ms INTEGER NOT NULL,    -- in this backlog: sent, or moved here
    first_received_at_ms INTEGER,
    received_at_ms INTEGER,
    group_id TEXT,                     -- of a FIFO queue
    CHECK ((state < 2) = (due_at_ms = 0)),
    CHECK (state <> 2 OR received_at_ms IS NOT NULL),
    CHECK (state <> 1 OR group_id IS NOT NULL)
) STRICT;

-- One index serves all walks: ready messages in order of id, in-flight and delayed ones by the time they are due.
CREATE INDEX sqs_message_by_state ON sqs_message (backlog_id, state, due_at_ms);
CREATE INDEX sqs_message_by_group ON sqs_message (backlog_id, group_id) WHERE group_id IS NOT NULL;

-- The part that never changes (but for a move to another queue).
CREATE TABLE sqs_body (
    id INTEGER PRIMARY KEY,            -- of sqs_message
    message_id TEXT NOT NULL,
    body TEXT NOT NULL,
    body_md5 TEXT NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    sender_id TEXT NOT NULL,
    attributes TEXT,                   -- JSON of MessageAttributes, binary values in base64
    attributes_md5 TEXT,
    trace_header TEXT,
    group_id TEXT,
    dedup_id TEXT,
    sequence_number TEXT,
    dead_letter_source_arn TEXT,
    receive_count_on_arrival INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What was sent to FIFO queues in the last five minutes. group_scope is '' where the whole queue is the scope.
CREATE TABLE sqs_deduplication (
    queue_id INTEGER NOT NULL,
    group_scope TEXT NOT NULL,
    dedup_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sequence_number TEXT NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue_id, group_scope, dedup_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_deduplication_by_expiry ON sqs_deduplication (expires_at_ms);

-- Receives of FIFO queues with a ReceiveRequestAttemptId, which may be asked for again.
CREATE TABLE sqs_receive_attempt (
    queue_id INTEGER NOT NULL,
    attempt_id TEXT NOT NULL,
    receipts TEXT NOT NULL,            -- JSON array of [message id, receive count]
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue_id, attempt_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_receive_attempt_by_expiry ON sqs_receive_attempt (expires_at_ms);

CREATE TABLE sqs_move_task (
    task_id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    source_arn TEXT NOT NULL,
    destination_arn TEXT,
    messages_per_second INTEGER,
    status TEXT NOT NULL CHECK (status IN ('RUNNING', 'COMPLETED', 'CANCELLING', 'CANCELLED', 'FAILED')),
    failure_reason TEXT,
    moved INTEGER NOT NULL DEFAULT 0,
    to_move INTEGER NOT NULL,
    last_message_id INTEGER NOT NULL,  -- messages that arrive after the start are left where they are
    started_at_ms INTEGER NOT NULL,
    CHECK ((status = 'FAILED') = (failure_reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX sqs_move_task_by_source ON sqs_move_task (source_arn, started_at_ms);
CREATE UNIQUE INDEX sqs_move_task_running ON sqs_move_task (source_arn) WHERE status = 'RUNNING';
