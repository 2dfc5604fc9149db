"""Goal: what DynamoDB acknowledged, and the work it had begun, go on after a restart; its metrics are recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index, refused


def test_restart_keeps_tables_items_and_settings(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        dynamodb = engine.client("dynamodb")
        create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
        dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "city": {"S": "Rome"}})
        before = dynamodb.describe_table(TableName="Orders")["Table"]
    with EngineThread(tmp_path) as engine:
        dynamodb = engine.client("dynamodb")
        assert dynamodb.describe_table(TableName="Orders")["Table"] == before
        assert dynamodb.scan(TableName="Orders", IndexName="byCity")["Count"] == 1


def test_restart_goes_on_filling_an_index(tmp_path: Path) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        dynamodb = engine.client("dynamodb")
        create_table(dynamodb)
        dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": "1"}, "city": {"S": "Rome"}})
        dynamodb.update_table(
            TableName="Orders",
            AttributeDefinitions=[{"AttributeName": "city", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": index("byCity", "city")}],
        )
    with EngineThread(tmp_path, manual_clock=True) as engine:
        dynamodb = engine.client("dynamodb")
        engine.clock.advance(1)
        (entry,) = dynamodb.describe_table(TableName="Orders")["Table"]["GlobalSecondaryIndexes"]
        assert (entry["IndexStatus"], entry["ItemCount"]) == ("ACTIVE", 1)


def test_metrics_of_requests_have_their_aws_names_and_dimensions(timed: EngineThread) -> None:
    dynamodb = timed.client("dynamodb", parameter_validation=False)
    create_table(dynamodb)
    item = {"orderId": {"S": "1"}, "pad": {"S": "x" * 2000}}
    dynamodb.put_item(TableName="Orders", Item=item)
    dynamodb.get_item(TableName="Orders", Key={"orderId": {"S": "1"}}, ConsistentRead=True)
    dynamodb.scan(TableName="Orders")
    refused(
        dynamodb.put_item,
        "ConditionalCheckFailedException",
        TableName="Orders",
        Item=item,
        ConditionExpression="attribute_not_exists(orderId)",
    )
    refused(dynamodb.put_item, TableName="Orders", Item={})
    cloudwatch = timed.client("cloudwatch")

    def total(name: str, operation: str | None = None, table: str | None = "Orders") -> Any:
        dimensions = [{"Name": "TableName", "Value": table}] if table else []
        if operation is not None:
            dimensions.append({"Name": "Operation", "Value": operation})
        now_s = timed.clock.now_ms() // 1000
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now_s - 300,
            EndTime=now_s + 300,
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )["Datapoints"]
        return [(point["Sum"], point["SampleCount"]) for point in answer]

    assert total("ConsumedWriteCapacityUnits") == [(2.0, 1.0)]
    assert total("ConsumedReadCapacityUnits") == [(1.0 + 4 * 0.5, 2.0)], "a scan reads four partitions"
    assert total("ReturnedItemCount", "Scan") == [(1.0, 1.0)]
    assert total("ConditionalCheckFailedRequests") == [(1.0, 1.0)]
    assert total("UserErrors", table=None) == [(1.0, 1.0)]
    assert [samples for _, samples in total("SuccessfulRequestLatency", "PutItem")] == [1.0]
