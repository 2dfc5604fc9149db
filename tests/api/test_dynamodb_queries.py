"""Goal: Query and Scan give exactly the items asked for, in order, page by page."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onebox.testing import EngineThread
from tests.api.dynamodb_support import all_pages, create_table, index, make_client, message

_names = itertools.count()


@pytest.fixture
def dynamodb(client: Any) -> Any:
    dynamodb = make_client(client)
    create_table(dynamodb, "Readings", "device:S", "at:N")
    for device, moments in (("a", range(1, 6)), ("b", (-10, -2, 0, 3))):
        for at in moments:
            dynamodb.put_item(
                TableName="Readings", Item={"device": {"S": device}, "at": {"N": str(at)}, "odd": {"BOOL": at % 2 == 1}}
            )
    return dynamodb


def moments(answer: Any) -> list[int]:
    return [int(item["at"]["N"]) for item in answer["Items"]]


N = {f":{n}": {"N": str(n)} for n in range(10)}


def test_scan_segments_share_out_all_items(client: Any) -> None:
    dynamodb = make_client(client)
    create_table(dynamodb)
    for at in range(0, 200, 25):
        requests = [{"PutRequest": {"Item": {"orderId": {"S": str(n)}}}} for n in range(at, at + 25)]
        dynamodb.batch_write_item(RequestItems={"Orders": requests})
    for total in (1, 3, 7, 16, 20):
        parts = [
            all_pages(dynamodb.scan, TableName="Orders", Segment=segment, TotalSegments=total, Limit=9)
            for segment in range(total)
        ]
        seen = [int(item["orderId"]["S"]) for part in parts for item in part]
        assert sorted(seen) == list(range(200))
        assert sum(bool(part) for part in parts) > total // 2, "the work is shared"
    start = parts[0][0] if parts[0] else parts[1][0]
    foreign = next(segment for segment in range(20) if start not in parts[segment])
    words = message(dynamodb.scan, TableName="Orders", Segment=foreign, TotalSegments=20, ExclusiveStartKey=start)
    assert "Please use ExclusiveStartKey with correct Segment" in words


_keys = st.tuples(st.sampled_from(["p", "q", "r"]), st.decimals(-50, 50, places=1))


@given(keys=st.sets(_keys, max_size=14), limit=st.integers(1, 5), forward=st.booleans(), gone=st.randoms())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_query_and_scan_any_items_pages_equal_the_sorted_model(
    onebox: EngineThread, account: str, keys: set[tuple[str, Decimal]], limit: int, forward: bool, gone: Any
) -> None:
    dynamodb = onebox.client("dynamodb", account=account, parameter_validation=False)
    name = create_table(dynamodb, f"Model{next(_names)}", "p:S", "s:N")
    for partition, sort in keys:
        dynamodb.put_item(TableName=name, Item={"p": {"S": partition}, "s": {"N": str(sort)}})
    for partition, sort in sorted(keys)[::4]:
        keys.discard((partition, sort))
        dynamodb.delete_item(TableName=name, Key={"p": {"S": partition}, "s": {"N": str(sort)}})
    for partition in "pqr":
        items = all_pages(
            dynamodb.query,
            TableName=name,
            KeyConditionExpression="p = :p",
            ExpressionAttributeValues={":p": {"S": partition}},
            Limit=limit,
            ScanIndexForward=forward,
        )
        expected = sorted((sort for owner, sort in keys if owner == partition), reverse=not forward)
        assert [Decimal(item["s"]["N"]) for item in items] == expected
    scanned = all_pages(dynamodb.scan, TableName=name, Limit=limit)
    assert sorted((item["p"]["S"], Decimal(item["s"]["N"])) for item in scanned) == sorted(keys)
    dynamodb.delete_table(TableName=name)


def test_scan_of_an_on_demand_table_is_charged_for_each_of_its_four_partitions(dynamodb: Any) -> None:
    create_table(dynamodb, attributes=["city:S"], GlobalSecondaryIndexes=[index("byCity", "city")])
    dynamodb.create_table(
        TableName="Provisioned",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )

    def units(name: str = "Orders", **more: Any) -> float:
        answer = dynamodb.scan(TableName=name, ReturnConsumedCapacity="TOTAL", **more)
        return float(answer["ConsumedCapacity"]["CapacityUnits"])

    assert (units(), units(ConsistentRead=True)) == (2.0, 4.0)
    for name in ("Orders", "Provisioned"):
        for number in range(40):
            item = {"orderId": {"S": str(number)}, "city": {"S": "Rome"}, "pad": {"S": "x" * 500}}
            dynamodb.put_item(TableName=name, Item=item)
    (size,) = {dynamodb.describe_table(TableName=name)["Table"]["TableSizeBytes"] for name in ("Orders", "Provisioned")}
    assert units("Provisioned", ConsistentRead=True) == -(-size // 4096)
    whole = units(ConsistentRead=True)
    assert -(-size // 4096) <= whole <= -(-size // 4096) + 3
    segments = [units(ConsistentRead=True, Segment=segment, TotalSegments=4) for segment in range(4)]
    assert sum(segments) == whole
    assert units(IndexName="byCity") == -(-size // 4096) / 2
    assert len(all_pages(dynamodb.scan, TableName="Orders", Limit=7)) == 40
    assert {item["orderId"]["S"] for item in all_pages(dynamodb.scan, TableName="Orders", Limit=7)} == set(
        map(str, range(40))
    )
