"""Goal: each request needs the IAM actions that AWS lists for it, on the tables and indexes it touches."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.services.dynamodb.authorization import required_access
from tests.unit.onebox.dynamodb.support import CONTEXT, World, on_loop

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"
BACKUP = f"{TABLE}/backup/01576616366715-b4e58d3a"


def on_restored(operation: str) -> list[tuple[str, str]]:
    """The rights on the table that a restore makes."""
    actions = (operation, "PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchWriteItem")
    return [(f"dynamodb:{action}", TABLE.replace("Orders", "New")) for action in actions]


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("PutItem", {"TableName": "Orders", "Item": {}}, [("dynamodb:PutItem", TABLE)]),
        ("GetItem", {"TableName": TABLE, "Key": {}}, [("dynamodb:GetItem", TABLE)]),
        ("Query", {"TableName": "Orders", "IndexName": "i"}, [("dynamodb:Query", f"{TABLE}/index/i")]),
        ("ListTables", {}, [("dynamodb:ListTables", "*")]),
        ("TagResource", {"ResourceArn": TABLE, "Tags": []}, [("dynamodb:TagResource", TABLE)]),
        (
            "BatchWriteItem",
            {"RequestItems": {"Orders": [], "Stock": []}},
            [("dynamodb:BatchWriteItem", TABLE), ("dynamodb:BatchWriteItem", TABLE.replace("Orders", "Stock"))],
        ),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "Orders"}},
                    {"Put": {"TableName": "Orders"}},
                    {"ConditionCheck": {"TableName": "Orders"}},
                ]
            },
            [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
        ),
        ("ListBackups", {"TableName": "Orders"}, [("dynamodb:ListBackups", "*")]),
        ("CreateBackup", {"TableName": "Orders"}, [("dynamodb:CreateBackup", TABLE)]),
        ("DeleteBackup", {"BackupArn": BACKUP}, [("dynamodb:DeleteBackup", BACKUP)]),
        (
            "RestoreTableFromBackup",
            {"BackupArn": BACKUP, "TargetTableName": "New"},
            [("dynamodb:RestoreTableFromBackup", BACKUP), *on_restored("RestoreTableFromBackup")],
        ),
        (
            "RestoreTableToPointInTime",
            {"SourceTableName": "Orders", "TargetTableName": "New"},
            [("dynamodb:RestoreTableToPointInTime", TABLE), *on_restored("RestoreTableToPointInTime")],
        ),
        (
            "BatchExecuteStatement",
            {
                "Statements": [
                    {"Statement": "INSERT INTO Orders VALUE {'orderId': ?}"},
                    {"Statement": "DELETE FROM Orders WHERE orderId = ?"},
                    {"Statement": "no statement"},
                ]
            },
            [("dynamodb:PartiQLInsert", TABLE), ("dynamodb:PartiQLDelete", TABLE)],
        ),
        (
            "ExecuteStatement",
            {"Statement": 'SELECT * FROM "Orders"."byCity"'},
            [("dynamodb:PartiQLSelect", f"{TABLE}/index/byCity")],
        ),
        (
            "ExecuteTransaction",
            {"TransactStatements": [{"Statement": "UPDATE Orders SET a = 1 WHERE orderId = 'x'"}]},
            [("dynamodb:PartiQLUpdate", TABLE)],
        ),
    ],
)
def test_actions_of_request_are_those_aws_lists(operation: str, request_: dict[str, Any], expected: Any) -> None:
    def test(world: World) -> None:
        required = required_access(world.core.table_cache, CONTEXT, operation, request_)
        assert [access[:2] for access in required] == expected

    on_loop(test)
