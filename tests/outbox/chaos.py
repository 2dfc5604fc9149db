"""``make outbox-chaos DATABASE=…``: kill relays, database and onebox at random moments while a shop writes orders.

A shop writes real orders with their outbox rows by concurrent transactions (shop.py), a tenth of which are rolled back.
Two relays publish them to onebox. Relays, database server and onebox are killed with SIGKILL at random moments and
started again. (SQLite has no server: there the shop's process is killed.) In the end every committed notification must
have been published and its order be stored in its last version; none that was rolled back may have been published; and
the notifications of each order must have been published in the order of their commits. A second queue on OrderTopic
hears what was published, in its order. ``SEED=n`` repeats the choices of a run.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from orders.outbox.database import open_database
from orders.outbox.status import read_status
from orders.outbox.table import make_tables
from tests.bench.orders import our_function, real_orders
from tests.bench.pipeline import Pipeline
from tests.crash.kill_under_load import VISIBILITY_S, KillableOnebox, dead_letters, load_orders, stored_items
from tests.outbox.servers import SERVERS
from tests.outbox.shop import Task, committed, make_tasks, metadata, open_shop
from tests.polling import until

RELAYS = 2
ORDERS = 20_720
KILLS = 20
DRAIN_TIMEOUT_S = 600
RELAY, DATABASE, ONEBOX = "relay", "database", "onebox"
Say = Callable[[str], None]


class Shop:
    """The process that writes the orders, across several lives."""

    def __init__(self, url: str, tasks: Sequence[Task], folder: Path) -> None:
        self._command = [sys.executable, "-m", "tests.outbox.shop", url, str(folder / "tasks.json")]
        (folder / "tasks.json").write_text(json.dumps(tasks), "utf-8")
        self._grown = threading.Condition()
        self._done: set[int] = set()
        self._total = len(tasks)

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, args=(self._process,))
        self._reader.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith("\n"):
                continue  # cut off by the kill
            with self._grown:
                self._done.add(int(line))
                self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()

    def wait_for(self, count: int) -> int:
        """Wait until so many tasks are done, or the process has ended; how many are."""
        with self._grown:
            self._grown.wait_for(lambda: len(self._done) >= count or self._process.poll() is not None)
            return len(self._done)

    def finish(self) -> None:
        assert self._process.wait() == 0, "the shop failed"
        self._reader.join()
        assert len(self._done) == self._total


class RelayProcess:
    """``orders relay run`` as a process."""

    def __init__(self, url: str, endpoint_url: str, folder: Path, number: int) -> None:
        self._url = url
        self._endpoint_url = endpoint_url
        self._log = folder / f"relay-{number}.log"

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {"ORDERS_DATABASE": self._url, "AWS_ENDPOINT_URL": self._endpoint_url}
        log = self._log.open("ab")
        self._begin = log.tell()
        command = [sys.executable, "-m", "orders", "relay", "run"]
        self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self._process.poll() is None, f"the relay ended by itself:\n{self._log.read_text()[-2000:]}"
        self._process.kill()
        self._process.wait()

    def wait_until_running(self) -> None:
        """Return when this life has said that it begins."""
        until(lambda: b"Relaying" in self._log.read_bytes()[self._begin :], "the relay to begin")

    def stop(self) -> None:
        """As systemd stops it, once it runs."""
        self.wait_until_running()
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait() == 0, self._log.read_text()[-2000:]


def run(database: str, orders: Sequence[tuple[str, str]], kills: int, seed: int, say: Say = print) -> dict[str, Any]:
    """One whole run; raises AssertionError where a promise was broken."""
    chance = random.Random(seed)
    tasks = make_tasks(orders, seed)
    onebox = KillableOnebox()
    folder = Path(tempfile.mkdtemp(prefix="outbox-chaos-"))
    with SERVERS[database]() as server:
        try:
            onebox.start()
            pipeline = Pipeline(onebox)
            pipeline.deploy(our_function(), raw=False, visibility_s=VISIBILITY_S)
            heard_url = hear(pipeline)
            make_outbox(server.url)
            relays = [RelayProcess(server.url, onebox.endpoint_url, folder, number) for number in range(RELAYS)]
            shop = Shop(server.url, tasks, folder)
            shop.start()
            for relay in relays:
                relay.start()
            victims: dict[str, Sequence[Any]] = {
                RELAY: relays,
                DATABASE: [shop if database == "sqlite" else server],
                ONEBOX: [onebox],
            }
            kill_at_random(shop, victims, len(tasks), kills, chance, say)
            shop.finish()
            until(lambda: count_waiting(server.url) == 0, "all rows to be published")
            for relay in relays:
                relay.stop()
            pipeline.wait_until_drained(DRAIN_TIMEOUT_S)
            return {"database": database, "seed": seed, "kills": kills, **check(pipeline, heard_url, server.url, tasks)}
        finally:
            onebox.kill()
            shutil.rmtree(onebox.folder, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)


def make_outbox(url: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "orders", "relay", "init", "--database", url], check=True, capture_output=True
    )
    engine = open_shop(url)
    metadata.create_all(engine)
    engine.dispose()


def count_waiting(url: str) -> int:
    opened = open_database(url)
    try:
        return read_status(opened, make_tables()).waiting
    finally:
        opened.close()


def hear(pipeline: Pipeline) -> str:
    """A second queue that gets everything that is published; its URL."""
    url: str = pipeline.sqs.create_queue(QueueName="Heard")["QueueUrl"]
    arn = pipeline.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    pipeline.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    pipeline.client("sns").subscribe(
        TopicArn=pipeline.topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def kill_at_random(
    shop: Shop, victims: dict[str, Sequence[Any]], total: int, kills: int, chance: random.Random, say: Say
) -> None:
    """Kill and start again when random numbers of tasks are done; each kind equally often, in random order."""
    kinds = [list(victims)[number % len(victims)] for number in range(kills)]
    chance.shuffle(kinds)
    moments = sorted(chance.randrange(total) for _ in range(kills))
    for kind, moment in zip(kinds, moments, strict=True):
        done = shop.wait_for(moment)
        victim = chance.choice(victims[kind])
        victim.kill()
        say(f"{kind} killed after {done:,} of {total:,} transactions")
        victim.start()


def check(pipeline: Pipeline, heard_url: str, url: str, tasks: Sequence[Task]) -> dict[str, int]:
    """Everything committed was published in its order and is stored; nothing else was."""
    engine = open_shop(url)
    truth = committed(engine)
    engine.dispose()
    assert len(truth) == sum(not task.is_rolled_back for task in tasks)
    heard = published(pipeline, heard_url)
    assert not any(is_rolled_back for *_, is_rolled_back in heard), "a rolled-back order was published"
    first = list(dict.fromkeys((order_id, version) for order_id, version, _ in heard))
    assert set(first) == truth, f"{len(truth - set(first))} not published, {len(set(first) - truth)} never committed"
    last: dict[str, int] = {}
    for order_id, version in first:
        assert version == last.get(order_id, 0) + 1, f"version {version} of {order_id} follows {last.get(order_id, 0)}"
        last[order_id] = version
    stored = {str(item["orderId"]): int(item["version"]) for item in stored_items(pipeline)}
    assert stored == last, "the table does not hold the last version of each order"
    assert not list(dead_letters(pipeline)), "orders are in OrderDLQ"
    return {
        "committed": len(truth),
        "rolled_back": len(tasks) - len(truth),
        "orders_stored": len(stored),
        "published_twice": len(heard) - len(first),
    }


def published(pipeline: Pipeline, url: str) -> list[tuple[str, int, bool]]:
    """What was published, in its order: order id, version, whether its transaction was rolled back."""
    found: list[tuple[str, int, bool]] = []
    while True:
        answer = pipeline.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3_600)
        if "Messages" not in answer:
            return found
        for message in answer["Messages"]:
            order = json.loads(message["Body"], parse_float=Decimal)
            found.append((order["orderId"], int(order["version"]), bool(order["rolledBack"])))


def main() -> None:
    parser = argparse.ArgumentParser(prog="make outbox-chaos", description=__doc__)
    parser.add_argument("--database", choices=[*SERVERS, "all"], default="all")
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=None, help="repeat the choices of a run")
    parser.add_argument("--file", type=Path, help="orders as gzipped JSON Lines; default: the repository's sample")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    orders = load_orders(arguments.file, arguments.orders) if arguments.file else real_orders(arguments.orders, "chaos")
    for database in SERVERS if arguments.database == "all" else [arguments.database]:
        print(f"{database}, seed {seed} (repeat with: make outbox-chaos DATABASE={database} SEED={seed})", flush=True)
        begin = time.monotonic()
        try:
            result = run(database, orders, arguments.kills, seed, lambda sentence: print(sentence, flush=True))
        except AssertionError as error:
            sys.exit(f"FAILED on {database} with seed {seed}: {error}")
        print(json.dumps({**result, "seconds": round(time.monotonic() - begin, 1)}), flush=True)


if __name__ == "__main__":
    main()
