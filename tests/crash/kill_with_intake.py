"""``make intake-kills``: kill onebox with SIGKILL while orders come in over HTTP, and hold every answer to its word.

Clients send requests with an Idempotency-Key, singly and in lists, and repeat one whose answer never came, as a shop
does; every fifth request is repeated although it was answered. A ledger outside the killed process notes every answer.
In the end every order that was answered with 202 is stored as it was sent, each repetition was answered as the first
time, and no answered order was published a second time by the repetition of its request.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.bench.orders import real_orders
from tests.bench.pipeline import Pipeline
from tests.conftest import environment_of
from tests.crash.kill_under_load import KillableOnebox, Ledger, kill_at_random_moments
from tests.polling import until

ACCOUNT = "000000000000"
CLIENTS = 2
LIST_EVERY, LIST_LENGTH = 4, 5
AGAIN_EVERY = 5
ANSWER_TIMEOUT_S = 60
# A killed call leaves its key locked for what was left of its time: the test's function has little.
FUNCTION_TIMEOUT_S = 3
SETTLED = 202


class Sent(NamedTuple):
    """A request and the answer that counts: the first one that was no "later"."""

    key: str
    orders: dict[str, Any]
    answer: Any


class Site(NamedTuple):
    """Where requests go, and with which headers."""

    port: int
    headers: dict[str, str]


def run(seed: int, kills: int, count: int, say: Any = print) -> dict[str, int]:
    """One whole run; raises AssertionError where a promise was broken."""
    chance = random.Random(seed)
    orders = real_orders(count, "intake")
    onebox = KillableOnebox()
    try:
        onebox.start()
        site, pipeline = deploy(onebox)
        requests = make_requests(orders)
        ledger = Ledger()
        with ThreadPoolExecutor(CLIENTS) as pool:
            shares = [pool.submit(send_all, site, requests[client::CLIENTS], ledger) for client in range(CLIENTS)]
            threading.Thread(target=finish_after, args=(shares, ledger), daemon=True).start()
            done = kill_at_random_moments(onebox, ledger, chance, kills, len(requests), say)
            sent = [one for share in shares for one in share.result()]
        assert done >= 1, "no kill happened while requests were sent"
        return {**check(pipeline, sent, dict(orders)), "kills": done, "seed": seed}
    finally:
        onebox.kill()
        shutil.rmtree(onebox.folder, ignore_errors=True)


def deploy(onebox: KillableOnebox) -> tuple[Site, Pipeline]:
    """The stack with intake and archive: the archive tells what was published, message by message."""
    environment = environment_of(onebox.endpoint_url, ACCOUNT)

    def command(*arguments: str) -> str:
        words = [sys.executable, "-m", "orders", *arguments]
        return subprocess.run(words, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    command("deploy", "--yes", "-p", "Intake=Token", "-p", "Archive=Yes", "-p", "ArchiveWindow=1")
    token, url = command("intake", "add", "shop"), command("intake", "url")
    pipeline = Pipeline(onebox)
    pipeline.find()
    pipeline.client("lambda").update_function_configuration(FunctionName="OrderIntake", Timeout=FUNCTION_TIMEOUT_S)
    for name, seconds in (("OrderQueue", 5), ("OrderArchiveQueue", 60)):
        function = "OrderProcessor" if name == "OrderQueue" else "OrderArchive"
        pipeline.client("lambda").update_function_configuration(FunctionName=function, Timeout=min(seconds, 30))
        queue = pipeline.sqs.get_queue_url(QueueName=name)["QueueUrl"]
        pipeline.sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(seconds)})
    headers = {"Host": urlsplit(url).netloc, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return Site(onebox.port, headers), pipeline


def make_requests(orders: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Single orders, and every fourth request a list."""
    requests: list[list[tuple[str, str]]] = []
    waiting = list(orders)
    while waiting:
        length = LIST_LENGTH if len(requests) % LIST_EVERY == LIST_EVERY - 1 else 1
        requests.append(waiting[:length])
        waiting = waiting[length:]
    return requests


def send_all(site: Site, requests: Sequence[list[tuple[str, str]]], ledger: Ledger) -> list[Sent]:
    """Send one request after the other, each until it is answered."""
    sent: list[Sent] = []
    for number, orders in enumerate(requests):
        key = f"key of {orders[0][0]}"
        texts = [text for _, text in orders]
        body = texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"
        answer = send_until_answered(site, key, body)
        sent.append(Sent(key, dict(orders), answer))
        if number % AGAIN_EVERY == 0:
            again = send_until_answered(site, key, body)
            assert again == answer, f"{key} was answered {answer}, and then {again}"
        ledger.acknowledge(1)
    return sent


def send_until_answered(site: Site, key: str, body: str) -> Any:
    """The content of the first 202; what is refused in the meantime, or never answered, is sent again."""
    return until(lambda: send(site, key, body), f"an answer to {key}", pause_s=0.05)


def send(site: Site, key: str, body: str) -> Any:
    """The content of a 202; None if the request is to be sent again."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=ANSWER_TIMEOUT_S)
    try:
        connection.request("POST", "/orders", body.encode(), site.headers | {"Idempotency-Key": key})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, HTTPException):
        return None  # killed in between: nobody knows what came of it
    finally:
        connection.close()
    if answer.status == SETTLED:
        return json.loads(content)
    # 409: the killed request holds the key a little longer; the others: a part was not there yet.
    assert answer.status in (207, 409, 429, 502, 503), f"{key}: {answer.status} {content!r}"
    return None


def finish_after(shares: Sequence[Any], ledger: Ledger) -> None:
    for share in shares:
        share.exception()
    ledger.finish()


def check(pipeline: Pipeline, sent: Sequence[Sent], orders: dict[str, str]) -> dict[str, int]:
    """Every answered order stored, by the message that the answer names; each answered key published once."""
    wanted = {order_id for one in sent for order_id in one.orders}
    assert wanted == set(orders)
    until(lambda: stored(pipeline) >= wanted, f"{len(wanted)} stored orders", pause_s=0.3)
    assert stored(pipeline) == wanted, "an order is stored that nobody sent"
    named = {
        result["messageId"]: result["orderId"] for one in sent for result in one.answer.get("results", [one.answer])
    }
    assert sorted(named.values()) == sorted(wanted), "an answer does not name each of its orders once"
    published = until(lambda: read_published(pipeline, set(named)), "the messages that the answers name", pause_s=0.5)
    # A request that was killed after its publish is published again under a new message id: that one is named.
    again = Counter(published.values()).total() - len(wanted)
    return {"requests": len(sent), "orders": len(wanted), "publishedAgainAfterKills": again}


def stored(pipeline: Pipeline) -> set[str]:
    pages = pipeline.dynamodb.get_paginator("scan").paginate(TableName="Orders", ProjectionExpression="orderId")
    return {item["orderId"]["S"] for page in pages for item in page["Items"]}


def read_published(pipeline: Pipeline, named: set[str]) -> dict[str, str] | None:
    """The order of each message that the archive holds; None until it holds all of these."""
    from tests.crash.kill_with_options import read_archive

    found = {line["id"]: json.loads(line["message"])["orderId"] for line in read_archive(pipeline)}
    return found if named <= found.keys() else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="make intake-kills", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat the run of this seed")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--orders", type=int, default=2_000)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed} (repeat with: make intake-kills SEED={seed})", flush=True)
    begin = time.monotonic()
    try:
        result = run(seed, arguments.kills, arguments.orders)
    except AssertionError as error:
        sys.exit(f"FAILED with seed {seed}: {error}")
    print(json.dumps({**result, "seconds": round(time.monotonic() - begin, 1)}))


if __name__ == "__main__":
    main()
