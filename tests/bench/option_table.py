"""The last table of ``make cost``: what each optional part costs for a million orders, from measured calls.

One onebox with all options on. Orders come in over HTTP with keys, from an outbox, and in full batches with a trace
context and a message group; the calls of each are counted where AWS bills them. Milliseconds of waiting and of
processor time are those that orders.capacity.options assumes.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

from orders.aws.clients import Aws
from orders.aws.settings import Settings
from orders.capacity.options import (
    ARCHIVE,
    CLAIM_CHECK,
    FAIR_QUEUES,
    HISTORY,
    INTAKE,
    MILLION,
    RELAY,
    SWITCHED_ON,
    TRACING,
    OptionLoad,
    option_costs,
)
from orders.capacity.plan import load_prices
from orders.publishing.bulk import make_order_message
from tests.bench.cost import COLLECTED_EVERY_S, SETTLE_S, CountingTopic, publish_from_outbox
from tests.bench.options import LOG_LINE_BYTES, read_lines, read_log, sum_metric
from tests.bench.orders import real_orders
from tests.bench.pipeline import REGION, Pipeline, deploy_ours, run_orders
from tests.bench.throughput import say
from tests.peers.servers import Onebox, Peer

OPTIONS = ("Intake=Token", "History=Yes", "Archive=Yes", "ArchiveWindow=5")
TRACE = "00-{:032x}-00f067aa0ba902b7-01"


def measure(count: int) -> dict[str, float]:
    """The calls of so many orders by each way in."""
    with Onebox() as server:
        pipeline = deploy_ours(server, *OPTIONS)
        say(f"{count:,} orders each over HTTP, from an outbox and in batches, with all options, about 60 s")
        found = {"orders": float(count)}
        send_over_http(server, [text for _, text in real_orders(count, "http")])
        found["relay calls"] = len(publish_from_outbox(pipeline, [text for _, text in real_orders(count, "outbox")]))
        publish_traced(server, [text for _, text in real_orders(count, "traced")])
        pipeline.wait_until_drained()
        return found | settle(pipeline, count)


def send_over_http(peer: Peer, texts: list[str]) -> None:
    """A request for each order, with a key."""
    token, url = run_orders(peer, "intake", "add", "cost"), run_orders(peer, "intake", "url")
    connection = HTTPConnection("127.0.0.1", peer.port, timeout=60)
    headers = {"Host": urlsplit(url).netloc, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    for number, text in enumerate(texts):
        connection.request("POST", "/orders", text.encode(), headers | {"Idempotency-Key": str(number)})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 202:
            raise RuntimeError(f"{answer.status}: {content[:500]!r}")
    connection.close()


def publish_traced(peer: Peer, texts: list[str]) -> None:
    """Ten orders a call, each in a trace of its own and in the group of its customer."""
    topic = CountingTopic(Aws(Settings(peer.endpoint_url, REGION, None, ("test", "test"), is_onebox=True)))
    messages = [
        make_order_message(text, group_field="userId", traceparent=TRACE.format(number + 1))
        for number, text in enumerate(texts)
    ]
    for start in range(0, len(messages), 10):
        if any(topic.publish(messages[start : start + 10])):
            raise RuntimeError("SNS refused an order")


def settle(pipeline: Pipeline, count: int) -> dict[str, float]:
    """The figures, once onebox has collected them all."""
    deadline = time.monotonic() + 3 * SETTLE_S
    figures: dict[str, float] = {}
    while time.monotonic() < deadline:
        earlier, figures = figures, read(pipeline)
        if figures == earlier and figures["history events"] >= 3 * count and figures["archived"] >= 3 * count:
            return figures
        time.sleep(COLLECTED_EVERY_S)
    raise RuntimeError(f"the figures do not settle: {figures}")


def read(pipeline: Pipeline) -> dict[str, float]:
    intake, history, archive = (read_log(pipeline, f"Order{name}") for name in ("Intake", "History", "Archive"))
    processor = read_lines(read_log(pipeline, "OrderProcessor"))
    traced = [line for line in processor if "traceId" in line]
    bucket = pipeline.client("s3").list_objects_v2(Bucket="orders-archive-000000000000-us-east-1").get("Contents", [])
    return {
        "intake calls": sum_metric(pipeline, "AWS/Lambda", "UrlRequestCount", FunctionName="OrderIntake"),
        "intake write units": sum_metric(
            pipeline, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", TableName="OrderIntakeKeys"
        ),
        "intake log bytes": float(sum(len(text) + LOG_LINE_BYTES for text in intake)),
        "history calls": sum_metric(pipeline, "AWS/Lambda", "Invocations", FunctionName="OrderHistory"),
        "history events": sum_metric(pipeline, "AWS/DynamoDB", "ConsumedWriteCapacityUnits", TableName="OrderEvents"),
        "archived": float(sum(line["notifications"] for line in read_lines(archive) if "notifications" in line)),
        "objects": float(len(bucket)),
        "archive bytes": float(sum(one["Size"] for one in bucket)),
        "history changes": float(sum(line["changes"] for line in read_lines(history) if "changes" in line)),
        "processor calls": sum_metric(pipeline, "AWS/Lambda", "Invocations", FunctionName="OrderProcessor"),
        "traced lines": float(len(traced)),
        "trace log bytes": float(sum(len(f',"traceId":"{line["traceId"]}"') for line in traced)),
    }


def rows(found: dict[str, float]) -> list[tuple[str, str, float]]:
    """Option, what was measured for a million orders, dollars."""
    prices = {name: row["usd"] for name, row in load_prices()["regions"][REGION]["prices"].items()}
    orders = found["orders"]
    load = OptionLoad(
        changes_per_call=found["history changes"] / found["history calls"],
        notifications_per_object=found["archived"] / found["objects"],
        bytes_per_notification=found["archive bytes"] / found["archived"],
        orders_per_call=3 * orders / found["processor calls"],
        relay_requests=MILLION * found["relay calls"] / orders,
    )

    def million(name: str, of: float) -> str:
        return f"{found[name] / of * MILLION:,.0f}"

    intake = (
        f"{million('intake calls', orders)} requests, {million('intake write units', orders)} write units for keys, "
    )
    intake += f"{found['intake log bytes'] / orders:.0f} bytes of log each"
    history = f"{million('history calls', found['history changes'])} calls, "
    history += f"{million('history events', found['history changes'])} write units"
    archive = f"{million('objects', found['archived'])} objects, {load.bytes_per_notification:.0f} bytes a notification"
    tracing = f"{found['trace log bytes'] / found['traced lines']:.0f} bytes of log each, "
    tracing += f"{million('processor calls', 3 * orders)} calls, sampled by X-Ray at {load.orders_per_s:.0f} orders/s"
    told = {
        INTAKE: intake,
        RELAY: f"{million('relay calls', orders)} requests of SNS from a full outbox, in place of the publisher's",
        HISTORY: history,
        ARCHIVE: archive,
        CLAIM_CHECK: "of a thousand orders one of 1 MiB: 2 writes and 1 read of S3, 90 days; not measured",
        TRACING: tracing,
        FAIR_QUEUES: "a surcharge on each request of OrderQueue",
    }
    return [(option, what, option_costs(option, load, prices)["total"]) for option, what in told.items()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.option_table", description=__doc__)
    parser.add_argument("--orders", type=int, default=500, help="by each of the three ways in")
    arguments = parser.parse_args()
    found = measure(arguments.orders)
    print(f"\nPython {platform.python_version()}, {arguments.orders:,} real orders each way, prices of {REGION}\n")
    print("| option | measured, for a million orders | USD |\n| --- | --- | --- |")
    for option, what, dollars in rows(found):
        print(f"| `{SWITCHED_ON[option]}` | {what} | {dollars:.3f} |")
    print(f"\n{json.dumps(found)}")


if __name__ == "__main__":
    main()
