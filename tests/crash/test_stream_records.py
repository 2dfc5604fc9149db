"""Goal: whenever onebox is killed, a stream tells exactly the changes that the table kept: none more, none fewer."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.api.dynamodb_support import create_table
from tests.crash.test_power_loss_of_code import onebox

KILLS = 3


def write_until_killed(dynamodb: Any, writer: int, acknowledged: dict[str, int]) -> None:
    """Change items of the writer's own again and again; the newest version acknowledged stands in ``acknowledged``."""
    with contextlib.suppress(BotoCoreError, ClientError, OSError):
        while True:
            for name in (f"{writer}-{number}" for number in range(5)):
                version = acknowledged.get(name, 0) + 1
                item = {"orderId": {"S": name}, "v": {"N": str(version)}}
                dynamodb.put_item(TableName="Orders", Item=item)
                acknowledged[name] = version


def told(streams: Any) -> dict[str, list[int]]:
    """The versions of each item that the stream tells, in its order."""
    versions: dict[str, list[int]] = {}
    (stream,) = streams.list_streams()["Streams"]
    arn = stream["StreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    page = streams.get_records(ShardIterator=place["ShardIterator"])
    while page["Records"]:
        for record in page["Records"]:
            image = record["dynamodb"]["NewImage"]
            versions.setdefault(image["orderId"]["S"], []).append(int(image["v"]["N"]))
        page = streams.get_records(ShardIterator=page["NextShardIterator"])
    return versions


def stored(dynamodb: Any) -> dict[str, int]:
    pages = dynamodb.get_paginator("scan").paginate(TableName="Orders")
    return {item["orderId"]["S"]: int(item["v"]["N"]) for page in pages for item in page["Items"]}


def test_killed_at_random_moments_stream_and_table_agree(tmp_path: Path) -> None:
    chance = random.Random(3)
    acknowledged: dict[str, int] = {}
    for kill in range(KILLS):
        with onebox(tmp_path) as (process, client):
            if kill == 0:
                view = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
                create_table(client("dynamodb"), StreamSpecification=view)
            writers = [
                threading.Thread(target=write_until_killed, args=(client("dynamodb"), writer, acknowledged))
                for writer in range(4)
            ]
            for writer in writers:
                writer.start()
            killer = threading.Timer(chance.uniform(0.1, 0.5), process.send_signal, (signal.SIGKILL,))
            killer.start()
            for thread in (killer, *writers):
                thread.join()
        with onebox(tmp_path) as (_, client):
            kept = stored(client("dynamodb"))
            versions = told(client("dynamodbstreams"))
            assert all(kept[name] >= version for name, version in acknowledged.items())
            assert {name: numbers[-1] for name, numbers in versions.items()} == kept
            for name, numbers in versions.items():
                assert numbers == list(range(1, kept[name] + 1)), name
            acknowledged.update(kept)
