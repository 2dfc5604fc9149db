"""Lambda's quotas. AWS: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

from __future__ import annotations

MEMORY_MB_MIN = 128
MEMORY_MB_MAX = 10_240
MEMORY_MB_DEFAULT = 128
TIMEOUT_S_MIN = 1
TIMEOUT_S_MAX = 900
TIMEOUT_S_DEFAULT = 3
EPHEMERAL_STORAGE_MB_MIN = 512
EPHEMERAL_STORAGE_MB_MAX = 10_240

INLINE_ZIP_BYTES_MAX = 50 * 1024 * 1024
UNZIPPED_BYTES_MAX = 250 * 1024 * 1024
TOTAL_CODE_BYTES_MAX = 75 * 1024 * 1024 * 1024
ZIP_ENTRIES_MAX = 65_534
"""Ours, not AWS's: a bound on what one archive may make the file system do."""
ZIP_DIRECTORY_BYTES_MAX = 12 * 1024 * 1024
"""Ours, not AWS's: the table of contents of an archive."""

ENVIRONMENT_BYTES_MAX = 4096
DESCRIPTION_CHARACTERS_MAX = 256
HANDLER_CHARACTERS_MAX = 128
FUNCTION_NAME_CHARACTERS_MAX = 64
FUNCTION_REFERENCE_CHARACTERS_MAX = 140
TAGS_MAX = 50

REQUEST_BYTES_MAX = 6 * 1024 * 1024
"""The event of a synchronous invocation."""
EVENT_BYTES_MAX = 1024 * 1024
"""The event of an asynchronous invocation."""
RESPONSE_BYTES_MAX = 6 * 1024 * 1024 + 100
STREAMED_BYTES_MAX = 200 * 1024 * 1024
"""A response that the function streams."""
LOG_TAIL_BYTES_MAX = 4096

CONCURRENT_EXECUTIONS_MAX = 1000
UNRESERVED_CONCURRENT_EXECUTIONS_MIN = 100

CALLS_MAX_DEFAULT = 20_000
"""Ours, not AWS's: a function's process is replaced after so many invocations, as AWS ends its environments."""
INIT_MS_MAX = 10_000
SESSION_S = 12 * 3600

EVENT_RETRIES_MAX = 2
EVENT_AGE_S_MAX = 6 * 3600
EVENT_AGE_S_MIN = 60
EVENTS_UNDER_WAY_MAX = 100
"""Ours, not AWS's: how many asynchronous invocations are in memory at a time; the others wait in the database."""
EVENT_RETRY_DELAYS_MS = (60_000, 120_000)
"""Between the attempts of an asynchronous invocation whose function failed."""

BATCH_SIZE_MAX = 10_000
BATCH_SIZE_FIFO_MAX = 10
BATCH_SIZE_DEFAULT = 10
BATCH_SIZE_STREAM_DEFAULT = 100
BATCHING_WINDOW_S_MAX = 300
MAPPING_CONCURRENCY_MIN = 2
MAPPING_CONCURRENCY_MAX = 1000

LAYERS_MAX = 5
"""The layers of a function."""
LAYER_RUNTIMES_MAX = 15

POLICY_BYTES_MAX = 20 * 1024
"""A resource policy."""
STATEMENT_ID_CHARACTERS_MAX = 100
