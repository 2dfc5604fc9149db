"""Goal: a table is restored as it was at the second asked for; nobody sees a table whose restore is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, message, refused

PIECE = 5


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    """An engine whose time is moved by hand, and for which a few items are many pieces of a copy."""
    with (
        patch("onebox.services.dynamodb.recovery.copying.STEP_ITEMS", PIECE),
        EngineThread(manual_clock=True) as running,
    ):
        yield running


@pytest.fixture
def dynamodb(engine: EngineThread, account: str) -> Any:
    return engine.client("dynamodb", account=account, parameter_validation=False)


def now(engine: EngineThread) -> datetime:
    return datetime.fromtimestamp(engine.clock.now_ms() / 1000, timezone.utc)


def switch_on(dynamodb: Any) -> None:
    specification = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="Orders", PointInTimeRecoverySpecification=specification)


def put(dynamodb: Any, order_id: str, version: int) -> None:
    item = {"orderId": {"S": order_id}, "v": {"N": str(version)}}
    dynamodb.put_item(TableName="Orders", Item=item)


def versions(dynamodb: Any, name: str = "Orders") -> dict[str, int]:
    return {item["orderId"]["S"]: int(item["v"]["N"]) for item in dynamodb.scan(TableName=name)["Items"]}


def restore(dynamodb: Any, name: str, moment: datetime | None = None, **more: Any) -> Any:
    when = {"UseLatestRestorableTime": True} if moment is None else {"RestoreDateTime": moment}
    source = {} if "SourceTableArn" in more else {"SourceTableName": "Orders"}
    return dynamodb.restore_table_to_point_in_time(TargetTableName=name, **source, **when, **more)


def test_restore_to_each_second_that_was(engine: EngineThread, dynamodb: Any) -> None:
    create_table(dynamodb)
    put(dynamodb, "before", 0)
    switch_on(dynamodb)
    history = [(now(engine), versions(dynamodb))]

    def step(change: Callable[[], Any]) -> None:
        engine.clock.advance(1)
        change()
        history.append((now(engine), versions(dynamodb)))

    step(lambda: put(dynamodb, "a", 1))
    step(lambda: put(dynamodb, "a", 2))
    step(lambda: dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": "before"}}))
    batch = [{"PutRequest": {"Item": {"orderId": {"S": f"n{n}"}, "v": {"N": "3"}}}} for n in range(2 * PIECE)]
    step(lambda: dynamodb.batch_write_item(RequestItems={"Orders": batch}))
    step(lambda: put(dynamodb, "before", 4))
    update = {"UpdateExpression": "SET v = v + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    step(lambda: dynamodb.update_item(TableName="Orders", Key={"orderId": {"S": "a"}}, **update))
    transaction = [{"Delete": {"TableName": "Orders", "Key": {"orderId": {"S": f"n{n}"}}}} for n in range(PIECE)]
    step(lambda: dynamodb.transact_write_items(TransactItems=transaction))
    engine.clock.advance(300)
    for number, (moment, expected) in enumerate(history):
        name = f"At{number:02d}"
        answer = restore(dynamodb, name, moment)["TableDescription"]
        assert answer["RestoreSummary"]["RestoreDateTime"] == moment
        assert answer["RestoreSummary"]["SourceTableArn"].endswith("table/Orders")
        engine.clock.advance(1)
        assert versions(dynamodb, name) == expected, number
        assert dynamodb.describe_table(TableName=name)["Table"]["ItemCount"] == len(expected)
    restore(dynamodb, "Latest")
    engine.clock.advance(1)
    assert versions(dynamodb, "Latest") == versions(dynamodb)


def test_restore_is_refused_in_the_order_of_aws(engine: EngineThread, dynamodb: Any) -> None:
    create_table(dynamodb)
    moment = now(engine)
    call = dynamodb.restore_table_to_point_in_time
    source = {"SourceTableName": "Orders", "TargetTableName": "Orders"}
    both = "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set"
    assert message(call, **source, UseLatestRestorableTime=True, RestoreDateTime=moment).startswith(both)
    neither = "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified"
    assert message(call, **source).startswith(neither)
    assert message(call, **source, UseLatestRestorableTime=False).startswith(neither)
    unknown: dict[str, Any] = {
        "SourceTableName": "Nowhere",
        "TargetTableName": "Orders",
        "UseLatestRestorableTime": True,
    }
    assert message(call, "TableNotFoundException", **unknown) == "Table not found: Nowhere"
    off = message(call, "PointInTimeRecoveryUnavailableException", **source, UseLatestRestorableTime=True)
    assert off == "Point in time recovery is not enabled for table 'Orders'"
    switch_on(dynamodb)
    for wrong in (moment - timedelta(days=1), moment + timedelta(days=1), datetime(1970, 1, 1, tzinfo=timezone.utc)):
        words = message(call, "InvalidRestoreTimeException", **source, RestoreDateTime=wrong)
        assert words == (
            f"RestoreDateTime '{wrong:%Y-%m-%dT%H:%M:%SZ}' must be within EarliestRestorableDateTime "
            f"'{moment:%Y-%m-%dT%H:%M:%SZ}' and LatestRestorableDateTime '{moment:%Y-%m-%dT%H:%M:%SZ}'"
        )
    taken = message(call, "TableAlreadyExistsException", **source, UseLatestRestorableTime=True)
    assert taken == "Table already exists: Orders"
    arn = dynamodb.describe_table(TableName="Orders")["Table"]["TableArn"]
    latest: dict[str, Any] = {"TargetTableName": "New", "UseLatestRestorableTime": True}
    assert "Must provide exactly one of" in message(call, **latest, SourceTableName="Orders", SourceTableArn=arn)
    assert message(call, **latest).startswith("The parameter 'TableName' is required")
    assert message(call, **latest, SourceTableArn="Orders").endswith("ARNs must start with 'arn:': Orders")
    assert message(call, **latest, SourceTableArn="arn:aws:sns:us-east-1:1:table/Orders").endswith("not a valid ARN")
    assert "at 'targetTableName'" in message(call, **{**source, "TargetTableName": "bad name!"})
    refused(dynamodb.describe_table, "ResourceNotFoundException", TableName="New")
    restore(dynamodb, "New", SourceTableArn=arn)
    assert dynamodb.scan(TableName="New")["Count"] == 0


def test_table_under_restore_is_described_and_nothing_else(engine: EngineThread, dynamodb: Any) -> None:
    create_table(dynamodb)
    for number in range(2 * PIECE):
        put(dynamodb, f"n{number}", 0)
    arn = dynamodb.create_backup(TableName="Orders", BackupName="abc")["BackupDetails"]["BackupArn"]
    request = {"BackupArn": arn, "TargetTableName": "New"}

    def state() -> Any:
        return dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupStatus"]

    assert state() == "CREATING"
    refused(dynamodb.delete_backup, "BackupInUseException", BackupArn=arn)
    refused(dynamodb.restore_table_from_backup, "BackupInUseException", **request)
    engine.clock.advance(1)
    assert state() == "AVAILABLE"
    dynamodb.restore_table_from_backup(**request)
    table = dynamodb.describe_table(TableName="New")["Table"]
    assert (table["TableStatus"], table["RestoreSummary"]["RestoreInProgress"]) == ("CREATING", True)
    assert "New" in dynamodb.list_tables()["TableNames"]
    missing = "Requested resource not found"
    key = {"TableName": "New", "Key": {"orderId": {"S": "n1"}}}
    assert message(dynamodb.get_item, "ResourceNotFoundException", **key) == missing
    assert message(dynamodb.scan, "ResourceNotFoundException", TableName="New") == missing
    named = {"TableName": "New"}
    for call, code, more in (
        (dynamodb.describe_time_to_live, "ResourceNotFoundException", {}),
        (dynamodb.update_table, "ResourceNotFoundException", {"DeletionProtectionEnabled": True}),
        (dynamodb.describe_continuous_backups, "TableNotFoundException", {}),
        (dynamodb.create_backup, "TableNotFoundException", {"BackupName": "abc"}),
        (dynamodb.delete_table, "ResourceInUseException", {}),
    ):
        refused(call, code, **named, **more)
    again = message(dynamodb.restore_table_from_backup, "TableInUseException", **request)
    assert again == f"Table: New is already being restored from backup: {arn}"
    second = {**request, "TargetTableName": "Second"}
    words = message(dynamodb.restore_table_from_backup, "BackupInUseException", **second)
    assert words == f"Backup is being used to restore another table: {arn}"
    refused(dynamodb.delete_backup, "BackupInUseException", BackupArn=arn)
    definition = {
        "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "orderId", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert message(dynamodb.create_table, "ResourceInUseException", **named, **definition) == "Table is being used: New"
    engine.clock.advance(1)
    table = dynamodb.describe_table(TableName="New")["Table"]
    assert (table["TableStatus"], "RestoreSummary" in table) == ("ACTIVE", False)
    assert dynamodb.scan(TableName="New")["Count"] == 2 * PIECE
    dynamodb.restore_table_from_backup(**second)
    engine.clock.advance(1)
    dynamodb.delete_backup(BackupArn=arn)


def test_template_switches_recovery(engine: EngineThread, dynamodb: Any, account: str) -> None:
    cloudformation = engine.client("cloudformation", account=account)

    def template(recovery: str) -> str:
        return f"""
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Orders
      BillingMode: PAY_PER_REQUEST
      KeySchema: [{{AttributeName: orderId, KeyType: HASH}}]
      AttributeDefinitions: [{{AttributeName: orderId, AttributeType: S}}]
      PointInTimeRecoverySpecification: {recovery}
"""

    stack = {"StackName": "s", "TemplateBody": template("{PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 3}")}
    cloudformation.create_stack(**stack)
    engine.clock.advance(60)
    put(dynamodb, "a", 1)
    moment = now(engine)
    engine.clock.advance(300)
    put(dynamodb, "a", 2)
    restore(dynamodb, "New", moment)
    assert versions(dynamodb, "New") == {"a": 1}
    cloudformation.update_stack(StackName="s", TemplateBody=template("{PointInTimeRecoveryEnabled: false}"))
    engine.clock.advance(60)
    refused(
        dynamodb.restore_table_to_point_in_time,
        "PointInTimeRecoveryUnavailableException",
        SourceTableName="Orders",
        TargetTableName="Other",
        UseLatestRestorableTime=True,
    )


def test_restore_goes_on_after_a_restart(tmp_path: Path) -> None:
    with patch("onebox.services.dynamodb.recovery.copying.STEP_ITEMS", PIECE):
        with EngineThread(tmp_path, manual_clock=True) as first:
            dynamodb = first.client("dynamodb")
            create_table(dynamodb)
            for number in range(3 * PIECE):
                put(dynamodb, f"n{number:02d}", 0)
            arn = dynamodb.create_backup(TableName="Orders", BackupName="abc")["BackupDetails"]["BackupArn"]
            put(dynamodb, "n14", 1)
            put(dynamodb, "n99", 1)
        with EngineThread(tmp_path, manual_clock=True) as second:
            dynamodb = second.client("dynamodb")
            put(dynamodb, "n13", 2)
            second.clock.advance(1)
            dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName="New")
            assert dynamodb.describe_table(TableName="New")["Table"]["TableStatus"] == "CREATING"
        with EngineThread(tmp_path, manual_clock=True) as third:
            dynamodb = third.client("dynamodb")
            third.clock.advance(1)
            assert versions(dynamodb, "New") == {f"n{number:02d}": 0 for number in range(3 * PIECE)}
