"""What the tests of DynamoDB share: a client whose reads are consistent, and tables that are ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.api.dynamodb_support import all_pages, create_table, index, message, refused

__all__ = ["all_pages", "index", "make_client", "make_table", "message", "refused", "wait_for_table"]


def make_client(own_client: Callable[..., Any]) -> Any:
    """A client without checks of its own. Reads of tables are consistent unless a test says otherwise."""
    dynamodb = own_client("dynamodb", parameter_validation=False)
    for operation in ("GetItem", "Query", "Scan"):
        dynamodb.meta.events.register(f"provide-client-params.dynamodb.{operation}", _read_consistently)
    return dynamodb


def make_table(dynamodb: Any, until: Any, name: str, partition: str = "orderId:S", **more: Any) -> str:
    """A table on demand that takes items; its name. Keys as in ``create_table``."""
    create_table(dynamodb, name, partition, **more)
    wait_for_table(dynamodb, until, name)
    return name


def wait_for_table(dynamodb: Any, until: Any, name: str) -> dict[str, Any]:
    """Wait until the table and its indexes are active; the table's description."""

    def look() -> dict[str, Any] | None:
        table: dict[str, Any] = dynamodb.describe_table(TableName=name)["Table"]
        states = [table["TableStatus"], *(entry["IndexStatus"] for entry in table.get("GlobalSecondaryIndexes", []))]
        return table if set(states) == {"ACTIVE"} else None

    found: dict[str, Any] = until(look, f"table {name} to be active")
    return found


def _read_consistently(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return params if "IndexName" in params else {"ConsistentRead": True, **params}
