"""Global tables: onebox keeps none, and answers as AWS does for tables without replicas.

AWS makes no tables of the first version (2017.11.29) any more; replicas of the second are refused in UpdateTable.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GlobalTables.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import (
    GlobalTableNotFoundException,
    ResourceNotFoundException,
    invalid_values,
)

_FIRST_VERSION = (
    "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
    "2019.11.21, instead of version 2017.11.29 (Legacy)."
)


def create_global_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Refused, as everywhere."""
    raise invalid_values(_FIRST_VERSION)


def describe_global_table(core: Core, context: RequestContext, request: Wire) -> Wire:
    """There is no such global table."""
    raise GlobalTableNotFoundException(f"Global table not found: {_missing(request['GlobalTableName'])}")


def describe_global_table_settings(core: Core, context: RequestContext, request: Wire) -> Wire:
    """There is no such global table."""
    raise GlobalTableNotFoundException(_missing(request["GlobalTableName"]))


def list_global_tables(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Global tables: none."""
    return {"GlobalTables": []}


def describe_table_replica_auto_scaling(core: Core, context: RequestContext, request: Wire) -> Wire:
    """No table has replicas."""
    raise ResourceNotFoundException(_missing(request["TableName"]))


def _missing(name: str) -> str:
    return f"Global table with name: '{name}' does not exist."
