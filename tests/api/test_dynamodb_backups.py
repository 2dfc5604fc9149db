"""Goal: on-demand backups are made, listed, deleted and restored as AWS does, errors included."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.api.dynamodb_support import all_pages, create_table, index, make_client, message, refused

ARN = re.compile(r"arn:aws:dynamodb:us-east-1:\d{12}:table/Orders/backup/\d{14}-[0-9a-f]{8}")
LOCAL = {
    "IndexName": "byDay",
    "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}, {"AttributeName": "day", "KeyType": "RANGE"}],
    "Projection": {"ProjectionType": "KEYS_ONLY"},
}
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


@pytest.fixture
def dynamodb(client: Callable[..., Any]) -> Any:
    return make_client(client)


def back_up(dynamodb: Any, name: str = "nightly", table: str = "Orders") -> Any:
    return dynamodb.create_backup(TableName=table, BackupName=name)["BackupDetails"]


def full_table(dynamodb: Any) -> None:
    """A table with everything that a backup may keep."""
    create_table(
        dynamodb,
        sort="line:N",
        attributes=["city:S", "day:S"],
        GlobalSecondaryIndexes=[index("byCity", "city")],
        LocalSecondaryIndexes=[LOCAL],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        SSESpecification={"Enabled": True},
        OnDemandThroughput={"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50},
        DeletionProtectionEnabled=True,
        TableClass="STANDARD_INFREQUENT_ACCESS",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    ttl = {"Enabled": True, "AttributeName": "until"}
    dynamodb.update_time_to_live(TableName="Orders", TimeToLiveSpecification=ttl)
    for line in range(3):
        put(dynamodb, line, city={"S": "Rome"}, day={"S": "mon"})


def put(dynamodb: Any, line: int, **more: Any) -> None:
    item = {"orderId": {"S": "1"}, "line": {"N": str(line)}, **more}
    dynamodb.put_item(TableName="Orders", Item=item)


def provisioned_table(dynamodb: Any) -> None:
    dynamodb.create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "city")],
        ProvisionedThroughput=UNITS,
        GlobalSecondaryIndexes=[{**index("byCity", "city"), "ProvisionedThroughput": UNITS}],
    )


def test_create_backup_is_described_with_its_table(dynamodb: Any) -> None:
    full_table(dynamodb)
    made = back_up(dynamodb)
    assert ARN.fullmatch(made["BackupArn"])
    assert (made["BackupName"], made["BackupStatus"], made["BackupType"]) == ("nightly", "CREATING", "USER")
    assert "BackupExpiryDateTime" not in made
    milliseconds = int(made["BackupCreationDateTime"].timestamp() * 1000)
    assert made["BackupArn"].split("/")[-1].startswith(f"{milliseconds:014d}-")
    described = dynamodb.describe_backup(BackupArn=made["BackupArn"])["BackupDescription"]
    assert described["BackupDetails"] == {**made, "BackupStatus": "AVAILABLE"}
    table = dynamodb.describe_table(TableName="Orders")["Table"]
    assert described["SourceTableDetails"] == {
        "TableName": "Orders",
        "TableId": table["TableId"],
        "TableArn": table["TableArn"],
        "TableSizeBytes": table["TableSizeBytes"],
        "KeySchema": table["KeySchema"],
        "TableCreationDateTime": table["CreationDateTime"],
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "OnDemandThroughput": {"MaxReadRequestUnits": 100, "MaxWriteRequestUnits": 50},
        "ItemCount": 3,
        "BillingMode": "PAY_PER_REQUEST",
    }
    features = described["SourceTableFeatureDetails"]
    assert features["StreamDescription"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    assert features["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert features["SSEDescription"] == table["SSEDescription"]
    assert [info["IndexName"] for info in features["GlobalSecondaryIndexes"]] == ["byCity"]
    assert set(features["LocalSecondaryIndexes"][0]) == {"IndexName", "KeySchema", "Projection"}
    (summary,) = dynamodb.list_backups()["BackupSummaries"]
    assert summary["TableArn"] == table["TableArn"]
    assert summary["BackupStatus"] == "AVAILABLE"


def test_backups_outlive_their_table_and_share_names(dynamodb: Any) -> None:
    arns = []
    for _ in range(2):
        create_table(dynamodb)
        arns += [back_up(dynamodb)["BackupArn"] for _ in range(2)]
        dynamodb.delete_table(TableName="Orders")
    assert len(set(arns)) == 4
    summaries = dynamodb.list_backups(TableName="Orders")["BackupSummaries"]
    assert {summary["BackupArn"] for summary in summaries} == set(arns)
    assert len({summary["TableId"] for summary in summaries}) == 2
    assert dynamodb.list_backups(TableName="Nowhere")["BackupSummaries"] == []


def test_list_backups_filters_and_pages(dynamodb: Any) -> None:
    create_table(dynamodb)
    create_table(dynamodb, "Stock")
    made = [back_up(dynamodb, f"b{number:02d}") for number in range(3)]
    made.append(back_up(dynamodb, table="Stock"))

    def names(**request: Any) -> list[str]:
        return [summary["BackupArn"] for summary in dynamodb.list_backups(**request)["BackupSummaries"]]

    arns = [backup["BackupArn"] for backup in made]
    assert sorted(names()) == sorted(arns)
    assert names(TableName="Stock") == names(TableName=dynamodb.describe_table(TableName="Stock")["Table"]["TableArn"])
    assert names(TableName="Stock") == arns[3:]
    assert names(BackupType="SYSTEM") == names(BackupType="AWS_BACKUP") == []
    assert sorted(names(BackupType="ALL")) == sorted(arns)
    pages, request = [], {"Limit": 3}
    while True:
        page = dynamodb.list_backups(**request)
        pages.append([summary["BackupArn"] for summary in page["BackupSummaries"]])
        if "LastEvaluatedBackupArn" not in page:
            break
        request["ExclusiveStartBackupArn"] = page["LastEvaluatedBackupArn"]
    assert [len(page) for page in pages] == [3, 1]
    assert pages[0] + pages[1] == names()
    assert "LastEvaluatedBackupArn" not in dynamodb.list_backups(Limit=4)
    first = names()[0]
    dynamodb.delete_backup(BackupArn=first)
    assert names(ExclusiveStartBackupArn=first) == names()
    later = made[3]["BackupCreationDateTime"] + timedelta(seconds=5)
    assert names(TimeRangeLowerBound=later) == names(TimeRangeUpperBound=later - timedelta(days=1)) == []
    assert len(names(TimeRangeLowerBound=later - timedelta(days=1), TimeRangeUpperBound=later)) == 3
    assert message(
        dynamodb.list_backups, TimeRangeLowerBound=later, TimeRangeUpperBound=later - timedelta(seconds=9)
    ).endswith("Time range lower bound must be less than or equal to upper bound")
    elsewhere = first.replace("us-east-1", "eu-west-1")
    assert "does not match the region" in message(dynamodb.list_backups, ExclusiveStartBackupArn=elsewhere)
    assert "less than or equal to 100" in message(dynamodb.list_backups, Limit=101)
    assert "[USER, SYSTEM, AWS_BACKUP, ALL]" in message(dynamodb.list_backups, BackupType="user")


def test_delete_backup_is_final(dynamodb: Any) -> None:
    create_table(dynamodb)
    arn = back_up(dynamodb)["BackupArn"]
    deleted = dynamodb.delete_backup(BackupArn=arn)["BackupDescription"]
    assert deleted["BackupDetails"]["BackupStatus"] == "DELETED"
    assert deleted["SourceTableDetails"]["TableName"] == "Orders"
    for call in (dynamodb.describe_backup, dynamodb.delete_backup):
        assert message(call, "BackupNotFoundException", BackupArn=arn) == f"Backup not found: {arn}"
    target = {"TargetTableName": "New", "BackupArn": arn}
    refused(dynamodb.restore_table_from_backup, "BackupNotFoundException", **target)
    assert dynamodb.list_backups()["BackupSummaries"] == []


def test_backups_are_refused_as_aws_refuses_them(dynamodb: Any, account: str) -> None:
    create = dynamodb.create_backup
    words = message(create, "TableNotFoundException", TableName="Nowhere", BackupName="abc")
    assert words == "Table not found: Nowhere"
    words = message(create, TableName="Nowhere", BackupName="a!")
    assert words.startswith("2 validation errors detected: Value 'a!' at 'backupName' failed to satisfy constraint")
    assert "Value null at 'backupName'" in message(create, TableName="Nowhere")
    good = f"arn:aws:dynamodb:us-east-1:{account}:table/Orders/backup/01576616366715-b4e58d3a"
    describe = dynamodb.describe_backup
    refused(describe, "BackupNotFoundException", BackupArn=good)
    assert message(describe, BackupArn=good.split("/backup")[0]) == "Invalid Backup ARN"
    assert message(describe, BackupArn="x" * 48) == "Invalid Backup ARN"
    assert message(describe, BackupArn=good.replace(":aws:", ":aws-cn:")) == "Invalid Request: BackupArn is not valid"
    refused(describe, "AccessDeniedException", BackupArn=good.replace(account, "123456789012"))
    assert "Member must have length greater than or equal to 37" in message(describe, BackupArn="short")


def test_restore_brings_items_and_indexes_back_and_drops_the_rest(dynamodb: Any) -> None:
    full_table(dynamodb)
    arn = back_up(dynamodb)["BackupArn"]
    put(dynamodb, 0, city={"S": "Oslo"})
    put(dynamodb, 9)
    answer = dynamodb.restore_table_from_backup(TargetTableName="Restored", BackupArn=arn)["TableDescription"]
    assert (answer["TableStatus"], answer["RestoreSummary"]["RestoreInProgress"]) == ("CREATING", True)
    assert answer["RestoreSummary"]["SourceBackupArn"] == arn
    table = dynamodb.describe_table(TableName="Restored")["Table"]
    source = dynamodb.describe_table(TableName="Orders")["Table"]
    assert (table["TableStatus"], table["ItemCount"]) == ("ACTIVE", 3)
    assert table["TableId"] != source["TableId"]
    for member in ("RestoreSummary", "StreamSpecification", "LatestStreamArn", "TableClassSummary"):
        assert member not in table, member
    assert table["DeletionProtectionEnabled"] is False
    for member in ("KeySchema", "AttributeDefinitions", "SSEDescription", "OnDemandThroughput"):
        assert table[member] == source[member], member
    resource = {"ResourceArn": table["TableArn"]}
    assert dynamodb.list_tags_of_resource(**resource)["Tags"] == []
    ttl = dynamodb.describe_time_to_live(TableName="Restored")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "DISABLED"}
    recovery = dynamodb.describe_continuous_backups(TableName="Restored")["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}
    for index_name in ("byCity", "byDay", None):
        more = {} if index_name is None else {"IndexName": index_name}
        lines = sorted(item["line"]["N"] for item in all_pages(dynamodb.scan, TableName="Restored", **more))
        assert lines == ["0", "1", "2"]
    (entry,) = table["GlobalSecondaryIndexes"]
    assert (entry["IndexStatus"], entry["ItemCount"]) == ("ACTIVE", 3)
    assert dynamodb.scan(TableName="Orders")["Count"] == 4
    item = {"orderId": {"S": "2"}, "line": {"N": "1"}}
    dynamodb.put_item(TableName="Restored", Item=item)
    assert dynamodb.scan(TableName="Restored")["Count"] == 4


def test_restore_overrides_billing_indexes_and_encryption(dynamodb: Any) -> None:
    provisioned_table(dynamodb)
    arn = back_up(dynamodb)["BackupArn"]
    dynamodb.update_table(TableName="Orders", ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 9})

    def restored(name: str, **overrides: Any) -> Any:
        dynamodb.restore_table_from_backup(TargetTableName=name, BackupArn=arn, **overrides)
        return dynamodb.describe_table(TableName=name)["Table"]

    as_recorded = restored("AsRecorded")
    assert as_recorded["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    assert as_recorded["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    on_demand = restored(
        "OnDemand",
        BillingModeOverride="PAY_PER_REQUEST",
        OnDemandThroughputOverride={"MaxReadRequestUnits": 7},
        SSESpecificationOverride={"Enabled": True},
    )
    assert on_demand["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert on_demand["OnDemandThroughput"] == {"MaxReadRequestUnits": 7}
    assert on_demand["SSEDescription"]["SSEType"] == "KMS"
    assert on_demand["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    renamed = {**index("renamed", "city"), "ProvisionedThroughput": UNITS}
    larger = restored(
        "Larger",
        ProvisionedThroughputOverride={"ReadCapacityUnits": 8, "WriteCapacityUnits": 8},
        GlobalSecondaryIndexOverride=[renamed],
    )
    assert larger["ProvisionedThroughput"]["WriteCapacityUnits"] == 8
    assert [entry["IndexName"] for entry in larger["GlobalSecondaryIndexes"]] == ["renamed"]
    bare = restored("Bare", GlobalSecondaryIndexOverride=[], LocalSecondaryIndexOverride=[])
    assert "GlobalSecondaryIndexes" not in bare
    assert bare["AttributeDefinitions"] == [{"AttributeName": "orderId", "AttributeType": "S"}]


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (
            {"BillingModeOverride": "PAY_PER_REQUEST", "ProvisionedThroughputOverride": UNITS},
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST",
        ),
        (
            {"OnDemandThroughputOverride": {"MaxReadRequestUnits": 1}},
            "Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST",
        ),
        (
            {"BillingModeOverride": "PAY_PER_REQUEST", "OnDemandThroughputOverride": {"MaxWriteRequestUnits": 0}},
            "Requested MaxWriteRequestUnits for OnDemandThroughput is outside of valid range",
        ),
        (
            {"GlobalSecondaryIndexOverride": [index("byCity", "city")]},
            "Must specify provisioned throughput for index byCity",
        ),
        (
            {"GlobalSecondaryIndexOverride": [index("byName", "orderId")]},
            "Index byName does not match a secondary index that existed in the source table and cannot be created "
            "during the restore operation",
        ),
        (
            {
                "BillingModeOverride": "PAY_PER_REQUEST",
                "GlobalSecondaryIndexOverride": [{**index("byCity", "city"), "ProvisionedThroughput": UNITS}],
            },
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index byCity",
        ),
    ],
)
def test_overrides_that_contradict_make_no_table(dynamodb: Any, overrides: dict[str, Any], words: str) -> None:
    provisioned_table(dynamodb)
    arn = back_up(dynamodb)["BackupArn"]
    call = dynamodb.restore_table_from_backup
    assert message(call, TargetTableName="New", BackupArn=arn, **overrides) == f"Invalid Request: {words}"
    refused(dynamodb.describe_table, "ResourceNotFoundException", TableName="New")


def test_restore_of_on_demand_backup_needs_throughput_to_be_provisioned(dynamodb: Any) -> None:
    create_table(dynamodb)
    request = {"TargetTableName": "New", "BackupArn": back_up(dynamodb)["BackupArn"]}
    call = dynamodb.restore_table_from_backup
    words = "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED"
    assert message(call, **request, ProvisionedThroughputOverride=UNITS) == f"Invalid Request: {words}"
    words = "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"
    assert message(call, **request, BillingModeOverride="PROVISIONED") == f"Invalid Request: {words}"
    call(**request, BillingModeOverride="PROVISIONED", ProvisionedThroughputOverride=UNITS)
    table = dynamodb.describe_table(TableName="New")["Table"]
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 5


def test_restore_into_a_taken_name_is_refused(dynamodb: Any) -> None:
    create_table(dynamodb)
    arn = back_up(dynamodb)["BackupArn"]
    words = message(
        dynamodb.restore_table_from_backup, "TableAlreadyExistsException", TargetTableName="Orders", BackupArn=arn
    )
    assert words == "Table already exists: Orders"


def test_restore_into_another_region_needs_an_encryption_override(dynamodb: Any, client: Callable[..., Any]) -> None:
    create_table(dynamodb)
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}})
    request = {"TargetTableName": "Abroad", "BackupArn": back_up(dynamodb)["BackupArn"]}
    abroad = client("dynamodb", region="eu-west-1", parameter_validation=False)
    words = message(abroad.restore_table_from_backup, **request)
    assert words == "Invalid Request: sseSpecificationOverride must be provided for cross-region restores"
    refused(abroad.describe_backup, "BackupNotFoundException", BackupArn=request["BackupArn"])
    abroad.restore_table_from_backup(**request, SSESpecificationOverride={"Enabled": True, "SSEType": "KMS"})
    assert abroad.scan(TableName="Abroad")["Count"] == 1
    assert ":eu-west-1:" in abroad.describe_table(TableName="Abroad")["Table"]["TableArn"]


def test_deleted_table_with_recovery_leaves_a_system_backup(dynamodb: Any) -> None:
    create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
    create_table(dynamodb, "Stock")
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName="Orders", PointInTimeRecoverySpecification=recovery)
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "city": {"S": "Rome"}})
    for name in ("Orders", "Stock"):
        dynamodb.delete_table(TableName=name)
    assert dynamodb.list_backups()["BackupSummaries"] == []
    (summary,) = dynamodb.list_backups(BackupType="SYSTEM")["BackupSummaries"]
    assert summary["BackupName"] == "Orders$DeletedTableBackup"
    assert summary["BackupArn"].endswith("-00000000")
    assert summary["BackupExpiryDateTime"] - summary["BackupCreationDateTime"] == timedelta(days=35)
    arn = summary["BackupArn"]
    described = dynamodb.describe_backup(BackupArn=arn)["BackupDescription"]
    assert (described["SourceTableDetails"]["ItemCount"], described["SourceTableFeatureDetails"]) == (1, {})
    words = message(dynamodb.delete_backup, BackupArn=arn)
    assert words.startswith(f"Invalid Request: User is not allowed to delete the system backup with arn {arn}. It will")
    dynamodb.restore_table_from_backup(TargetTableName="Orders", BackupArn=arn)
    assert dynamodb.scan(TableName="Orders", IndexName="byCity")["Count"] == 1
