"""UpdateTimeToLive and DescribeTimeToLive.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core


def update_time_to_live(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Let items expire by an attribute of theirs, or no longer."""
    specification = request["TimeToLiveSpecification"]
    table = core.table_cache.load_described(context, request["TableName"])
    enabled, name = specification["Enabled"], specification["AttributeName"]
    if enabled and table.ttl_attribute is not None:
        raise ValidationException("TimeToLive is already enabled")
    if not enabled and table.ttl_attribute is None:
        raise ValidationException("TimeToLive is already disabled")
    if not enabled and table.ttl_attribute != name:
        raise ValidationException(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {table.ttl_attribute}"
        )
    core.table_cache.forget(table.key_name)
    core.tables.update_table(replace(table, ttl_attribute=name if enabled else None))
    core.chores.restart_expiry(table.table_id)
    core.background.wake_after_commit()
    return {"TimeToLiveSpecification": specification}


def describe_time_to_live(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Whether items expire, and by which attribute."""
    table = core.table_cache.load_described(context, request["TableName"])
    if table.ttl_attribute is None:
        return {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    return {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": table.ttl_attribute}}
