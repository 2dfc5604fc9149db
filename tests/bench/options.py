"""``make cost``, second part: what the optional history and archive add for a million orders, in measured calls.

One run with both switched on: real orders are published as `orders publish` does, every tenth once more. Counted by
onebox's CloudWatch: calls of the functions and their milliseconds, calls and write units of OrderEvents; by the
functions' logs: publishes to OrderChanged; in the bucket: objects and their bytes.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from typing import Any

from orders.capacity.options import ARCHIVE, HISTORY, OptionLoad, option_costs
from orders.capacity.plan import MILLION, load_prices
from tests.bench.cost import COLLECTED_EVERY_S, SETTLE_S, publish_in_batches
from tests.bench.orders import real_orders
from tests.bench.pipeline import REGION, Pipeline, deploy_ours
from tests.bench.throughput import say
from tests.peers.servers import Onebox

AGAIN_EVERY = 10
OPTIONS = ("History=Yes", "Archive=Yes", "ArchiveWindow=5")
LOG_LINE_BYTES = 26


def measure(count: int) -> dict[str, float]:
    """What some orders came to, of the two options alone."""
    with Onebox() as server:
        say(f"{count:,} orders with history and archive, about 40 s")
        pipeline = deploy_ours(server, *OPTIONS)
        orders = [text for _, text in real_orders(count, "options")]
        publish_in_batches(pipeline, orders)
        pipeline.wait_until_drained()
        publish_in_batches(pipeline, orders[::AGAIN_EVERY])
        pipeline.wait_until_drained()
        notices = len(orders[::AGAIN_EVERY])
        return _settled(pipeline, count, notices)


def _settled(pipeline: Pipeline, changes: int, notices: int) -> dict[str, float]:
    deadline = time.monotonic() + SETTLE_S * 3
    counts = _read(pipeline)
    while time.monotonic() < deadline:
        time.sleep(COLLECTED_EVERY_S)
        earlier, counts = counts, _read(pipeline)
        if counts == earlier and counts["write units"] >= changes + notices and counts["archived"] >= changes + notices:
            return counts | {"changes": changes, "notices": notices}
    raise RuntimeError(f"the figures of {changes} orders are {counts}")


def _read(pipeline: Pipeline) -> dict[str, float]:
    history, archive = read_log(pipeline, "OrderHistory"), read_log(pipeline, "OrderArchive")
    objects = pipeline.client("s3").list_objects_v2(Bucket="orders-archive-000000000000-us-east-1").get("Contents", [])
    return {
        "history calls": sum_metric(pipeline, "AWS/Lambda", "Invocations", "Sum", FunctionName="OrderHistory"),
        "history ms": sum_metric(pipeline, "AWS/Lambda", "Duration", "Sum", FunctionName="OrderHistory"),
        "history log bytes": sum(len(text) + LOG_LINE_BYTES for text in history),
        "publishes": sum(math.ceil(line["published"] / 10) for line in read_lines(history) if "published" in line),
        "write units": sum_metric(
            pipeline, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", "Sum", TableName="OrderEvents"
        ),
        "table calls": sum_metric(
            pipeline,
            "AWS/DynamoDB",
            "SuccessfulRequestLatency",
            "SampleCount",
            TableName="OrderEvents",
            Operation="BatchExecuteStatement",
        ),
        "archive calls": sum_metric(pipeline, "AWS/Lambda", "Invocations", "Sum", FunctionName="OrderArchive"),
        "archive ms": sum_metric(pipeline, "AWS/Lambda", "Duration", "Sum", FunctionName="OrderArchive"),
        "archive log bytes": sum(len(text) + LOG_LINE_BYTES for text in archive),
        "archived": sum(line["notifications"] for line in read_lines(archive) if "notifications" in line),
        "objects": len(objects),
        "bytes": sum(one["Size"] for one in objects),
    }


def sum_metric(pipeline: Pipeline, namespace: str, name: str, statistic: str = "Sum", **dimensions: str) -> float:
    """The sum over the last hours, or the number of samples."""
    now = time.time()
    points = pipeline.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - 10_800,
        EndTime=now + 120,
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def read_log(pipeline: Pipeline, function: str) -> list[str]:
    """The lines of a function."""
    pages = pipeline.client("logs").get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{function}")
    return [event["message"] for page in pages for event in page["events"]]


def read_lines(texts: list[str]) -> list[dict[str, Any]]:
    """Those of the function itself."""
    return [json.loads(text) for text in texts if text.startswith("{")]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.options", description=__doc__)
    parser.add_argument("--orders", type=int, default=2_000)
    arguments = parser.parse_args()
    found = measure(arguments.orders)
    prices = {name: row["usd"] for name, row in load_prices()["regions"][REGION]["prices"].items()}
    load = OptionLoad(
        changes_per_call=found["changes"] / found["history calls"],
        notifications_per_object=found["archived"] / found["objects"],
        bytes_per_notification=found["bytes"] / found["archived"],
        notices=found["notices"] / (found["changes"] + found["notices"]),
    )
    print(f"\nPython {platform.python_version()}, {arguments.orders:,} real orders, prices of {REGION}\n")
    print("| a million notifications | measured |\n| --- | --- |")
    million = MILLION / (found["changes"] + found["notices"])
    for name, count in found.items():
        print(f"| {name} | {count * million:,.0f} |")
    print(f"| history, ms per change | {found['history ms'] / found['changes']:.2f} |")
    print(f"| archive, ms per notification | {found['archive ms'] / found['archived']:.2f} |")
    for option, costs in (
        (HISTORY, option_costs(HISTORY, load, prices)),
        (ARCHIVE, option_costs(ARCHIVE, load, prices)),
    ):
        for service, dollars in costs.items():
            print(f"| {option}: {service}, USD | {dollars:.3f} |")


if __name__ == "__main__":
    main()
