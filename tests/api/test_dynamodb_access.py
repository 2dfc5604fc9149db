"""Goal: a role that may touch only its tenant's keys and attributes cannot reach others by any way into a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.api.dynamodb_support import create_table, index

OWN = {"tenant": {"S": "a"}, "id": {"S": "1"}}
OTHER = {"tenant": {"S": "b"}, "id": {"S": "1"}}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any = "dynamodb:*", **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **members}


def deny(condition: dict[str, Any], action: Any = "dynamodb:*") -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition}


@pytest.fixture
def limited(client: Callable[..., Any], onebox: Any, account: str) -> Callable[..., Any]:
    """Makes a DynamoDB client of a role with the given policy statements."""
    iam = client("iam")
    trust = document({"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"})
    iam.create_role(RoleName="Tenant", AssumeRolePolicyDocument=trust)
    credentials = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/Tenant", RoleSessionName="session")
    keys = credentials["Credentials"]

    def make(*statements: dict[str, Any]) -> Any:
        iam.put_role_policy(RoleName="Tenant", PolicyName="p", PolicyDocument=document(*statements))
        return boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url=onebox.endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )

    return make


@pytest.fixture
def table(client: Callable[..., Any]) -> Any:
    dynamodb = client("dynamodb")
    create_table(
        dynamodb,
        "Notes",
        "tenant:S",
        "id:S",
        attributes=["owner:S"],
        GlobalSecondaryIndexes=[index("byOwner", "owner")],
    )
    for tenant in "ab":
        dynamodb.put_item(
            TableName="Notes",
            Item={"tenant": {"S": tenant}, "id": {"S": "1"}, "owner": {"S": tenant}, "secret": {"S": "x"}},
        )
    return dynamodb


def allowed(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDeniedException":
            return False
    return True


def ways(dynamodb: Any, key: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Every way to an item by its key."""
    name = "Notes"
    tenant = key["tenant"]
    get = {"TableName": name, "Key": key}
    where = f"WHERE tenant = '{tenant['S']}' AND id = '1'"
    condition = {"KeyConditionExpression": "#t = :t", "ExpressionAttributeNames": {"#t": "tenant"}}
    values = {"ExpressionAttributeValues": {":t": tenant}}
    legacy = {"tenant": {"ComparisonOperator": "EQ", "AttributeValueList": [tenant]}}
    put = {"PutRequest": {"Item": key}}
    mixed = {"RequestItems": {name: [{"PutRequest": {"Item": OWN}}, put] if key != OWN else [put]}}
    statement = {"Statement": f"SELECT * FROM Notes {where}"}
    parameter = {"Statement": "SELECT * FROM Notes WHERE tenant = ? AND id = ?", "Parameters": [tenant, key["id"]]}
    own = {"Statement": "SELECT * FROM Notes WHERE tenant = 'a' AND id = '2'"}
    insert = {"Statement": "INSERT INTO Notes VALUE {'tenant': ?, 'id': 'new'}", "Parameters": [tenant]}
    update = {"TableName": name, "Key": key, "UpdateExpression": "SET x = :v"}
    return {
        "get": lambda: dynamodb.get_item(**get),
        "put": lambda: dynamodb.put_item(TableName=name, Item=key),
        "update": lambda: dynamodb.update_item(**update, ExpressionAttributeValues={":v": {"N": "1"}}),
        "query": lambda: dynamodb.query(TableName=name, **condition, **values),
        "legacy query": lambda: dynamodb.query(TableName=name, KeyConditions=legacy),
        "batch get": lambda: dynamodb.batch_get_item(RequestItems={name: {"Keys": [{**OWN, "id": {"S": "9"}}, key]}}),
        "batch write": lambda: dynamodb.batch_write_item(**mixed),
        "transact get": lambda: dynamodb.transact_get_items(TransactItems=[{"Get": get}]),
        "transact write": lambda: dynamodb.transact_write_items(TransactItems=[{"Delete": get}]),
        "statement": lambda: dynamodb.execute_statement(**statement),
        "statement in": lambda: dynamodb.execute_statement(
            Statement="SELECT * FROM Notes WHERE tenant IN ['a', ?]", Parameters=[tenant]
        ),
        "parameter": lambda: dynamodb.execute_statement(**parameter),
        "insert": lambda: dynamodb.execute_statement(**insert),
        "batch statements": lambda: dynamodb.batch_execute_statement(Statements=[own, parameter]),
        "transaction": lambda: dynamodb.execute_transaction(TransactStatements=[statement]),
        "delete": lambda: dynamodb.delete_item(**get),
    }


def test_deny_on_leading_keys_stops_every_way_to_another_tenant(limited: Any, table: Any) -> None:
    others = {"ForAnyValue:StringNotEquals": {"dynamodb:LeadingKeys": ["a"]}}
    dynamodb = limited(allow(), deny(others))
    assert {name: allowed(way) for name, way in ways(dynamodb, OTHER).items()} == dict.fromkeys(
        ways(dynamodb, OTHER), False
    )
    assert {name: allowed(way) for name, way in ways(dynamodb, OWN).items()} == dict.fromkeys(ways(dynamodb, OWN), True)


def test_member_that_no_value_has_does_not_disguise_a_key(limited: Any, table: Any) -> None:
    def disguise(request: Any, **_: Any) -> None:
        request.data = request.data.replace(b'{"S": "b"}', b'{"X": "a", "S": "b"}')

    dynamodb = limited(allow(Condition={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a"]}}))
    dynamodb.meta.events.register("before-sign.dynamodb", disguise)
    assert {name for name, way in ways(dynamodb, OTHER).items() if allowed(way)} == set()
    assert {name for name, way in ways(dynamodb, OWN).items() if not allowed(way)} == set()


def test_deny_without_leading_keys_stops_scans(limited: Any, table: Any) -> None:
    dynamodb = limited(allow(), deny({"Null": {"dynamodb:LeadingKeys": "true"}}, ["dynamodb:Scan", "dynamodb:Query"]))
    assert not allowed(lambda: dynamodb.scan(TableName="Notes"))
    assert allowed(ways(dynamodb, OTHER)["query"])


def test_leading_keys_of_a_number_are_compared_in_one_form(limited: Any, client: Any) -> None:
    create_table(client("dynamodb"), "Numbers", "n:N")
    dynamodb = limited(allow(), deny({"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["7"]}}))
    for text in ("7", "7.0", "0.7E1", "+7"):
        assert not allowed(partial(dynamodb.get_item, TableName="Numbers", Key={"n": {"N": text}})), text
    assert allowed(lambda: dynamodb.get_item(TableName="Numbers", Key={"n": {"N": "8"}}))


def test_attributes_of_expressions_projections_and_statements_count(limited: Any, table: Any) -> None:
    secret = {"ForAnyValue:StringEquals": {"dynamodb:Attributes": ["secret"]}}
    dynamodb = limited(allow(), deny(secret))
    get = {"TableName": "Notes", "Key": OWN}
    names = {"ExpressionAttributeNames": {"#s": "secret"}}
    value = {"ExpressionAttributeValues": {":v": {"S": "x"}}}
    query = {"TableName": "Notes", "KeyConditionExpression": "tenant = :t"}
    refused = {
        "projection": lambda: dynamodb.get_item(**get, ProjectionExpression="id, #s.deep", **names),
        "older": lambda: dynamodb.get_item(**get, AttributesToGet=["secret"]),
        "put": lambda: dynamodb.put_item(TableName="Notes", Item={**OWN, "secret": {"S": "y"}}),
        "update": lambda: dynamodb.update_item(**get, UpdateExpression="SET copied = secret"),
        "condition": lambda: dynamodb.delete_item(**get, ConditionExpression="secret = :v", **value),
        "filter": lambda: dynamodb.query(
            **query,
            FilterExpression="begins_with(secret, :v)",
            ExpressionAttributeValues={":t": {"S": "a"}, ":v": {"S": "x"}},
        ),
        "statement": lambda: dynamodb.execute_statement(Statement="SELECT secret FROM Notes WHERE tenant = 'a'"),
        "where": lambda: dynamodb.execute_statement(Statement="SELECT id FROM Notes WHERE tenant='a' AND secret='x'"),
    }
    assert {name: allowed(call) for name, call in refused.items()} == dict.fromkeys(refused, False)
    assert allowed(lambda: dynamodb.get_item(**get, ProjectionExpression="id"))


def test_options_enclosing_operation_and_full_scans_are_condition_keys(limited: Any, table: Any) -> None:
    get = {"TableName": "Notes", "Key": OWN}
    dynamodb = limited(allow(), deny({"StringEquals": {"dynamodb:ReturnValues": ["ALL_OLD"]}}))
    assert not allowed(lambda: dynamodb.delete_item(**get, ReturnValues="ALL_OLD"))
    assert allowed(lambda: dynamodb.delete_item(**get))
    dynamodb = limited(allow(), deny({"StringEquals": {"dynamodb:ReturnConsumedCapacity": ["TOTAL"]}}))
    assert not allowed(lambda: dynamodb.get_item(**get, ReturnConsumedCapacity="TOTAL"))
    dynamodb = limited(allow(), deny({"StringNotEqualsIfExists": {"dynamodb:Select": "COUNT"}}, "dynamodb:Scan"))
    assert not allowed(lambda: dynamodb.scan(TableName="Notes", Select="ALL_ATTRIBUTES"))
    assert allowed(lambda: dynamodb.scan(TableName="Notes", Select="COUNT"))
    condition = {"StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}
    dynamodb = limited(allow("dynamodb:DeleteItem", Condition=condition))
    assert not allowed(lambda: dynamodb.delete_item(**get))
    assert allowed(lambda: dynamodb.transact_write_items(TransactItems=[{"Delete": get}]))
    dynamodb = limited(allow(), deny({"Bool": {"dynamodb:FullTableScan": "true"}}))
    assert not allowed(lambda: dynamodb.execute_statement(Statement="SELECT * FROM Notes WHERE owner = 'a'"))
    assert allowed(lambda: dynamodb.execute_statement(Statement="SELECT * FROM Notes WHERE tenant = 'a'"))


def test_tags_of_table_and_request_are_condition_keys(limited: Any, table: Any, account: str) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/Notes"
    table.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "live"}])
    dynamodb = limited(allow(), deny({"StringEquals": {"aws:ResourceTag/stage": "live"}}, "dynamodb:DeleteItem"))
    assert not allowed(lambda: dynamodb.delete_item(TableName="Notes", Key=OWN))
    dynamodb = limited(allow(), deny({"StringEquals": {"aws:RequestTag/stage": "test"}}))
    tag = {"ResourceArn": arn, "Tags": [{"Key": "stage", "Value": "test"}]}
    assert not allowed(lambda: dynamodb.tag_resource(**tag))
    dynamodb = limited(allow(), deny({"ForAnyValue:StringEquals": {"aws:TagKeys": ["stage"]}}))
    assert not allowed(lambda: dynamodb.untag_resource(ResourceArn=arn, TagKeys=["stage"]))
    assert allowed(lambda: dynamodb.untag_resource(ResourceArn=arn, TagKeys=["other"]))


def test_other_spellings_of_an_arn_are_no_way_around_a_policy(limited: Any, table: Any, account: str) -> None:
    arn = f"arn:aws:dynamodb:us-east-1:{account}:table/Notes"
    dynamodb = limited(allow(), {"Effect": "Deny", "Action": "dynamodb:*", "Resource": arn})
    for name in ("Notes", arn):
        assert not allowed(partial(dynamodb.get_item, TableName=name, Key=OWN))
    others = (f"{arn}/", f"{arn}/index/byOwner", f"{arn}/backup/1", arn.replace("arn:aws:", "arn:aws-cn:"))
    for name in others:
        for call in (
            partial(dynamodb.get_item, TableName=name, Key=OWN),
            partial(dynamodb.scan, TableName=name),
            partial(dynamodb.execute_statement, Statement=f'SELECT * FROM "{name}"'),
            partial(dynamodb.batch_get_item, RequestItems={name: {"Keys": [OWN]}}),
            partial(dynamodb.delete_table, TableName=name),
            partial(
                dynamodb.restore_table_to_point_in_time,
                SourceTableArn=name,
                TargetTableName="New",
                UseLatestRestorableTime=True,
            ),
        ):
            with pytest.raises(ClientError) as caught:
                call()
            assert caught.value.response["Error"]["Code"] == "ValidationException", (name, call)
    restore = {"SourceTableName": "Notes", "TargetTableName": others[0], "UseLatestRestorableTime": True}
    with pytest.raises(ClientError, match="at 'targetTableName' failed to satisfy constraint"):
        table.restore_table_to_point_in_time(**restore)
    assert table.list_tables()["TableNames"] == ["Notes"]


def test_stream_is_not_reached_under_the_name_of_another_partition(table: Any, client: Callable[..., Any]) -> None:
    specification = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    arn = table.update_table(TableName="Notes", StreamSpecification=specification)["TableDescription"][
        "LatestStreamArn"
    ]
    abroad = arn.replace("arn:aws:", "arn:aws-cn:")
    streams = client("dynamodbstreams")
    assert streams.describe_stream(StreamArn=arn)["StreamDescription"]["StreamArn"] == arn
    with pytest.raises(ClientError) as caught:
        streams.describe_stream(StreamArn=abroad)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_backup_is_not_reached_under_the_name_of_another_region(limited: Any, table: Any, account: str) -> None:
    arn = table.create_backup(TableName="Notes", BackupName="nightly")["BackupDetails"]["BackupArn"]
    abroad = arn.replace("us-east-1", "eu-west-1")
    resource = f"arn:aws:dynamodb:eu-west-1:{account}:table/*"
    dynamodb = limited({"Effect": "Allow", "Action": "dynamodb:*", "Resource": resource})
    assert not allowed(lambda: dynamodb.delete_backup(BackupArn=arn))
    for call in (dynamodb.describe_backup, dynamodb.delete_backup):
        with pytest.raises(ClientError, match=f"Backup not found: {abroad}"):
            call(BackupArn=abroad)
    assert len(table.list_backups()["BackupSummaries"]) == 1
