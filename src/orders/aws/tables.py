"""Whether a DynamoDB table exists, and its deletion."""

from __future__ import annotations

from typing import Any

from orders.aws.clients import error_code

_POLL_S = 2


def table_exists(dynamodb: Any, name: str) -> bool:
    """Whether the table exists, in a stack or retained by a deleted one."""
    from botocore.exceptions import ClientError

    try:
        dynamodb.describe_table(TableName=name)
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return False
        raise
    return True


def delete_table(dynamodb: Any, name: str) -> None:
    """Delete a table with its items, and wait until it is deleted; a table that is gone is a success too."""
    from botocore.exceptions import ClientError

    try:
        dynamodb.delete_table(TableName=name)
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
    dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": _POLL_S})
