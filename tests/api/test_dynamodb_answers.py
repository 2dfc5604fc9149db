"""Goal: tables, tags, transactions and values answer as on AWS, and every answer has DynamoDB's headers."""

# ruff: noqa: E501 - tables of requests: a case a line

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.dynamodb_raw import INVALID, VALIDATION, Ask, N, S, asking
from tests.api.dynamodb_support import create_table, index


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    with asking() as ask:
        yield ask


def test_every_answer_has_dynamodbs_headers() -> None:
    with EngineThread() as engine:
        dynamodb = engine.client("dynamodb")
        for call in (dynamodb.list_tables, lambda: dynamodb.get_item(TableName="absent", Key={"a": S})):
            try:
                answer = call()
            except ClientError as error:
                answer = error.response
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            assert re.fullmatch("[0-9A-Z]{52}", headers["x-amzn-requestid"])
            assert headers["server"] == "Server"
            assert headers["x-amz-crc32"].isdigit()
            assert headers["date"]


ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/"
TAG = {"Key": "k", "Value": "v"}
CREATE_INDEX = {"Create": {**index("byE", "e")}}


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("TagResource", {}, "Invalid TableArn"),
        ("TagResource", {"ResourceArn": "x", "Tags": []}, f"{INVALID}ARNs must start with 'arn:': x"),
        (
            "TagResource",
            {"ResourceArn": f"{ARN}ab", "Tags": []},
            "Invalid TableArn: Invalid ResourceArn provided as input",
        ),
        ("TagResource", {"ResourceArn": f"{ARN}Hash/index/x", "Tags": [TAG]}, "Invalid TableArn: Invalid ResourceArn"),
        ("TagResource", {"ResourceArn": f"{ARN}Hash", "Tags": []}, "Atleast one Tag needs to be provided as Input."),
        ("TagResource", {"ResourceArn": f"{ARN}Hash"}, "1 validation error detected: Value null at 'tags'"),
        (
            "TagResource",
            {"ResourceArn": f"{ARN}Hash", "Tags": [{"Key": "a!", "Value": "v"}]},
            f"{INVALID}Tag keys and values hold",
        ),
        ("UntagResource", {"ResourceArn": f"{ARN}absent", "TagKeys": []}, "Atleast one Tag Key needs to be provided"),
        (
            "UpdateTable",
            {"TableName": "absent", "GlobalSecondaryIndexUpdates": []},
            "At least one of ProvisionedThroughput",
        ),
        (
            "UpdateTable",
            {"TableName": "absent", "BillingMode": "PROVISIONED"},
            f"{INVALID}ProvisionedThroughput must be",
        ),
        (
            "UpdateTable",
            {
                "TableName": "absent",
                "ProvisionedThroughput": {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1},
            },
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        (
            "UpdateTable",
            {"TableName": "absent", "GlobalSecondaryIndexUpdates": [{}]},
            f"{INVALID}One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null",
        ),
        (
            "UpdateTable",
            {"TableName": "absent", "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "abc"}}] * 2},
            f"{INVALID}Only one global secondary index update per index is allowed simultaneously. Index: abc",
        ),
        (
            "UpdateTable",
            {"TableName": "Hash", "GlobalSecondaryIndexUpdates": [CREATE_INDEX]},
            "Invalid KeySchema: Some index key attribute have no definition",
        ),
        (
            "UpdateTable",
            {
                "TableName": "Hash",
                "AttributeDefinitions": [{"AttributeName": "f", "AttributeType": "S"}],
                "GlobalSecondaryIndexUpdates": [CREATE_INDEX],
            },
            f"{INVALID}Some index key attributes are not defined in AttributeDefinitions. Keys: [e], AttributeDefinitions: [f]",
        ),
        (
            "UpdateTable",
            {
                "TableName": "Range",
                "AttributeDefinitions": [{"AttributeName": "c", "AttributeType": "S"}],
                "GlobalSecondaryIndexUpdates": [{"Create": index("byC", "c")}],
            },
            "Attempting to create an index which already exists",
        ),
        (
            "UpdateTable",
            {
                "TableName": "Hash",
                "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "N"}],
                "TableClass": "STANDARD",
            },
            f"{INVALID}Attribute a cannot be redefined",
        ),
        # Updates of index keys.
        (
            "UpdateItem",
            {
                "TableName": "Range",
                "Key": {"a": S, "b": N},
                "UpdateExpression": "SET c = :v",
                "ExpressionAttributeValues": {":v": N},
            },
            f"{INVALID}Type mismatch for Index Key c Expected: S Actual: N IndexName: byC",
        ),
        (
            "UpdateItem",
            {
                "TableName": "Range",
                "Key": {"a": S, "b": N},
                "UpdateExpression": "SET c.x = :v",
                "ExpressionAttributeValues": {":v": N},
            },
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: IndexKey: c",
        ),
        # Transactions.
        (
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "Hash", "Key": {"a": S}}}] * 2},
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            "ExecuteTransaction",
            {"TransactStatements": [{"Statement": "SELECT * FROM Hash WHERE a = 'x'"}] * 2},
            "Transaction request cannot include multiple operations on one item",
        ),
        (
            "ExecuteStatement",
            {"Statement": "SELECT * FROM Hash", "Parameters": []},
            "1 validation error detected: Value '[]' at 'parameters'",
        ),
    ],
)
def test_tables_tags_and_transactions_answer_as_aws(ask: Ask, operation: str, request_: Any, words: str) -> None:
    kind, message = ask(operation, request_)
    assert message[: len(words)] == words
    assert kind == VALIDATION


def test_tags_of_an_unknown_table_are_denied(ask: Ask) -> None:
    kind, _ = ask("ListTagsOfResource", {"ResourceArn": f"{ARN}absent"})
    assert kind.endswith("AccessDeniedException")
    assert ask("UntagResource", {"ResourceArn": f"{ARN}absent", "TagKeys": ["a"]})[1] == "Requested resource not found"


def test_table_descriptions_show_what_aws_shows(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb")
    request = {
        "TableName": "Described",
        "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    }
    assert "WarmThroughput" not in dynamodb.create_table(**request)["TableDescription"]
    assert dynamodb.describe_table(TableName="Described")["Table"]["WarmThroughput"]["Status"] == "ACTIVE"
    more = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 1}
    updated = dynamodb.update_table(TableName="Described", ProvisionedThroughput=more)["TableDescription"]
    assert (updated["TableStatus"], updated["ProvisionedThroughput"]["ReadCapacityUnits"]) == ("UPDATING", 1)
    assert dynamodb.describe_table(TableName="Described")["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    insights = dynamodb.describe_contributor_insights(TableName="Described")
    assert insights["ContributorInsightsStatus"] == "DISABLED"
    destination = dynamodb.describe_kinesis_streaming_destination(TableName="Described")
    assert destination["KinesisDataStreamDestinations"] == []
    dynamodb.update_table(TableName="Described", BillingMode="PAY_PER_REQUEST")
    deleted = dynamodb.delete_table(TableName="Described")["TableDescription"]
    assert deleted["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_updates_that_only_take_away_make_no_item(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb")
    create_table(dynamodb, "Taken", "a:S")
    key = {"TableName": "Taken", "Key": {"a": S}, "ReturnValues": "ALL_NEW"}
    for text in ("REMOVE x", "REMOVE x.y", "REMOVE x[0]", "DELETE s :s"):
        values = {"ExpressionAttributeValues": {":s": {"SS": ["a"]}}} if ":s" in text else {}
        assert "Attributes" not in dynamodb.update_item(**key, UpdateExpression=text, **values)
    assert dynamodb.scan(TableName="Taken")["Count"] == 0
    dynamodb.update_item(**key)
    assert dynamodb.scan(TableName="Taken")["Count"] == 1


def test_values_are_counted_and_compared_as_on_aws(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb")
    create_table(dynamodb, "Counted", "a:S")
    item = {"a": S, "smile": {"S": "\U0001f600"}, "list": {"L": [N]}, "empty": {"SS": ["", "x"]}}
    dynamodb.put_item(TableName="Counted", Item=item)

    def holds(text: str, **values: Any) -> bool:
        request: dict[str, Any] = {"TableName": "Counted", "FilterExpression": text}
        if values:
            request["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
        return bool(dynamodb.scan(**request)["Count"])

    assert holds("size(smile) = :n", n={"N": "2"})
    assert holds("nowhere <> elsewhere")
    dynamodb.update_item(
        TableName="Counted", Key={"a": S}, AttributeUpdates={"list": {"Action": "ADD", "Value": {"L": [S]}}}
    )
    assert dynamodb.get_item(TableName="Counted", Key={"a": S})["Item"]["list"] == {"L": [N, S]}
    get = {"Get": {"TableName": "Counted", "Key": {"a": S}, "ProjectionExpression": "nowhere"}}
    assert dynamodb.transact_get_items(TransactItems=[get])["Responses"] == [{}]
    statement = {"Statement": "DELETE FROM Counted WHERE a = 'a'"}
    assert dynamodb.execute_transaction(TransactStatements=[statement])["Responses"] == []


def test_first_invalid_action_alone_is_the_reason_of_a_cancelled_transaction(client: Callable[..., Any]) -> None:
    dynamodb = client("dynamodb", parameter_validation=False)
    create_table(dynamodb, "Cancelled", "a:S")
    good = {"TableName": "Cancelled", "Item": {"a": S}}
    false = {**good, "Item": {"a": {"S": "b"}}, "ConditionExpression": "attribute_exists(a)"}
    wrong = {"TableName": "Cancelled", "Item": {"a": N}}
    with pytest.raises(ClientError) as caught:
        dynamodb.transact_write_items(TransactItems=[{"Put": good}, {"Put": false}, {"Put": wrong}, {"Put": wrong}])
    reasons = caught.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "None", "ValidationError", "None"]
