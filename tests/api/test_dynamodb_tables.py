"""Goal: tables are made, described, listed, changed and deleted as on AWS, refusals included."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index, make_client, message, refused

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "pk", "AttributeType": "S"}]
THROUGHPUT = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}


@pytest.fixture
def dynamodb(client: Any) -> Any:
    return make_client(client)


def create(dynamodb: Any, **changes: Any) -> Any:
    request = {
        "TableName": "Things",
        "KeySchema": KEYS,
        "AttributeDefinitions": ATTRIBUTES,
        "BillingMode": "PAY_PER_REQUEST",
        **changes,
    }
    return dynamodb.create_table(**{name: value for name, value in request.items() if value is not None})


def test_create_table_provisioned_keeps_throughput_for_table_and_index(dynamodb: Any) -> None:
    create(
        dynamodb,
        BillingMode=None,
        ProvisionedThroughput=THROUGHPUT,
        AttributeDefinitions=[*ATTRIBUTES, {"AttributeName": "city", "AttributeType": "S"}],
        GlobalSecondaryIndexes=[{**index("byCity", "city"), "ProvisionedThroughput": THROUGHPUT}],
    )
    table = dynamodb.describe_table(TableName="Things")["Table"]
    assert table["ProvisionedThroughput"] == {**THROUGHPUT, "NumberOfDecreasesToday": 0}
    assert "BillingModeSummary" not in table
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"] == {**THROUGHPUT, "NumberOfDecreasesToday": 0}
    assert table["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"


def test_create_table_in_other_regions_and_accounts_is_separate(onebox: EngineThread, client: Any) -> None:
    create(make_client(client))
    assert client("dynamodb", region="eu-west-1").list_tables()["TableNames"] == []
    assert onebox.client("dynamodb", account="111122223333").list_tables()["TableNames"] == []


def test_delete_table_rows_leave_the_database_in_the_background(timed: EngineThread) -> None:
    dynamodb = timed.client("dynamodb")
    create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
    for start in range(0, 500, 25):
        requests = [
            {"PutRequest": {"Item": {"orderId": {"S": f"{n}"}, "city": {"S": "x"}}}} for n in range(start, start + 25)
        ]
        dynamodb.batch_write_item(RequestItems={"Orders": requests})
    dynamodb.delete_table(TableName="Orders")
    create_table(dynamodb)
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}})
    timed.clock.advance(1)
    assert dynamodb.scan(TableName="Orders")["Count"] == 1


def test_update_table_billing_mode_and_throughput(dynamodb: Any) -> None:
    create(dynamodb)
    changed = dynamodb.update_table(TableName="Things", BillingMode="PROVISIONED", ProvisionedThroughput=THROUGHPUT)[
        "TableDescription"
    ]
    assert changed["TableStatus"] == "UPDATING"
    assert changed["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    words = message(dynamodb.update_table, TableName="Things", ProvisionedThroughput=THROUGHPUT)
    assert words.startswith("The provisioned throughput for the table will not change.")
    more = {"ReadCapacityUnits": 50, "WriteCapacityUnits": 60}
    dynamodb.update_table(TableName="Things", ProvisionedThroughput=more)
    table = dynamodb.describe_table(TableName="Things")["Table"]
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 50
    assert "LastIncreaseDateTime" in table["ProvisionedThroughput"]
    dynamodb.update_table(TableName="Things", BillingMode="PAY_PER_REQUEST")
    table = dynamodb.describe_table(TableName="Things")["Table"]
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 0


def test_update_continuous_backups_is_kept(dynamodb: Any) -> None:
    create(dynamodb)

    def described() -> Any:
        answer = dynamodb.describe_continuous_backups(TableName="Things")["ContinuousBackupsDescription"]
        assert answer["ContinuousBackupsStatus"] == "ENABLED"
        return answer["PointInTimeRecoveryDescription"]

    assert described() == {"PointInTimeRecoveryStatus": "DISABLED"}
    dynamodb.update_continuous_backups(
        TableName="Things", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    assert described()["PointInTimeRecoveryStatus"] == "ENABLED"
    assert described()["RecoveryPeriodInDays"] == 35
    refused(dynamodb.describe_continuous_backups, "TableNotFoundException", TableName="Nowhere")


def test_describe_limits_and_endpoints_answer(dynamodb: Any, onebox: EngineThread) -> None:
    assert dynamodb.describe_limits()["TableMaxReadCapacityUnits"] == 40_000
    (endpoint,) = dynamodb.describe_endpoints()["Endpoints"]
    assert onebox.endpoint_url.endswith(endpoint["Address"])
