"""The limits of SQS, in AWS's numbers.

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html
"""

from __future__ import annotations

SECOND_MS = 1000

QUEUE_NAME_CHARACTERS_MAX = 80
LIST_RESULTS_MAX = 1000
TAGS_MAX = 50
TAG_KEY_CHARACTERS_MAX = 128
TAG_VALUE_CHARACTERS_MAX = 256

# 1 MiB for a message and for all messages of a batch since August 2025.
MESSAGE_BYTES_MAX = 1_048_576
BATCH_BYTES_MAX = 1_048_576
BATCH_ENTRIES_MAX = 10
BATCH_ENTRY_ID_CHARACTERS_MAX = 80

MESSAGE_ATTRIBUTES_MAX = 10
ATTRIBUTE_NAME_BYTES_MAX = 256
ATTRIBUTE_TYPE_BYTES_MAX = 256

DELAY_S_MAX = 900
VISIBILITY_TIMEOUT_S_MAX = 43_200
WAIT_TIME_S_MAX = 20
RECEIVE_MESSAGES_MAX = 10

POLICY_BYTES_MAX = 8_192

IN_FLIGHT_MAX = 120_000
PURGE_PAUSE_MS = 60 * SECOND_MS
DEDUPLICATION_MS = 5 * 60 * SECOND_MS
RECEIVE_ATTEMPT_MS = 5 * 60 * SECOND_MS

RECEIVE_COUNT_MAX = 1000
REDRIVE_ALLOW_SOURCES_MAX = 10
MOVE_MESSAGES_PER_SECOND_MAX = 500
MOVE_TASK_RESULTS_MAX = 10

# Ours: how many due or expired messages one request may update besides its own work, and how
# many the sweeper and a move task take at a time, so that neither holds up the event loop.
TRANSITIONS_PER_REQUEST_MAX = 1000
SWEEP_MESSAGES_MAX = 500
SWEEP_INTERVAL_MS = 60 * SECOND_MS
SWEEP_QUEUES_MAX = 50
MOVE_MESSAGES_PER_STEP_MAX = 200
# The body of a request. A batch of 1 MiB is up to three times as long when its characters are escaped in JSON or
# percent-encoded.
REQUEST_BYTES_MAX = 3 * BATCH_BYTES_MAX + 262_144
