"""Which IAM actions a request needs, and on which tables and indexes.

AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.partiql.parser import find_statement
from onebox.services.registry import Access

_TRANSACTION_ACTIONS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_WITHOUT_RESOURCE = ("DescribeEndpoints", "DescribeLimits", "ListTables")
_STATEMENT_MEMBERS = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}


def required_access(context: RequestContext, operation: str, request: Wire) -> list[Access]:
    """The rights that a request needs, each once."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        pairs = [
            (f"dynamodb:{_TRANSACTION_ACTIONS[kind]}", _table_arn(context, action["TableName"]))
            for entry in request["TransactItems"]
            for kind, action in entry.items()
        ]
    elif operation in ("ExecuteStatement", *_STATEMENT_MEMBERS):
        pairs = [
            pair
            for entry in _statements(operation, request)
            if (pair := _statement_action(context, entry["Statement"])) is not None
        ]
    else:
        pairs = [(f"dynamodb:{operation}", resource) for resource in resources_of(context, operation, request)]
    return [Access(action, resource) for action, resource in dict.fromkeys(pairs)]


def resources_of(context: RequestContext, operation: str, request: Wire) -> list[str]:
    """The ARNs of a request, ``*`` for what concerns no table."""
    if operation in _WITHOUT_RESOURCE:
        return ["*"]
    if "ResourceArn" in request:
        return [request["ResourceArn"]]
    arns = [_table_arn(context, name) for name in table_names(operation, request)]
    if "IndexName" in request and operation in ("Query", "Scan"):
        return [f"{arns[0]}/index/{request['IndexName']}"]
    return arns or ["*"]


def table_names(operation: str, request: Wire) -> list[str]:
    """The tables that a request names."""
    name = request.get("TableName")
    if name is not None:
        return [name]
    if "RequestItems" in request:
        return list(request["RequestItems"])
    if "TransactItems" in request:
        names = [action["TableName"] for entry in request["TransactItems"] for action in entry.values()]
        return list(dict.fromkeys(names))
    if operation in ("ExecuteStatement", *_STATEMENT_MEMBERS):
        found = [find_statement(entry["Statement"]) for entry in _statements(operation, request)]
        return list(dict.fromkeys(statement.table_name for statement in found if statement is not None))
    return []


def _statements(operation: str, request: Wire) -> list[Wire]:
    if operation == "ExecuteStatement":
        return [request]
    statements: list[Wire] = request[_STATEMENT_MEMBERS[operation]]
    return statements


def _statement_action(context: RequestContext, text: str) -> tuple[str, str] | None:
    """None for text that is no statement: it is refused without touching a table."""
    statement = find_statement(text)
    if statement is None:
        return None
    arn = _table_arn(context, statement.table_name)
    index_name = getattr(statement, "index_name", None)
    return f"dynamodb:{statement.iam_action}", arn if index_name is None else f"{arn}/index/{index_name}"


def _table_arn(context: RequestContext, name: str) -> str:
    if name.startswith("arn:"):
        return name
    return make_arn("dynamodb", context.region, context.account, f"table/{name}")
