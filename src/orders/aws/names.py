"""The resource names of the order system, identical in every account."""

from __future__ import annotations

TABLE = "Orders"
TOPIC = "OrderTopic"
QUEUE = "OrderQueue"
DEAD_LETTER_QUEUE = "OrderDLQ"
FUNCTION = "OrderProcessor"
LOG_GROUP = f"/aws/lambda/{FUNCTION}"
AUDIT_LOG_GROUP = "/orders/audit"
CANARY_GUARD = "OrderCanaryGuard"
CANARY_ALARM = "OrderProcessor-canary"
ALARM_TOPIC = "OrderAlarms"
# The name prefix of all alarms in template.yaml.
ALARM_PREFIX = "Order"
INDEX_BY_USER = "byUser"
INDEX_BY_STATUS = "byStatus"
STACK = "orders"
