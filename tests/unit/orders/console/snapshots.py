"""States of the system, made by hand."""

from __future__ import annotations

from typing import Any

from orders.aws.measures import Measure
from orders.dead_letters.queues import QueueCounts
from orders.monitoring.metrics import Alarm, FunctionState, TableState
from orders.monitoring.status import MINUTE_MS, Status

AT_MS = 1_767_225_600_000 + 20_000


def status(series: dict[Measure, dict[int, float]] | None = None, **changes: Any) -> Status:
    """A healthy, quiet system 20 seconds into a minute; ``series`` by how many minutes ago."""
    minute = AT_MS // MINUTE_MS * MINUTE_MS
    values: dict[str, Any] = {
        "place": "here",
        "subscriptions": 1,
        "queue": QueueCounts(0, 0, 0, "arn:queue"),
        "dead_letters": QueueCounts(0, 0, 0, "arn:dead"),
        "function": FunctionState("python3.13", "Active", "", "Enabled"),
        "table": TableState("ACTIVE", 0),
        "alarms": [Alarm("OrderDLQ-not-empty", "OK", "")],
        "series": {
            measure: {minute - back * MINUTE_MS: value for back, value in values.items()}
            for measure, values in (series or {}).items()
        },
        "at_ms": AT_MS,
    }
    return Status(**{**values, **changes})
