-- Topics. ``attributes`` holds only what was set; defaults are AWS's and belong to the program.
CREATE TABLE sns_topic (
    arn                   TEXT NOT NULL PRIMARY KEY,
    account               TEXT NOT NULL,
    region                TEXT NOT NULL,
    name                  TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 256),
    attributes            TEXT NOT NULL CHECK (json_valid(attributes)),
    tags                  TEXT NOT NULL CHECK (json_valid(tags)),
    subscriptions_deleted INTEGER NOT NULL DEFAULT 0,
    newest_sequence       INTEGER NOT NULL DEFAULT 0,
    created_at_ms         INTEGER NOT NULL,
    UNIQUE (account, region, name)
) STRICT;

-- Subscriptions. A token waits for ConfirmSubscription exactly as long as the subscription is pending.
CREATE TABLE sns_subscription (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    arn           TEXT NOT NULL UNIQUE,
    topic_arn     TEXT NOT NULL REFERENCES sns_topic (arn),
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    protocol      TEXT NOT NULL,
    endpoint      TEXT NOT NULL,
    principal_arn TEXT NOT NULL,
    status        TEXT NOT NULL CHECK (status IN ('pending', 'confirmed')),
    token         TEXT UNIQUE,
    authenticated INTEGER NOT NULL CHECK (authenticated IN (0, 1)),
    owner_only_unsubscribes INTEGER NOT NULL DEFAULT 0 CHECK (owner_only_unsubscribes IN (0, 1)),
    attributes    TEXT NOT NULL CHECK (json_valid(attributes)),
    created_at_ms INTEGER NOT NULL,
    UNIQUE (topic_arn, protocol, endpoint),
    CHECK (status = 'confirmed' OR token IS NOT NULL)
) STRICT;

CREATE INDEX sns_subscription_by_topic ON sns_subscription (topic_arn, id);
CREATE INDEX sns_subscription_by_account ON sns_subscription (account, region, id);

-- What FIFO topics published in the last five minutes; ``scope`` is a message group, or '' for the whole topic.
CREATE TABLE sns_fifo_message (
    topic_arn     TEXT NOT NULL REFERENCES sns_topic (arn) ON DELETE CASCADE,
    scope         TEXT NOT NULL,
    dedup_id      TEXT NOT NULL,
    message_id    TEXT NOT NULL,
    sequence      INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    PRIMARY KEY (topic_arn, scope, dedup_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX sns_fifo_message_by_expiry ON sns_fifo_message (expires_at_ms);

-- Requests to HTTP and HTTPS endpoints that are still to be made, or made again. ``redrive`` is the message for the
-- dead-letter queue if all attempts fail.
CREATE TABLE sns_http_delivery (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    account          TEXT NOT NULL,
    region           TEXT NOT NULL,
    topic_arn        TEXT NOT NULL,
    message_type     TEXT NOT NULL CHECK (message_type IN ('Notification', 'SubscriptionConfirmation')),
    url              TEXT NOT NULL,
    headers          TEXT NOT NULL CHECK (json_valid(headers)),
    body             TEXT NOT NULL,
    retries          TEXT NOT NULL CHECK (json_valid(retries)),
    redrive          TEXT CHECK (redrive IS NULL OR json_valid(redrive)),
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    due_at_ms        INTEGER NOT NULL
) STRICT;

CREATE INDEX sns_http_delivery_by_due ON sns_http_delivery (due_at_ms, id);
