"""Kill onebox with SIGKILL while orders flow, with history and archive on: both are complete afterwards.

Every order is sent twice and all are shuffled, so that the history holds a change and a duplicate of each. A ledger
outside of the killed process notes what was acknowledged. In the end the table holds every order, OrderEvents a
change of each and, for every further notification, a notice; the archive holds every acknowledged notification;
and the archive, replayed into the emptied table, gives the same table.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orders.domain.history import NOTICE_PREFIX
from tests.bench.orders import real_orders
from tests.bench.pipeline import Pipeline
from tests.conftest import environment_of
from tests.crash.kill_under_load import (
    KillableOnebox,
    Ledger,
    kill_at_random_moments,
    kill_while_draining,
    load_orders,
    publish_until_acknowledged,
)
from tests.polling import until

ACCOUNT = "000000000000"
BUCKET = f"orders-archive-{ACCOUNT}-us-east-1"
VISIBILITY_S = 5
# Longer than the archive's function takes: what it had when it was killed comes again.
ARCHIVE_VISIBILITY_S = 60
SLOWLY = {"patience_s": 600.0, "pause_s": 0.5}
"""Each look reads whole tables and the archive, beside the load that is awaited."""
OPTIONS = ("History=Yes", "Archive=Yes", "ArchiveWindow=1", "ArchiveBatchSize=1000", "BatchSize=25", "BatchingWindow=1")


def run(seed: int, kills: int, orders: list[tuple[str, str]], say: Any = print) -> dict[str, Any]:
    """One whole run; raises AssertionError where a promise was broken."""
    chance = random.Random(seed)
    messages = [text for _, text in orders] * 2
    chance.shuffle(messages)
    ledger = Ledger(sent=dict(orders))
    onebox = KillableOnebox()
    try:
        onebox.start()
        pipeline = deploy(onebox)
        publisher = threading.Thread(target=publish_until_acknowledged, args=(pipeline, messages, ledger))
        began = time.monotonic()
        publisher.start()
        done = kill_at_random_moments(onebox, ledger, chance, kills, len(messages), say) if kills else 0
        publisher.join()
        say(f"{len(messages)} published after {time.monotonic() - began:.1f} s")
        done += kill_while_draining(onebox, pipeline, chance, kills - done)
        result = wait_until_complete(pipeline, set(ledger.sent), messages, say)
        say(f"complete after {time.monotonic() - began:.1f} s")
        result["replayed"] = check_replay(onebox, pipeline, say)
        return {**result, "kills": done, "seed": seed}
    finally:
        onebox.kill()
        shutil.rmtree(onebox.folder, ignore_errors=True)


def deploy(onebox: KillableOnebox) -> Pipeline:
    """By `orders deploy`, with queues that give back soon what a killed process held."""
    command(onebox, "deploy", "--yes", *(word for option in OPTIONS for word in ("-p", option)))
    pipeline = Pipeline(onebox)
    pipeline.find()
    for name, seconds in (("OrderQueue", VISIBILITY_S), ("OrderArchiveQueue", ARCHIVE_VISIBILITY_S)):
        url = pipeline.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        pipeline.client("lambda").update_function_configuration(
            FunctionName="OrderProcessor" if name == "OrderQueue" else "OrderArchive", Timeout=seconds
        )
        pipeline.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
    return pipeline


def command(onebox: KillableOnebox, *arguments: str) -> str:
    """What an `orders` command prints."""
    environment = environment_of(onebox.endpoint_url, ACCOUNT) | {"XDG_STATE_HOME": str(onebox.folder)}
    done = subprocess.run(
        [sys.executable, "-m", "orders", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_until_complete(pipeline: Pipeline, wanted: set[str], messages: list[str], say: Any) -> dict[str, Any]:
    """Wait until table, history and archive hold everything."""
    problems: list[str] = []

    def complete() -> dict[str, Any] | None:
        found = measure(pipeline)
        problem = find_problem(found, wanted, messages)
        if problem is None:
            return {name: found[name] for name in ("stored", "changes", "notices", "objects", "lines")}
        if problem not in problems:
            problems.append(problem)
            say(problem)
        return None

    return until(complete, "table, history and archive with everything", **SLOWLY)


def measure(pipeline: Pipeline) -> dict[str, Any]:
    changes: Counter[str] = Counter()
    notices: Counter[str] = Counter()
    for item in scan(pipeline, "OrderEvents", "orderId, #sequence", {"#sequence": "sequence"}):
        is_notice = item["sequence"]["S"].startswith(NOTICE_PREFIX)
        (notices if is_notice else changes)[item["orderId"]["S"]] += 1
    lines = Counter(line["message"] for line in {line["id"]: line for line in read_archive(pipeline)}.values())
    return {
        "ids": {item["orderId"]["S"] for item in scan(pipeline, "Orders", "orderId", {})},
        "stored": sum(1 for _ in scan(pipeline, "Orders", "orderId", {})),
        "change_counts": changes,
        "notice_counts": notices,
        "changes": sum(changes.values()),
        "notices": sum(notices.values()),
        "line_counts": lines,
        "lines": sum(lines.values()),
        "objects": sum(1 for _ in objects(pipeline)),
    }


def find_problem(found: dict[str, Any], wanted: set[str], messages: list[str]) -> str | None:
    """What is not complete yet."""
    if found["ids"] != wanted:
        return f"{len(found['ids'])} of {len(wanted)} orders are stored"
    if set(found["change_counts"]) != wanted or found["changes"] != len(wanted):
        return f"{found['changes']} changes of {len(wanted)} orders are recorded"
    missing = Counter(messages) - found["line_counts"]
    if missing:
        return f"{missing.total()} of {len(messages)} notifications are not archived"
    # Every archived notification beside the one that was stored is a duplicate.
    duplicates = found["lines"] - len(wanted)
    if found["notices"] < duplicates:
        return f"{found['notices']} of {duplicates} duplicates are recorded"
    return None


def check_replay(onebox: KillableOnebox, pipeline: Pipeline, say: Any) -> int:
    """Empty the table, replay the archive, and compare; how many notifications were sent."""
    before = table(pipeline)
    for order_id in before:
        pipeline.dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": order_id}})
    began = time.monotonic()
    sent = json.loads(command(onebox, "replay", "--since", "1d", "--to", "OrderQueue", "--json"))["sent"]
    say(f"{sent} replayed after {time.monotonic() - began:.1f} s")
    until(lambda: len(table(pipeline)) >= len(before), f"{len(before)} orders that are stored again", **SLOWLY)
    assert table(pipeline) == before, "the replayed table differs"
    return int(sent)


def table(pipeline: Pipeline) -> dict[str, Any]:
    """The orders, without the notification that each came by."""
    items = {item["orderId"]["S"]: item for item in scan(pipeline, "Orders", None, {})}
    for item in items.values():
        item.pop("orders:notification")
    return items


def scan(pipeline: Pipeline, name: str, projection: str | None, names: dict[str, str]) -> Iterator[dict[str, Any]]:
    request: dict[str, Any] = {"TableName": name} | ({"ProjectionExpression": projection} if projection else {})
    request |= {"ExpressionAttributeNames": names} if names else {}
    for page in pipeline.dynamodb.get_paginator("scan").paginate(**request):
        yield from page["Items"]


def objects(pipeline: Pipeline) -> Iterator[str]:
    for page in pipeline.client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        yield from (one["Key"] for one in page.get("Contents", []))


def read_archive(pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    s3 = pipeline.client("s3")
    for key in objects(pipeline):
        content = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        yield from map(json.loads, content.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.kill_with_options", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat the run of this seed")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--orders", type=int, default=None, help="default: all, or 500 of the sample")
    parser.add_argument("--file", type=Path, help="orders as gzipped JSON Lines; default: the repository's sample")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    orders = real_orders(arguments.orders or 500, "crash")
    if arguments.file is not None:
        orders = load_orders(arguments.file, arguments.orders)
    print(json.dumps(run(seed, arguments.kills, orders)))


if __name__ == "__main__":
    main()
