"""Goal: what was acknowledged of backups, restores and history is whole after SIGKILL, and goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests.api.dynamodb_support import all_pages, create_table
from tests.crash.test_power_loss_of_code import onebox
from tests.polling import until

ITEMS = 225
"""Two pieces of a copy."""


@contextmanager
def killed_afterwards(folder: Path) -> Iterator[Any]:
    with onebox(folder) as (_, client):
        yield client("dynamodb")  # the process is killed when the test leaves this


def fill(dynamodb: Any) -> None:
    for start in range(0, ITEMS, 25):
        items = [{"orderId": {"S": f"{start + n:04d}"}, "v": {"N": "0"}} for n in range(25)]
        dynamodb.batch_write_item(RequestItems={"Orders": [{"PutRequest": {"Item": item}} for item in items]})


def put(dynamodb: Any, order_id: str, version: int) -> None:
    item = {"orderId": {"S": order_id}, "v": {"N": str(version)}}
    dynamodb.put_item(TableName="Orders", Item=item)


def versions(dynamodb: Any, name: str) -> dict[str, int]:
    return {item["orderId"]["S"]: int(item["v"]["N"]) for item in all_pages(dynamodb.scan, TableName=name)}


def is_active(dynamodb: Any, name: str) -> Callable[[], bool]:
    return lambda: bool(dynamodb.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")


def wait_a_tick() -> None:
    """Until the millisecond has passed in which recovery was switched on: it belongs to what is restored."""
    enabled = datetime.now(timezone.utc)
    until(lambda: (datetime.now(timezone.utc) - enabled).total_seconds() > 0.002, "the next millisecond")


def test_backups_restores_and_history_survive_kills(tmp_path: Path) -> None:
    """The latest restorable time lies five minutes back, so that it is the moment when recovery was switched on."""
    with killed_afterwards(tmp_path) as dynamodb:
        create_table(dynamodb)
        fill(dynamodb)
        enabled = versions(dynamodb, "Orders")
        recovery = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName="Orders", PointInTimeRecoverySpecification=recovery)
        wait_a_tick()
        put(dynamodb, "0000", 1)
        put(dynamodb, "0224", 1)
        backed_up = versions(dynamodb, "Orders")
        arn = dynamodb.create_backup(TableName="Orders", BackupName="abc")["BackupDetails"]["BackupArn"]
        put(dynamodb, "0224", 2)
    with killed_afterwards(tmp_path) as dynamodb:
        put(dynamodb, "0223", 3)
        put(dynamodb, "9999", 3)
        dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": "0000"}})

        def is_available() -> bool:
            details = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]
            return bool(details["BackupStatus"] == "AVAILABLE")

        until(is_available, "the backup after the kill")
        latest = {"SourceTableName": "Orders", "UseLatestRestorableTime": True}
        dynamodb.restore_table_to_point_in_time(TargetTableName="Enabled", **latest)
        dynamodb.restore_table_from_backup(BackupArn=arn, TargetTableName="BackedUp")
    with killed_afterwards(tmp_path) as dynamodb:
        for name, expected in (("Enabled", enabled), ("BackedUp", backed_up)):
            until(is_active(dynamodb, name), "the restore after the kill")
            assert versions(dynamodb, name) == expected
            assert dynamodb.describe_table(TableName=name)["Table"]["ItemCount"] == ITEMS
        rest = {name: 0 for name in enabled if name != "0000"}
        assert versions(dynamodb, "Orders") == rest | {"0223": 3, "0224": 2, "9999": 3}
