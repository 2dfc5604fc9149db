"""Which IAM actions a request needs, on which tables and indexes, under which condition keys.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.condition_keys import Part, find_condition_keys
from onebox.services.dynamodb.partiql.nodes import Select, Statement
from onebox.services.dynamodb.partiql.parser import find_statement
from onebox.services.dynamodb.table_cache import TableCache
from onebox.services.registry import Access, ConditionKeys

_TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_WITHOUT_RESOURCE = (
    *("DescribeEndpoints", "DescribeLimits", "ListBackups", "ListTables"),
    *("ListExports", "ListGlobalTables", "ListImports"),
)
# The members that hold the ARN of what is no table.
_ARN_MEMBERS = {
    "DeleteBackup": "BackupArn",
    "DescribeBackup": "BackupArn",
    "DescribeExport": "ExportArn",
    "DescribeImport": "ImportArn",
}
_RESTORES = ("RestoreTableFromBackup", "RestoreTableToPointInTime")
# What whoever restores must be allowed to do with the new table, in AWS's page on IAM with backups.
_RIGHTS_ON_RESTORED = ("PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchWriteItem")
# The commonest operations: one right on one table or index.
_ON_ONE_TABLE = frozenset(("DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"))
_STATEMENT_MEMBERS = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}


class _Need(NamedTuple):
    """Parts of a request that need the same right."""

    action: str
    table_name: str | None
    """None where the right concerns no table."""
    wires: Sequence[Wire]
    """The parts: the request itself, one table of a batch, one action, or statements of the same text."""
    index_name: str | None = None
    resource_arn: str | None = None
    """The resource, where it is no table; of a global table the last part alone."""
    enclosing: str | None = None
    """The transaction around them."""
    statement: Statement | None = None

    def make_parts(self) -> Iterator[Part]:
        """The parts as the condition keys are found in them."""
        return (Part(wire, enclosing=self.enclosing, statement=self.statement) for wire in self.wires)


def required_access(tables: TableCache, context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The rights that a request needs: for each action and resource one, whose condition keys cover all parts of the
    request that need it."""
    if operation in _ON_ONE_TABLE:
        need = _table_need(operation, request)
        return [_access(tables, context, request, f"dynamodb:{operation}", _resource(context, need), [need])]
    grouped: dict[tuple[str, str], list[_Need]] = {}
    for need in _needs(operation, request):
        grouped.setdefault((f"dynamodb:{need.action}", _resource(context, need)), []).append(need)
    return [_access(tables, context, request, action, resource, needs) for (action, resource), needs in grouped.items()]


def _access(
    tables: TableCache, context: RequestContext, request: Wire, action: str, resource: str, needs: list[_Need]
) -> Access:
    return Access(action, resource, partial(_find_condition_keys, tables, context, request, needs))


def table_names(operation: str, request: Wire) -> list[str]:
    """The tables that a request names, each once."""
    name = request.get("TableName")
    if name is not None:
        return [name]
    if operation in _STATEMENT_MEMBERS:
        statements = [find_statement(entry.get("Statement", "")) for entry in _statements(operation, request)]
        return list(dict.fromkeys(statement.table_name for statement in statements if statement is not None))
    return list(dict.fromkeys(need.table_name for need in _needs(operation, request) if need.table_name is not None))


def _find_condition_keys(
    tables: TableCache, context: RequestContext, request: Wire, needs: list[_Need]
) -> ConditionKeys:
    return find_condition_keys(
        tables,
        context,
        request,
        table_name=needs[0].table_name,
        index_name=needs[0].index_name,
        parts=[part for need in needs for part in need.make_parts()],
    )


def _needs(operation: str, request: Wire) -> Iterator[_Need]:
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for entry in request.get("TransactItems", ()):
            for kind, action in entry.items():
                name = action.get("TableName", "")
                yield _Need(_TRANSACTION_ACTIONS[kind], name, (action,), enclosing=operation)
    elif operation in ("ExecuteStatement", *_STATEMENT_MEMBERS):
        # Batches mostly repeat one text, with other parameters.
        by_text: dict[str, list[Wire]] = {}
        for entry in _statements(operation, request):
            by_text.setdefault(entry.get("Statement", ""), []).append(entry)
        for text, entries in by_text.items():
            statement = find_statement(text)
            # Text that is no statement is refused without touching a table.
            if statement is not None:
                yield _statement_need(operation, entries, statement)
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for name, content in request.get("RequestItems", {}).items():
            yield _Need(operation, name, (content if isinstance(content, dict) else {"Writes": content},))
    elif operation in _WITHOUT_RESOURCE:
        yield _Need(operation, None, (request,))
    elif operation in _ARN_MEMBERS:
        yield _Need(operation, None, (request,), resource_arn=request.get(_ARN_MEMBERS[operation], ""))
    elif "GlobalTableName" in request:
        yield _Need(operation, None, (request,), resource_arn=f"global-table/{request['GlobalTableName']}")
    elif operation in _RESTORES:
        yield from _restore_needs(operation, request)
    else:
        yield from _simple_needs(operation, request)


def _restore_needs(operation: str, request: Wire) -> Iterator[_Need]:
    """The rights of a restore: to read the backup or table, and to make and fill the new table."""
    if "BackupArn" in request:
        yield _Need(operation, None, (request,), resource_arn=request["BackupArn"])
    else:
        yield _Need(operation, request.get("SourceTableArn", request.get("SourceTableName", "")), (request,))
    for action in (operation, *_RIGHTS_ON_RESTORED):
        yield _Need(action, request.get("TargetTableName", ""), (request,))


def _simple_needs(operation: str, request: Wire) -> Iterator[_Need]:
    """The rights of a request about one table."""
    need = _table_need(operation, request)
    yield need
    if operation == "CreateTable" and request.get("Tags"):
        yield need._replace(action="TagResource")


def _table_need(operation: str, request: Wire) -> _Need:
    name = request.get("ResourceArn", request.get("TableName", ""))
    index_name = request.get("IndexName") if operation in ("Query", "Scan") else None
    return _Need(operation, name, (request,), index_name)


def _statement_need(operation: str, entries: list[Wire], statement: Statement) -> _Need:
    return _Need(
        action=statement.iam_action,
        table_name=statement.table_name,
        wires=entries,
        index_name=statement.index_name if isinstance(statement, Select) else None,
        enclosing=operation if operation == "ExecuteTransaction" else None,
        statement=statement,
    )


def _statements(operation: str, request: Wire) -> list[Wire]:
    if operation == "ExecuteStatement":
        return [request]
    statements: list[Wire] = request.get(_STATEMENT_MEMBERS[operation], [])
    return statements


def _resource(context: RequestContext, need: _Need) -> str:
    name = need.table_name
    if name is None:
        return _other_resource(context, need.resource_arn)
    if not name.startswith("arn:"):
        name = make_arn("dynamodb", context.region, context.account, f"table/{name}")
    return name if need.index_name is None else f"{name}/index/{need.index_name}"


def _other_resource(context: RequestContext, arn: str | None) -> str:
    if arn is not None and arn.startswith("global-table/"):
        return make_arn("dynamodb", "", context.account, arn, partition_region=context.region)
    return arn or "*"
