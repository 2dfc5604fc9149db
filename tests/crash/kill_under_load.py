"""``make crash``: kill onebox with SIGKILL at random moments while orders flow, and hold it to its word.

A ledger outside the killed process notes every order that was acknowledged. Publishing goes on across the kills;
what was not acknowledged is published again. In the end every order must be stored as it was sent or rest in
OrderDLQ, and nothing else may. The moments follow from the seed and from the number of acknowledged orders, not
from the clock: ``--seed`` repeats a run. A kill uses up no delivery attempt: with more kills than receives are allowed,
no good order may end in OrderDLQ.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.bench.orders import our_function, real_orders
from tests.bench.pipeline import Pipeline
from tests.bench.publisher import SnsConnection, quote
from tests.peers.servers import Onebox
from tests.polling import until

BATCH = 10
VISIBILITY_S = 5
DRAIN_TIMEOUT_S = 300
POISON_EVERY = 100
# Kills are spread over publishing and over the time after it, when only the function still works.
SHARE_OF_KILLS_WHILE_DRAINING = 5


class KillableOnebox(Onebox):
    """onebox on one data folder across many lives."""

    name = "onebox"

    def start(self) -> None:
        """Begin a life; returns when it answers."""
        self.__enter__()

    def kill(self) -> None:
        """End it as a power switch would, children and all, as the operating system sees it."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Ledger:
    """What the world outside onebox knows."""

    sent: dict[str, str] = field(default_factory=dict)
    """Every message ever sent, by order id (invalid ones by their text)."""
    acknowledged: int = 0
    grown: threading.Condition = field(default_factory=threading.Condition)
    finished: bool = False

    def acknowledge(self, count: int) -> None:
        with self.grown:
            self.acknowledged += count
            self.grown.notify_all()

    def finish(self) -> None:
        with self.grown:
            self.finished = True
            self.grown.notify_all()

    def wait_for(self, count: int) -> bool:
        """Wait until ``count`` orders are acknowledged; False if publishing ended first."""
        with self.grown:
            self.grown.wait_for(lambda: self.acknowledged >= count or self.finished)
            return self.acknowledged >= count


def publish_until_acknowledged(pipeline: Pipeline, messages: Sequence[str], ledger: Ledger) -> None:
    """Publish every message; a batch whose answer never came is published again."""
    connection: SnsConnection | None = None

    def publish(batch: Sequence[str]) -> bool:
        nonlocal connection
        try:
            connection = connection or SnsConnection("127.0.0.1", pipeline.peer.port, pipeline.topic_arn)
            connection.publish_batch(batch)
        except (OSError, IndexError):
            connection = None  # killed in between: the outcome is unknown
            return False
        return True

    try:
        for start in range(0, len(messages), BATCH):
            batch = messages[start : start + BATCH]
            until(partial(publish, quote(batch)), "the answer to a batch")
            ledger.acknowledge(len(batch))
    finally:
        ledger.finish()


def run(seed: int, kills: int, orders: list[tuple[str, str]], say: Any = print) -> dict[str, int]:
    """One whole run; raises AssertionError where onebox broke its word."""
    chance = random.Random(seed)
    messages, invalid = with_invalid(orders)
    ledger = Ledger(sent=dict(orders))
    onebox = KillableOnebox()
    try:
        onebox.start()
        pipeline = Pipeline(onebox)
        pipeline.deploy(our_function(), raw=False, visibility_s=VISIBILITY_S)
        publisher = threading.Thread(target=publish_until_acknowledged, args=(pipeline, messages, ledger))
        publisher.start()
        done = kill_at_random_moments(onebox, ledger, chance, kills, len(messages), say)
        publisher.join()
        done += kill_while_draining(onebox, pipeline, chance, kills - done)
        pipeline.wait_until_drained(DRAIN_TIMEOUT_S)
        result = check(pipeline, ledger, invalid)
        assert done == kills, f"only {done} of {kills} kills happened"
        return {**result, "kills": done, "seed": seed}
    finally:
        onebox.kill()
        shutil.rmtree(onebox.folder, ignore_errors=True)


def kill_at_random_moments(
    onebox: KillableOnebox, ledger: Ledger, chance: random.Random, kills: int, total: int, say: Any
) -> int:
    """Kill and start again at random numbers of acknowledged orders."""
    while_publishing = kills - max(1, kills // SHARE_OF_KILLS_WHILE_DRAINING)
    moments = sorted(chance.randrange(total) for _ in range(while_publishing))
    done = 0
    for moment in moments:
        if not ledger.wait_for(moment):
            break
        onebox.kill()
        done += 1
        say(f"kill {done}: {ledger.acknowledged} acknowledged")
        onebox.start()
    return done


def kill_while_draining(onebox: KillableOnebox, pipeline: Pipeline, chance: random.Random, kills: int) -> int:
    """Kill while only the function works."""
    for _ in range(kills):
        for _ in range(chance.randrange(1, 12)):
            pipeline.backlog()  # each a round trip: the moment lies some requests after the start
        onebox.kill()
        onebox.start()
    return kills


def with_invalid(orders: list[tuple[str, str]]) -> tuple[list[str], set[str]]:
    """The messages to publish: every hundredth is followed by one that no processor can store."""
    messages: list[str] = []
    invalid: set[str] = set()
    for number, (_, text) in enumerate(orders):
        messages.append(text)
        if number % POISON_EVERY == 0:
            bad = json.dumps({"invalid": number, "note": "no orderId"})
            messages.append(bad)
            invalid.add(bad)
    return messages, invalid


def check(pipeline: Pipeline, ledger: Ledger, invalid: set[str]) -> dict[str, int]:
    """Every order stored as sent; every invalid one dead-lettered; nothing else anywhere."""
    stored = {item["orderId"]: item for item in stored_items(pipeline)}
    dead = list(dead_letters(pipeline))
    lost = [order_id for order_id in ledger.sent if order_id not in stored]
    assert not lost, f"{len(lost)} acknowledged orders are nowhere, first {lost[:5]}"
    strangers = [order_id for order_id in stored if order_id not in ledger.sent]
    assert not strangers, f"{len(strangers)} stored orders were never sent, first {strangers[:5]}"
    changed = [
        order_id
        for order_id, item in stored.items()
        if not same_order(item, json.loads(ledger.sent[order_id], parse_float=Decimal, parse_int=Decimal))
    ]
    assert not changed, f"{len(changed)} orders are not as they were sent, first {changed[:5]}"
    dead_invalid = {text for text in dead if "invalid" in json.loads(text)}
    assert dead_invalid == invalid, f"{len(invalid - dead_invalid)} invalid messages are nowhere"
    good = [text for text in dead if text not in invalid]
    assert not good, f"{len(good)} good orders are dead letters, first {good[0]}"
    return {"orders": len(ledger.sent), "stored": len(stored), "invalid": len(invalid)}


def same_order(item: dict[str, Any], order: dict[str, Any]) -> bool:
    """Whether an item is the order; members that are null where an index key would stand are left out."""
    return all(item.get(name) == value for name, value in order.items() if value is not None)


def stored_items(pipeline: Pipeline) -> Iterator[dict[str, Any]]:
    """All items of Orders."""
    plain = TypeDeserializer()
    for page in pipeline.dynamodb.get_paginator("scan").paginate(TableName="Orders"):
        for item in page["Items"]:
            yield {name: plain.deserialize(value) for name, value in item.items()}


def dead_letters(pipeline: Pipeline) -> Iterator[str]:
    """The messages in OrderDLQ, out of their SNS envelopes."""
    url = pipeline.sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"]
    while True:
        answer = pipeline.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        if "Messages" not in answer:
            return
        for message in answer["Messages"]:
            yield json.loads(message["Body"])["Message"]


def load_orders(path: Path | None, count: int | None) -> list[tuple[str, str]]:
    """Orders of a JSON Lines file, or of the sample that the repository carries."""
    if path is None:
        return real_orders(count or 2_000, "crash")
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()[:count]
    return [(json.loads(line)["orderId"], line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat the run of this seed")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument(
        "--orders", type=int, default=None, help="how many orders (default: all, or 2,000 of the sample)"
    )
    parser.add_argument("--file", type=Path, help="orders as gzipped JSON Lines; default: the repository's sample")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed} (repeat with: make crash SEED={seed})", flush=True)
    begin = time.monotonic()
    try:
        result = run(seed, arguments.kills, load_orders(arguments.file, arguments.orders))
    except AssertionError as error:
        sys.exit(f"FAILED with seed {seed}: {error}")
    print(json.dumps({**result, "seconds": round(time.monotonic() - begin, 1)}))


if __name__ == "__main__":
    main()
