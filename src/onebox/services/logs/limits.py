"""Quotas of CloudWatch Logs.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
"""

from __future__ import annotations

BATCH_BYTES_MAX = 1_048_576
BATCH_EVENTS_MAX = 10_000
BATCH_SPAN_MS_MAX = 24 * 3_600_000
EVENT_OVERHEAD_BYTES = 26
"""AWS counts every event as its UTF-8 bytes and 26 more, in batches, in answers and in stored bytes."""
EVENT_AGE_MS_MAX = 14 * 86_400_000
EVENT_FUTURE_MS_MAX = 2 * 3_600_000

PAGE_BYTES_MAX = 1_048_576
PAGE_EVENTS_MAX = 10_000
SCAN_EVENTS_MAX = 10_000
"""FilterLogEvents looks at so many events for one answer and then hands out a page, even an empty one, with a
token, as AWS does; a rare pattern in a large log never holds up the event loop."""
SLICE_EVENTS = 500
SLICE_BYTES = 256 * 1024
"""A search reads so much at a time and lets other requests be answered before it goes on."""
INLINE_WORK_MAX = 4 * 1024 * 1024
"""Characters times tests of a pattern up to which matching stays on the event loop."""
DESCRIBE_ITEMS_MAX = 50
LIST_ITEMS_MAX = 1_000

QUERY_CHARACTERS_MAX = 10_000
QUERY_GROUPS_MAX = 50
QUERIES_AT_ONCE_MAX = 30
QUERY_KEEP_MS = 7 * 86_400_000
QUERY_RESULT_BYTES_MAX = 4 * 1024 * 1024
"""Text that the results of a query hold; rows beyond it are left out."""
QUERY_SLICE_EVENTS = 200
QUERY_SLICE_BYTES = 256 * 1024
"""A query looks at so much at a time and lets requests be answered before it goes on."""

LIVE_TAIL_GROUPS_MAX = 10
LIVE_TAIL_STREAMS_MAX = 10
LIVE_TAILS_MAX = 15
LIVE_TAIL_INTERVAL_MS = 1_000
LIVE_TAIL_EVENTS_MAX = 500
"""Events in an update; of more, as many are shown, spread evenly."""
LIVE_TAIL_WAITING_EVENTS_MAX = 5_000
LIVE_TAIL_SESSION_MS = 3 * 3_600_000

RECORD_FIELDS_MAX = 200
"""Fields that are found in an event's JSON."""
GROUP_FIELDS_MAX = 1_000
"""Different fields that are counted in a group's events; the rest is left out, to bound the memory."""

FILTER_STREAMS_MAX = 100
METRIC_FILTERS_PER_GROUP_MAX = 100
SUBSCRIPTION_FILTERS_PER_GROUP_MAX = 2
RESOURCE_POLICIES_MAX = 10
POLICY_CHARACTERS_MAX = 5_120
METRIC_FILTER_DIMENSIONS_MAX = 3
TAGS_MAX = 50

RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
DAY_MS = 86_400_000

SWEEP_INTERVAL_MS = 300_000
SWEEP_EVENTS_MAX = 2_000
"""Events removed in one go; what is left waits for a second, so that requests are served in between."""
SWEEP_PAUSE_MS = 1_000

SUBSCRIPTION_RETRY_MS = 30_000
SUBSCRIPTION_RETRIED_MS = 24 * 3_600_000
"""For how long events are tried again whose destination refuses them, and the pause in between."""
SUBSCRIPTION_RETRIES_AT_ONCE = 100
