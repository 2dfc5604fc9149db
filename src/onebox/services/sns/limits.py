"""SNS's quotas. AWS: https://docs.aws.amazon.com/general/latest/gr/sns.html"""

MESSAGE_BYTES_DEFAULT = 262_144
MESSAGE_BYTES_LEAST = 1_024
MESSAGE_BYTES_MOST = 1_048_576
# A topic that takes larger messages has few subscriptions, and only of these protocols.
LARGE_MESSAGE_SUBSCRIPTIONS_MAX = 100
LARGE_MESSAGE_PROTOCOLS = frozenset(("sqs", "lambda"))

BATCH_ENTRIES_MAX = 10
BATCH_ENTRY_ID_CHARACTERS_MAX = 80
FIFO_SUBSCRIPTIONS_MAX = 100
SUBJECT_CHARACTERS_MAX = 100
TAGS_MAX = 50
POLICY_BYTES_MAX = 30_720
DATA_PROTECTION_POLICY_BYTES_MAX = 30_720
PAGE_ITEMS = 100

TOPIC_NAME_CHARACTERS_MAX = 256
FIFO_ID_CHARACTERS_MAX = 128
FIFO_DEDUPLICATION_MS = 300_000

FILTER_POLICY_KEYS_MAX = 5
FILTER_POLICY_COMBINATIONS_MAX = 150
FILTER_POLICY_BYTES_MAX = 262_144
FILTER_POLICY_DEPTH_MAX = 100
FILTER_KEY_PARTS_MAX = 100
# AWS: 1 point for a pattern with one wildcard, 3 for each wildcard of a pattern with several.
FILTER_WILDCARDS_OF_PATTERN_MAX = 3
FILTER_WILDCARD_POINTS_MAX = 100
# Ours: a message that needs more tests of its values than this is filtered out, so that no message delays others. Only
# the values of the policy's keys are tested: it takes an array of thousands of elements there, or of hundreds and a
# policy of a hundred conditions.
FILTER_TESTS_MAX = 40_000
# Ours: deliveries to so many subscriptions, or to fewer that take five milliseconds, are made in one turn of the loop.
FANOUT_PARTS_MAX = 100
# Ours: the messages of all publishes whose deliveries are under way, each publish counted as 4 KiB besides.
FANOUTS_BYTES_MAX = 64 * 1024 * 1024
FANOUT_OVERHEAD_BYTES = 4_096

RAW_DELIVERY_ATTRIBUTES_MAX = 10
CONFIRMATION_TOKEN_MS = 172_800_000
