"""Goal: tables are made, described, listed, changed and deleted as on AWS, refusals included."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import index, make_client, make_table, message, wait_for_table

KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "pk", "AttributeType": "S"}]
THROUGHPUT = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


def create(dynamodb: Any, name: str, **changes: Any) -> Any:
    request = {
        "TableName": name,
        "KeySchema": KEYS,
        "AttributeDefinitions": ATTRIBUTES,
        "BillingMode": "PAY_PER_REQUEST",
        **changes,
    }
    return dynamodb.create_table(**{name: value for name, value in request.items() if value is not None})


def tags_of(dynamodb: Any, arn: str) -> Any:
    return dynamodb.list_tags_of_resource(ResourceArn=arn)["Tags"]


def test_create_table_answers_creating_then_describes_active(
    dynamodb: Any, account: str, unique: Unique, region: str, until: Any
) -> None:
    made = create(dynamodb, unique("Things"))["TableDescription"]
    assert made["TableStatus"] == "CREATING"
    described = wait_for_table(dynamodb, until, unique("Things"))
    assert described["TableArn"] == f"arn:aws:dynamodb:{region}:{account}:table/{unique('Things')}"
    assert described["KeySchema"] == KEYS
    assert described["AttributeDefinitions"] == ATTRIBUTES
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert described["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
    assert described["TableId"] == made["TableId"]
    dynamodb.get_waiter("table_exists").wait(TableName=unique("Things"))


def test_create_table_settings_are_described(dynamodb: Any, unique: Unique, until: Any) -> None:
    create(
        dynamodb,
        unique("Things"),
        TableClass="STANDARD_INFREQUENT_ACCESS",
        DeletionProtectionEnabled=True,
        Tags=[{"Key": "team", "Value": "orders"}],
    )
    table = wait_for_table(dynamodb, until, unique("Things"))
    assert table["TableClassSummary"] == {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
    assert tags_of(dynamodb, table["TableArn"]) == [{"Key": "team", "Value": "orders"}]
    assert message(dynamodb.delete_table, TableName=unique("Things")) == (
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )
    dynamodb.update_table(TableName=unique("Things"), DeletionProtectionEnabled=False)
    wait_for_table(dynamodb, until, unique("Things"))
    assert dynamodb.delete_table(TableName=unique("Things"))["TableDescription"]["TableStatus"] == "DELETING"


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
def test_create_table_invalid_request_is_refused(
    dynamodb: Any, changes: dict[str, Any], words: str, unique: Unique
) -> None:
    assert message(lambda **request: create(dynamodb, unique("Things"), **request), **changes) == words


def test_create_table_three_keys_are_one_too_many(dynamodb: Any, unique: Unique) -> None:
    words = message(lambda: create(dynamodb, unique("Things"), KeySchema=KEYS * 3))
    assert words.endswith(
        "at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2"
    )


def test_create_table_twice_is_in_use(dynamodb: Any, unique: Unique) -> None:
    create(dynamodb, unique("Things"))
    words = message(lambda: create(dynamodb, unique("Things")), "ResourceInUseException")
    assert words == f"Table already exists: {unique('Things')}"


@pytest.mark.parametrize("operation", ["describe_table", "delete_table", "describe_time_to_live"])
def test_table_operation_unknown_table_is_named(dynamodb: Any, operation: str, unique: Unique) -> None:
    words = message(getattr(dynamodb, operation), "ResourceNotFoundException", TableName=unique("Nowhere"))
    assert words == f"Requested resource not found: Table: {unique('Nowhere')} not found"


def test_list_tables_pages_by_name(dynamodb: Any, unique: Unique) -> None:
    for name in ("ccc", "aaa", "bbb"):
        create(dynamodb, unique(name))
    before = unique("aa")
    first = dynamodb.list_tables(Limit=2, ExclusiveStartTableName=before)
    assert first["TableNames"] == [unique("aaa"), unique("bbb")]
    assert first["LastEvaluatedTableName"] == unique("bbb")
    assert dynamodb.list_tables(ExclusiveStartTableName=unique("bbb"))["TableNames"][0] == unique("ccc")
    assert "Member must have value less than or equal to 100" in message(dynamodb.list_tables, Limit=101)


def test_delete_table_then_create_again_starts_empty(dynamodb: Any, unique: Unique, until: Any) -> None:
    name = make_table(dynamodb, until, unique("Orders"))
    dynamodb.put_item(TableName=name, Item={"orderId": {"S": "1"}})
    dynamodb.delete_table(TableName=name)
    dynamodb.get_waiter("table_not_exists").wait(TableName=name)
    make_table(dynamodb, until, name)
    assert dynamodb.scan(TableName=name)["Count"] == 0


def test_update_table_without_a_change_is_refused(dynamodb: Any, unique: Unique, until: Any) -> None:
    create(dynamodb, unique("Things"))
    wait_for_table(dynamodb, until, unique("Things"))
    assert message(dynamodb.update_table, TableName=unique("Things")).startswith(
        "At least one of ProvisionedThroughput"
    )


def test_update_table_two_indexes_at_once_are_refused(dynamodb: Any, unique: Unique, until: Any) -> None:
    create(dynamodb, unique("Things"))
    wait_for_table(dynamodb, until, unique("Things"))
    words = message(
        dynamodb.update_table,
        "LimitExceededException",
        TableName=unique("Things"),
        AttributeDefinitions=[
            {"AttributeName": "a", "AttributeType": "S"},
            {"AttributeName": "b", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexUpdates=[{"Create": index("one", "a")}, {"Create": index("two", "b")}],
    )
    assert "Only 1 online index can be created or deleted simultaneously per table" in words
    assert "GlobalSecondaryIndexes" not in dynamodb.describe_table(TableName=unique("Things"))["Table"]


def test_tag_resource_sets_and_removes(dynamodb: Any, unique: Unique, until: Any) -> None:
    create(dynamodb, unique("Things"))
    arn = wait_for_table(dynamodb, until, unique("Things"))["TableArn"]
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dynamodb.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    dynamodb.untag_resource(ResourceArn=arn, TagKeys=["b"])
    until(lambda: tags_of(dynamodb, arn) == [{"Key": "a", "Value": "3"}], "the tag that is left")
    missing = arn.replace("Things", "Nowhere")
    tag = {"Key": "a", "Value": "b"}
    words = message(dynamodb.tag_resource, "ResourceNotFoundException", ResourceArn=missing, Tags=[tag])
    assert words == f"Requested resource not found: ResourcArn: {missing} not found"
