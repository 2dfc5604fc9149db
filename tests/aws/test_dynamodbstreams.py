"""Goal: a stream is described, and tells every change with the images that its view type names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.aws.support import Client, Unique
from tests.aws.tables import make_client, make_table, refused

BOTH = "NEW_AND_OLD_IMAGES"


@pytest.fixture(scope="module")
def dynamodb(own_client: Client) -> Any:
    return make_client(own_client)


@pytest.fixture
def streams(client: Client) -> Any:
    return client("dynamodbstreams", parameter_validation=False)


def enabled(view: str = BOTH) -> dict[str, Any]:
    return {"StreamEnabled": True, "StreamViewType": view}


def stream_table(dynamodb: Any, until: Any, name: str, view: str = BOTH) -> str:
    """A table with a stream; the stream's ARN."""
    make_table(dynamodb, until, name, StreamSpecification=enabled(view))
    return str(dynamodb.describe_table(TableName=name)["Table"]["LatestStreamArn"])


class Reader:
    """Reads the records of all shards of a stream; the changes of one item are in one shard, in their order."""

    def __init__(self, streams: Any, arn: str) -> None:
        self._streams = streams
        self._places = [
            streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
            for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        ]
        self.found: list[Any] = []

    def read(self) -> list[Any]:
        """Everything that was read until now."""
        pages = [self._streams.get_records(ShardIterator=place["ShardIterator"]) for place in self._places]
        self.found += [record for page in pages for record in page["Records"]]
        self._places = [{"ShardIterator": page["NextShardIterator"]} for page in pages if "NextShardIterator" in page]
        return self.found


def put(dynamodb: Any, name: str, order_id: str, **attributes: Any) -> None:
    dynamodb.put_item(TableName=name, Item={"orderId": {"S": order_id}, **attributes})


def test_create_table_with_stream_describes_it(
    dynamodb: Any, streams: Any, account: str, unique: Unique, region: str, until: Any
) -> None:
    arn = stream_table(dynamodb, until, unique("Orders"))
    table = dynamodb.describe_table(TableName=unique("Orders"))["Table"]
    label = table["LatestStreamLabel"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}", label)
    assert arn == f"arn:aws:dynamodb:{region}:{account}:table/{unique('Orders')}/stream/{label}"
    assert table["StreamSpecification"] == enabled()
    description = streams.describe_stream(StreamArn=arn)["StreamDescription"]
    shards = description.pop("Shards")
    assert description.pop("CreationRequestDateTime") is not None
    assert description == {
        "StreamArn": arn,
        "StreamLabel": label,
        "StreamStatus": "ENABLED",
        "StreamViewType": BOTH,
        "TableName": unique("Orders"),
        "KeySchema": [{"AttributeName": "orderId", "KeyType": "HASH"}],
    }
    assert re.fullmatch(r"shardId-\d{20}-[0-9a-z]{8,36}", shards[0]["ShardId"])
    numbers = shards[0]["SequenceNumberRange"]
    assert numbers.keys() == {"StartingSequenceNumber"}
    assert re.fullmatch(r"\d{21,40}", numbers["StartingSequenceNumber"])
    assert dynamodb.delete_table(TableName=unique("Orders"))["TableDescription"]["LatestStreamArn"] == arn


@pytest.mark.parametrize(
    ("view", "shown", "sizes"),
    [
        ("KEYS_ONLY", [set(), set(), set()], [8, 8, 8]),
        ("NEW_IMAGE", [{"NewImage"}, {"NewImage"}, set()], [18, 19, 8]),
        ("OLD_IMAGE", [set(), {"OldImage"}, {"OldImage"}], [8, 18, 19]),
        (BOTH, [{"NewImage"}, {"NewImage", "OldImage"}, {"OldImage"}], [18, 29, 19]),
    ],
)
def test_view_type_shows_its_images(
    dynamodb: Any, streams: Any, view: str, shown: Any, sizes: Any, unique: Unique, region: str, until: Any
) -> None:
    arn = stream_table(dynamodb, until, unique("Orders"), view)
    put(dynamodb, unique("Orders"), "1", b={"BOOL": True})
    put(dynamodb, unique("Orders"), "1", b={"S": "xx"})
    dynamodb.delete_item(TableName=unique("Orders"), Key={"orderId": {"S": "1"}})
    reader = Reader(streams, arn)
    found = until(lambda: len(reader.read()) == 3 and reader.found, "three records")
    assert [record["eventName"] for record in found] == ["INSERT", "MODIFY", "REMOVE"]
    parts = [record["dynamodb"] for record in found]
    assert [part.keys() & {"NewImage", "OldImage"} for part in parts] == shown
    assert [part["SizeBytes"] for part in parts] == sizes
    assert {part["StreamViewType"] for part in parts} == {view}
    old = {"orderId": {"S": "1"}, "b": {"BOOL": True}}
    new = {"orderId": {"S": "1"}, "b": {"S": "xx"}}
    for part, image in zip(parts, (old, new, None), strict=True):
        assert part["Keys"] == {"orderId": {"S": "1"}}
        assert part.get("NewImage") in (None, image)
    first = found[0]
    assert (first["eventVersion"], first["eventSource"], first["awsRegion"]) == ("1.1", "aws:dynamodb", region)
    assert re.fullmatch(r"[0-9a-f]{32}", first["eventID"])
    assert "userIdentity" not in first
    assert parts[0]["ApproximateCreationDateTime"].microsecond == 0


def test_specification_that_contradicts_itself_is_refused(dynamodb: Any, unique: Unique, until: Any) -> None:
    make_table(dynamodb, until, unique("Orders"))
    for specification in (
        {"StreamEnabled": True},
        {"StreamEnabled": False, "StreamViewType": "KEYS_ONLY"},
        {"StreamEnabled": True, "StreamViewType": "OTHER"},
    ):
        refused(dynamodb.update_table, TableName=unique("Orders"), StreamSpecification=specification)
