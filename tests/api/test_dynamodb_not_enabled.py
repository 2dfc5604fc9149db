"""Goal: what onebox does not offer of DynamoDB is described as AWS describes what is not enabled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.dynamodb_support import create_table, index, make_client, message, refused

FIRST_VERSION = "DynamoDB global tables version 2017.11.29 is not supported."


@pytest.fixture
def dynamodb(client: Callable[..., Any]) -> Any:
    dynamodb = make_client(client)
    create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
    return dynamodb


@pytest.fixture
def table_arn(dynamodb: Any) -> str:
    return str(dynamodb.describe_table(TableName="Orders")["Table"]["TableArn"])


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_lists_are_empty(dynamodb: Any) -> None:
    assert without_metadata(dynamodb.list_global_tables()) == {"GlobalTables": []}
    assert without_metadata(dynamodb.list_exports()) == {"ExportSummaries": []}
    assert without_metadata(dynamodb.list_imports()) == {"ImportSummaryList": []}
    assert "less than or equal to 25" in message(dynamodb.list_exports, MaxResults=26)


@pytest.mark.parametrize("name", ["Orders", "Nowhere"])
def test_no_table_is_a_global_table(dynamodb: Any, name: str) -> None:
    missing = f"Global table with name: '{name}' does not exist."
    code, named = "GlobalTableNotFoundException", {"GlobalTableName": name}
    assert message(dynamodb.describe_global_table, code, **named) == f"Global table not found: {missing}"
    assert message(dynamodb.describe_global_table_settings, code, **named) == missing
    settings: dict[str, Any] = {**named, "GlobalTableBillingMode": "PAY_PER_REQUEST"}
    assert message(dynamodb.update_global_table_settings, code, **settings) == missing
    code = "ResourceNotFoundException"
    assert message(dynamodb.describe_table_replica_auto_scaling, code, TableName=name) == missing
    assert message(dynamodb.update_table_replica_auto_scaling, code, TableName=name) == missing
    replicas: dict[str, Any] = {**named, "ReplicationGroup": [{"RegionName": "eu-west-1"}]}
    assert FIRST_VERSION in message(dynamodb.create_global_table, **replicas)
    updates: dict[str, Any] = {**named, "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-1"}}]}
    refused(dynamodb.update_global_table, "GlobalTableNotFoundException", **updates)


def test_exports_and_imports_are_not_found(dynamodb: Any, table_arn: str) -> None:
    for kind, call in (("Export", dynamodb.describe_export), ("Import", dynamodb.describe_import)):
        arn = f"{table_arn}/{kind.lower()}/01576616366715-b4e58d3a"
        member = f"{kind}Arn"
        assert message(call, f"{kind}NotFoundException", **{member: arn}) == f"{kind} not found: {arn}"
        assert message(call, **{member: table_arn}) == f"Invalid {kind} ARN"
        refused(call, "AccessDeniedException", **{member: arn.replace(":table/", "9:table/", 1)})


def test_tables_have_no_resource_policy(dynamodb: Any, table_arn: str) -> None:
    get = dynamodb.get_resource_policy
    words = message(get, "PolicyNotFoundException", ResourceArn=table_arn)
    assert words == f"Resource-based policy not found for the provided ResourceArn: {table_arn}"
    assert without_metadata(dynamodb.delete_resource_policy(ResourceArn=table_arn)) == {}
    refused(dynamodb.delete_resource_policy, "PolicyNotFoundException", ResourceArn=table_arn, ExpectedRevisionId="1")
    missing = table_arn.replace("Orders", "Nowhere")
    words = message(get, "ResourceNotFoundException", ResourceArn=missing)
    assert words == "Requested resource not found: Table: Nowhere not found"
    refused(get, "ResourceNotFoundException", ResourceArn=f"{table_arn}/stream/2026-10-09T00:29:04.041")
    assert message(get, ResourceArn="Orders").endswith("ARNs must start with 'arn:': Orders")
    assert "is not a DynamoDB resource arn" in message(get, ResourceArn="arn:aws:sns:us-east-1:1:Orders")
    assert "only table or stream is accepted" in message(get, ResourceArn=f"{table_arn}/index/byCity")


def test_insights_and_kinesis_are_off(dynamodb: Any) -> None:
    table = {"TableName": "Orders"}
    insights = dynamodb.describe_contributor_insights(**table)
    assert without_metadata(insights) == {**table, "ContributorInsightsStatus": "DISABLED"}
    assert dynamodb.describe_contributor_insights(**table, IndexName="byCity")["IndexName"] == "byCity"
    words = message(dynamodb.describe_contributor_insights, "ResourceNotFoundException", **table, IndexName="byName")
    assert words == "Requested resource not found: Index: byName not found for table: Orders"
    assert without_metadata(dynamodb.list_contributor_insights(**table)) == {"ContributorInsightsSummaries": []}
    refused(dynamodb.list_contributor_insights, "ResourceNotFoundException", TableName="Nowhere")
    kinesis = dynamodb.describe_kinesis_streaming_destination(**table)
    assert without_metadata(kinesis) == {**table, "KinesisDataStreamDestinations": []}
    stream = "arn:aws:kinesis:us-east-1:000000000000:stream/changes"
    words = message(dynamodb.disable_kinesis_streaming_destination, **table, StreamArn=stream)
    assert words.endswith("KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.")
    refused(
        dynamodb.disable_kinesis_streaming_destination,
        "ResourceNotFoundException",
        TableName="Nowhere",
        StreamArn=stream,
    )
