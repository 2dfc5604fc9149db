"""The limits of DynamoDB. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""

from __future__ import annotations

ITEM_BYTES_MAX = 400 * 1024
PAGE_BYTES_MAX = 1024 * 1024
"""A Query or Scan reads at most this much before it answers with LastEvaluatedKey."""
BATCH_GET_BYTES_MAX = 16 * 1024 * 1024
BATCH_JSON_BYTES_MAX = 20 * 1024 * 1024
"""Items of a batch whose JSON is larger together are left unprocessed, ours: an item of many small values has up to
eight times the JSON of its size."""
TRANSACTION_BYTES_MAX = 4 * 1024 * 1024
"""Of the items before the transaction, and of those after it."""

ATTRIBUTE_NAME_BYTES_MAX = 65_535

PARTITION_KEY_BYTES_MAX = 2048
SORT_KEY_BYTES_MAX = 1024

CONTAINER_BYTES = 3
"""What a map or list costs, besides one byte for each member."""
NESTING_MAX = 32
NUMBER_DIGITS_MAX = 38
NUMBER_MAGNITUDE_MAX = 125
NUMBER_MAGNITUDE_MIN = -130

EXPRESSION_BYTES_MAX = 4096
EXPRESSION_OPERATORS_MAX = 300
IN_OPERANDS_MAX = 100
EXPRESSION_NESTING_MAX = 150
"""Of parentheses, NOT and functions; ours, below the operators' limit, because the parser calls itself."""
EXPRESSION_CACHE_ENTRIES = 2048
"""How many parsed expressions of each kind are kept; ours."""

MEMBERS_MAX = 5_000
"""Of Expected, filters and AttributeUpdates, and names or values of expressions, ours: some 40 ms of work."""
BATCH_WRITES_MAX = 25
BATCH_GETS_MAX = 100
TRANSACTION_ACTIONS_MAX = 100
BATCH_STATEMENTS_MAX = 25
STATEMENT_CHARACTERS_MAX = 8192
TOTAL_SEGMENTS_MAX = 1_000_000

KEY_ATTRIBUTES_MAX = 4
"""HASH attributes of a global index's key, and RANGE attributes."""
GLOBAL_INDEXES_MAX = 20
LOCAL_INDEXES_MAX = 5
PROJECTED_ATTRIBUTES_MAX = 100
TAGS_MAX = 50

TRANSACTION_TOKEN_MS = 10 * 60 * 1000
TTL_SWEEP_MS = 60_000
TTL_AGE_MAX_S = 5 * 365 * 24 * 3600
"""Items that expired longer ago than this are never deleted by TTL."""

STREAM_RETENTION_MS = 24 * 3600 * 1000
STREAM_PAGE_BYTES_MAX = 1024 * 1024

CAPACITY_UNITS_MAX = 1_000_000_000_000
READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024

LONG_WORK_BYTES = 64 * 1024
"""Stored items of more JSON are looked into beside the event loop, ours: up to 7 ms of work."""
STEP_ITEMS = 200
STEP_BYTES = 1024 * 1024
"""How much one step of background work handles at most, ours: a few milliseconds of work."""
RECOVERY_DAYS_MAX = 35
"""Also the period where none is given."""
RECOVERY_LAG_MS = 5 * 60 * 1000
"""AWS can restore a table as it was up to five minutes ago."""
SYSTEM_BACKUP_DAYS = 35
RESTORES_MAX = 50
"""How many restores of an account go on at once."""
