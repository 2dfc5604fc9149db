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
# How long AWS takes to put a changed attribute into force.
ATTRIBUTE_CHANGE_MS = 60 * SECOND_MS
DEDUPLICATION_MS = 5 * 60 * SECOND_MS
RECEIVE_ATTEMPT_MS = 5 * 60 * SECOND_MS

RECEIVE_COUNT_MAX = 1000
REDRIVE_ALLOW_SOURCES_MAX = 10
MOVE_MESSAGES_PER_SECOND_MAX = 500
MOVE_TASK_RESULTS_MAX = 10

# Ours: what may be done in one turn of the event loop, so that nobody waits long for the next one. A message is removed
# or moved in 10 to 20 microseconds, with its message group in three times as long; each 8 KB of its text count as one.
LOOK_CHANGES_MAX = 100
"""Messages that all looks of a turn remove or move, about: too old, or received too often. So many more may become
visible at each look."""
LOOKS_OF_SHORT_POLL_MAX = 10
"""A short poll that finds nothing but such messages looks on in further turns, and then gives up."""
SHORT_POLL_MS_MAX = 5_000
"""So long at most, since many polls may take turns."""
CHANGE_BYTES = 8_192
CHANGES_IN_GROUP = 3
COUNTED_CHANGES_MAX = 1_000
"""Messages that become visible, and half as many that are removed, when a queue's messages are counted."""
SWEEP_CHANGES_MAX = 500
SWEEP_INTERVAL_MS = 60 * SECOND_MS
SWEEP_QUEUES_MAX = 50
MOVE_MESSAGES_PER_STEP_MAX = 200
