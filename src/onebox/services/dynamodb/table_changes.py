"""What is wrong with a request to UpdateTable, as far as it shows without the table, and then with it.

Pure. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
"""

from __future__ import annotations

from onebox.errors import ValidationException
from onebox.services.context import Wire
from onebox.services.dynamodb.errors import LimitExceededException, invalid_values
from onebox.services.dynamodb.model import Table
from onebox.services.dynamodb.schema import PROVISIONED, check_throughput

_ACTIONS = ("Update", "Create", "Delete")
_ACTION_NAMES = ", ".join(f"GlobalSecondaryIndexUpdate.{action}" for action in _ACTIONS)


def check_update(request: Wire) -> None:
    """Refuse an update that changes nothing, or contradicts itself."""
    updates = request.get("GlobalSecondaryIndexUpdates", [])
    changes = request.keys() - {"TableName", "AttributeDefinitions"}
    if not updates:
        changes -= {"GlobalSecondaryIndexUpdates"}
    if not changes:
        raise ValidationException(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates "
            "or SSESpecification or ReplicaUpdates is required"
        )
    throughput = request.get("ProvisionedThroughput")
    if request.get("BillingMode") == PROVISIONED and throughput is None:
        raise invalid_values("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
    if throughput is not None:
        check_throughput(throughput)
    _check_index_updates(updates)


def check_kinds_kept(table: Table, given: dict[str, str]) -> None:
    """Refuse definitions that give an attribute of the table another type."""
    for name, kind in given.items():
        if table.attribute_kinds.get(name, kind) != kind:
            raise invalid_values(f"Attribute {name} cannot be redefined: it is of type {table.attribute_kinds[name]}")


def _check_index_updates(updates: list[Wire]) -> None:
    seen: set[str] = set()
    for update in updates:
        actions = [action for action in _ACTIONS if action in update]
        if not actions:
            raise invalid_values(f"One of {_ACTION_NAMES} must not be null")
        if len(actions) > 1:
            raise invalid_values(f"Only one of {_ACTION_NAMES} may be set")
        content = update[actions[0]]
        name = content["IndexName"]
        if "ProvisionedThroughput" in content:
            check_throughput(content["ProvisionedThroughput"], name)
        if name in seen:
            raise invalid_values(
                f"Only one global secondary index update per index is allowed simultaneously. Index: {name}"
            )
        seen.add(name)
    if sum("Update" not in update for update in updates) > 1:
        raise LimitExceededException(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
        )
