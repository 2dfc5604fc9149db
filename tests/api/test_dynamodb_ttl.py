"""Goal: items whose time has come are deleted by the sweep, others never."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table, index, message

YEAR_S = 365 * 24 * 3600


@pytest.fixture
def dynamodb(timed: EngineThread) -> Any:
    return timed.client("dynamodb", parameter_validation=False)


def enable(dynamodb: Any, enabled: bool = True, name: str = "until") -> Any:
    return dynamodb.update_time_to_live(
        TableName="Orders", TimeToLiveSpecification={"Enabled": enabled, "AttributeName": name}
    )


def ids(dynamodb: Any) -> list[str]:
    return sorted(item["orderId"]["S"] for item in dynamodb.scan(TableName="Orders")["Items"])


def put(dynamodb: Any, order_id: str, until: Any) -> None:
    dynamodb.put_item(TableName="Orders", Item={"orderId": {"S": order_id}, "city": {"S": "Rome"}, "until": until})


def test_update_time_to_live_is_described(dynamodb: Any) -> None:
    create_table(dynamodb)
    describe = dynamodb.describe_time_to_live
    assert describe(TableName="Orders")["TimeToLiveDescription"] == {"TimeToLiveStatus": "DISABLED"}
    assert enable(dynamodb)["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": "until"}
    expected = {"TimeToLiveStatus": "ENABLED", "AttributeName": "until"}
    assert describe(TableName="Orders")["TimeToLiveDescription"] == expected
    specification = {"Enabled": True, "AttributeName": "until"}
    words = message(dynamodb.update_time_to_live, TableName="Orders", TimeToLiveSpecification=specification)
    assert words == "TimeToLive is already enabled"
    enable(dynamodb, False)
    specification["Enabled"] = False
    words = message(dynamodb.update_time_to_live, TableName="Orders", TimeToLiveSpecification=specification)
    assert words == "TimeToLive is already disabled"


def test_time_to_live_deletes_what_expired_with_its_index_entries(timed: EngineThread, dynamodb: Any) -> None:
    create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
    now_s = timed.clock.now_ms() // 1000
    put(dynamodb, "before", {"N": str(now_s + 90)})  # stored before TTL is switched on
    enable(dynamodb)
    timed.clock.advance(1)
    put(dynamodb, "soon", {"N": f"{now_s + 90}.5"})
    put(dynamodb, "later", {"N": str(now_s + 3600)})
    put(dynamodb, "text", {"S": str(now_s)})
    put(dynamodb, "ancient", {"N": str(now_s - 6 * YEAR_S)})
    put(dynamodb, "negative", {"N": "-1"})
    timed.clock.advance(62)
    assert ids(dynamodb) == ["ancient", "before", "later", "negative", "soon", "text"]
    timed.clock.advance(120)
    assert ids(dynamodb) == ["ancient", "later", "negative", "text"]
    table = dynamodb.describe_table(TableName="Orders")["Table"]
    assert (table["ItemCount"], table["GlobalSecondaryIndexes"][0]["ItemCount"]) == (4, 4)
    timed.clock.advance(3600)
    assert ids(dynamodb) == ["ancient", "negative", "text"]


def test_time_to_live_moved_or_disabled_deletes_nothing(timed: EngineThread, dynamodb: Any) -> None:
    create_table(dynamodb)
    enable(dynamodb)
    now_s = timed.clock.now_ms() // 1000
    put(dynamodb, "moved", {"N": str(now_s + 30)})
    put(dynamodb, "kept", {"N": str(now_s + 600)})
    dynamodb.update_item(
        TableName="Orders",
        Key={"orderId": {"S": "moved"}},
        UpdateExpression="SET #u = :u",
        ExpressionAttributeNames={"#u": "until"},
        ExpressionAttributeValues={":u": {"N": str(now_s + 7200)}},
    )
    timed.clock.advance(180)
    assert ids(dynamodb) == ["kept", "moved"]
    enable(dynamodb, False)
    timed.clock.advance(9000)
    assert ids(dynamodb) == ["kept", "moved"]


def test_time_to_live_many_expired_items_go_in_steps(timed: EngineThread, dynamodb: Any) -> None:
    create_table(dynamodb)
    enable(dynamodb)
    until = {"N": str(timed.clock.now_ms() // 1000 + 10)}
    for start in range(0, 500, 25):
        requests = [
            {"PutRequest": {"Item": {"orderId": {"S": str(n)}, "until": until}}} for n in range(start, start + 25)
        ]
        dynamodb.batch_write_item(RequestItems={"Orders": requests})
    timed.clock.advance(130)
    assert ids(dynamodb) == []
