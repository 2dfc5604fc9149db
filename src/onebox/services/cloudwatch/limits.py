"""Quotas and times of CloudWatch.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

from __future__ import annotations

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

DIMENSIONS_MAX = 30
METRICS_PER_PUT_MAX = 1_000
VALUES_PER_METRIC_MAX = 150
VALUE_MAX = 2.0**360
DATUM_AGE_MS_MAX = 14 * DAY_MS
DATUM_FUTURE_MS_MAX = 2 * HOUR_MS

STATISTICS_DATAPOINTS_MAX = 1_440
METRIC_DATA_DATAPOINTS_MAX = 100_800
METRIC_DATA_QUERIES_MAX = 500
MATH_DATAPOINTS_MAX = 10_000_000
"""Ours, not AWS's: datapoints that the expressions of one request may compute on the way, some seconds of work."""
MATH_INLINE_DATAPOINTS_MAX = 5_000
"""Queries on so many datapoints are computed on the event loop, larger ones beside it."""
LIST_METRICS_PAGE = 500
LIST_METRICS_AGE_MS = 14 * DAY_MS
LIST_METRICS_RECENT_MS = 3 * HOUR_MS

KEEP_1_S_MS = 3 * HOUR_MS
KEEP_60_S_MS = 15 * DAY_MS
KEEP_300_S_MS = 63 * DAY_MS
KEEP_3600_S_MS = 455 * DAY_MS

EVALUATED_AT_ONCE = 10
"""Alarms evaluated in one go; requests are answered before the next."""
COLLECT_INTERVAL_MS = 5_000
"""How often the services' metrics are stored, gauges sampled and alarms evaluated."""
ROLLUP_INTERVAL_MS = 60_000
ROLLUP_METRICS = 50
"""Metrics looked at in one go of the roll-up, which goes round all of them."""

ALARM_ACTIONS_MAX = 5
ALARM_METRICS_MAX = 10
ALARM_SPARE_PERIODS = 2
"""Periods of the evaluation range beyond EvaluationPeriods, as in AWS's description of missing data."""
ALARM_SPAN_S_MAX = 86_400
ALARM_LONG_SPAN_S_MAX = 7 * 86_400
"""For periods of an hour and more."""
HISTORY_KEEP_MS = 30 * DAY_MS
TAGS_MAX = 50

UNITS = (
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
    "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second",
    "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
)  # fmt: skip
