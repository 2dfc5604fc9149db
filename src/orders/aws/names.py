"""The names of the order system's parts: the seed's, to the letter, and the same in every account."""

from __future__ import annotations

TABLE = "Orders"
TOPIC = "OrderTopic"
QUEUE = "OrderQueue"
DEAD_LETTER_QUEUE = "OrderDLQ"
FUNCTION = "OrderProcessor"
LOG_GROUP = f"/aws/lambda/{FUNCTION}"
ALARM_TOPIC = "OrderAlarms"
# The alarms of template.yaml all begin so.
ALARM_PREFIX = "Order"
INDEX_BY_USER = "byUser"
INDEX_BY_STATUS = "byStatus"
STACK = "orders"
