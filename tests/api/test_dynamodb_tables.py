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


def test_create_table_answers_creating_then_describes_active(dynamodb: Any, account: str) -> None:
    made = create(dynamodb)["TableDescription"]
    assert made["TableStatus"] == "CREATING"
    described = dynamodb.describe_table(TableName="Things")["Table"]
    assert described["TableStatus"] == "ACTIVE"
    assert described["TableArn"] == f"arn:aws:dynamodb:us-east-1:{account}:table/Things"
    assert described["KeySchema"] == KEYS
    assert described["AttributeDefinitions"] == ATTRIBUTES
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert described["TableId"] == made["TableId"]
    dynamodb.get_waiter("table_exists").wait(TableName="Things", WaiterConfig={"MaxAttempts": 1})


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


def test_create_table_settings_are_described(dynamodb: Any) -> None:
    create(
        dynamodb,
        TableClass="STANDARD_INFREQUENT_ACCESS",
        DeletionProtectionEnabled=True,
        SSESpecification={"Enabled": True, "SSEType": "KMS"},
        Tags=[{"Key": "team", "Value": "orders"}],
    )
    table = dynamodb.describe_table(TableName="Things")["Table"]
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert table["SSEDescription"]["Status"] == "ENABLED"
    assert dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"] == [{"Key": "team", "Value": "orders"}]
    assert message(dynamodb.delete_table, TableName="Things") == (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    dynamodb.update_table(TableName="Things", DeletionProtectionEnabled=False)
    assert dynamodb.delete_table(TableName="Things")["TableDescription"]["TableStatus"] == "DELETING"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"TableName": "ab"},
            "1 validation error detected: Value 'ab' at 'tableName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 3",
        ),
        (
            {"TableName": "bad name"},
            "1 validation error detected: Value 'bad name' at 'tableName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "WRONG"}]},
            "1 validation error detected: Value 'WRONG' at 'keySchema.1.member.keyType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [HASH, RANGE]",
        ),
        (
            {"AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "WRONG"}]},
            "1 validation error detected: Value 'WRONG' at 'attributeDefinitions.1.member.attributeType' failed "
            "to satisfy "
            "constraint: Member must satisfy enum value set: [B, N, S]",
        ),
        (
            {"KeySchema": [*KEYS, {"AttributeName": "pk", "KeyType": "RANGE"}]},
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            {"KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}]},
            "One or more parameter values were invalid: Some index key attributes are not defined in "
            "AttributeDefinitions. Keys: [other], AttributeDefinitions: [pk]",
        ),
        (
            {"AttributeDefinitions": [*ATTRIBUTES, {"AttributeName": "extra", "AttributeType": "S"}]},
            "One or more parameter values were invalid: Number of attributes in KeySchema does not exactly "
            "match number "
            "of attributes defined in AttributeDefinitions",
        ),
        (
            {"BillingMode": "PROVISIONED"},
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be "
            "specified "
            "when BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughput": THROUGHPUT},
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be "
            "specified "
            "when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"LocalSecondaryIndexes": [index("local", "pk", "pk")]},
            "One or more parameter values were invalid: Table KeySchema does not have a range key, which is "
            "required when "
            "specifying a LocalSecondaryIndex",
        ),
        (
            {"GlobalSecondaryIndexes": [index("same", "pk"), index("same", "pk")]},
            "One or more parameter values were invalid: Duplicate index name: same",
        ),
        (
            {"GlobalSecondaryIndexes": []},
            "One or more parameter values were invalid: List of GlobalSecondaryIndexes is empty",
        ),
        (
            {"StreamSpecification": {"StreamEnabled": True}},
            "One or more parameter values were invalid: StreamViewType must be specified when StreamEnabled is true",
        ),
    ],
)
def test_create_table_invalid_request_is_refused(dynamodb: Any, changes: dict[str, Any], words: str) -> None:
    assert message(lambda **request: create(dynamodb, **request), **changes) == words


def test_create_table_three_keys_are_one_too_many(dynamodb: Any) -> None:
    words = message(lambda: create(dynamodb, KeySchema=KEYS * 3))
    assert words.endswith(
        "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"
    )


def test_create_table_twice_is_in_use(dynamodb: Any) -> None:
    create(dynamodb)
    words = message(lambda: create(dynamodb), "ResourceInUseException")
    assert words == "Table already exists: Things"


def test_create_table_in_other_regions_and_accounts_is_separate(onebox: EngineThread, client: Any) -> None:
    create(make_client(client))
    assert client("dynamodb", region="eu-west-1").list_tables()["TableNames"] == []
    assert onebox.client("dynamodb", account="111122223333").list_tables()["TableNames"] == []


@pytest.mark.parametrize("operation", ["describe_table", "delete_table", "describe_time_to_live"])
def test_table_operation_unknown_table_is_named(dynamodb: Any, operation: str) -> None:
    words = message(getattr(dynamodb, operation), "ResourceNotFoundException", TableName="Nowhere")
    assert words == "Requested resource not found: Table: Nowhere not found"


def test_list_tables_pages_by_name(dynamodb: Any) -> None:
    for name in ("ccc", "aaa", "bbb"):
        create(dynamodb, TableName=name)
    first = dynamodb.list_tables(Limit=2)
    assert (first["TableNames"], first["LastEvaluatedTableName"]) == (["aaa", "bbb"], "bbb")
    rest = dynamodb.list_tables(ExclusiveStartTableName="bbb")
    assert (rest["TableNames"], "LastEvaluatedTableName" in rest) == (["ccc"], False)
    assert "Member must have value less than or equal to 100" in message(dynamodb.list_tables, Limit=101)


def test_delete_table_then_create_again_starts_empty(dynamodb: Any) -> None:
    create_table(dynamodb)
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}})
    dynamodb.delete_table(TableName="Orders")
    dynamodb.get_waiter("table_not_exists").wait(TableName="Orders", WaiterConfig={"MaxAttempts": 1})
    create_table(dynamodb)
    assert dynamodb.scan(TableName="Orders")["Count"] == 0
    assert dynamodb.describe_table(TableName="Orders")["Table"]["ItemCount"] == 0


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


def test_update_table_without_a_change_is_refused(dynamodb: Any) -> None:
    create(dynamodb)
    assert message(dynamodb.update_table, TableName="Things").startswith("At least one of ProvisionedThroughput")


def test_update_table_two_indexes_at_once_are_refused(dynamodb: Any) -> None:
    create(dynamodb)
    words = message(
        dynamodb.update_table,
        "LimitExceededException",
        TableName="Things",
        AttributeDefinitions=[
            {"AttributeName": "a", "AttributeType": "S"},
            {"AttributeName": "b", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexUpdates=[{"Create": index("one", "a")}, {"Create": index("two", "b")}],
    )
    assert "Only 1 online index can be created or deleted simultaneously per table" in words
    assert "GlobalSecondaryIndexes" not in dynamodb.describe_table(TableName="Things")["Table"]


def test_tag_resource_sets_and_removes(dynamodb: Any) -> None:
    create(dynamodb)
    arn = dynamodb.describe_table(TableName="Things")["Table"]["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["b"])
    assert dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    missing = arn.replace("Things", "Nowhere")
    tag = {"Key": "a", "Value": "b"}
    words = message(dynamodb.tag_resource, "ResourceNotFoundException", ResourceArn=missing, Tags=[tag])
    assert words == f"Requested resource not found: ResourcArn: {missing} not found"


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
