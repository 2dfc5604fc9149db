"""What an order costs when many are stored, against an empty table.

Two boxes with our deployed system, one with an empty table and one that was filled with real orders, take turns with
the same orders under random ids, so that whatever else the machine does meets both. Compared is the processor time of
server and function for an order, turn by turn; beside it, the bytes that are written for an order, index entries
included.
"""

from __future__ import annotations

import contextlib
import json
import random
from dataclasses import dataclass

from boto3.dynamodb.types import TypeSerializer

from orders.domain.order import parse_order
from orders.local.demo import load_sample
from tests.bench.load import Conversation, hold_to_their_ends
from tests.bench.operations import Server, request
from tests.bench.orders import our_function, real_orders
from tests.bench.pipeline import Pipeline, deploy_ours
from tests.bench.processor_time import Cost, Work, spend
from tests.bench.spread import Spread
from tests.bench.throughput import say
from tests.peers.servers import Onebox

_CONNECTIONS = 2
_PUTS = 25


@dataclass(frozen=True)
class Growth:
    """What the two boxes came to."""

    stored: int
    empty_ms: Spread
    full_ms: Spread
    ratio: Spread
    """Of each turn: the full box over the empty one."""
    empty_bytes: Spread
    full_bytes: Spread
    resident_mib: float
    """Of the full box, at the end."""

    def sentence(self) -> str:
        """For people."""
        ratio = f"{self.ratio.median:.0%} of the processor time of an order with none"
        turns = f"({self.ratio.low:.0%} to {self.ratio.high:.0%} in {self.ratio.runs} turns)"
        written = f"{self.full_bytes.median / 1000:.0f} KB written an order ({self.empty_bytes.median / 1000:.0f} KB)"
        return f"with {self.stored:,} orders stored: {ratio} {turns}, {written}, {self.resident_mib:.0f} MiB"


def measure_growth(orders_stored: int, orders: int, runs: int) -> Growth:
    """Fill one of two boxes, then let them take turns."""
    with contextlib.ExitStack() as boxes:
        empty, full = (deploy_ours(boxes.enter_context(Onebox())) for _ in range(2))
        say(f"  storing {orders_stored:,} orders in one of two boxes")
        fill(full.peer, orders_stored, random.Random("preload"))
        costs: list[tuple[Cost, Cost]] = []
        for turn in range(-1, runs):
            both = [_spend(pipeline, orders, turn) for pipeline in (empty, full)]
            if turn >= 0:  # the first one starts the functions' processes
                costs.append((both[0], both[1]))
                say(f"  turn {turn + 1}: {both[0].total_ms:.3f} ms an order with none, {both[1].total_ms:.3f} ms")
        resident_mib = full.peer.resident_mib()
    growth = Growth(
        stored=orders_stored,
        empty_ms=Spread.of(before.total_ms for before, _ in costs),
        full_ms=Spread.of(after.total_ms for _, after in costs),
        ratio=Spread.of(after.total_ms / before.total_ms for before, after in costs),
        empty_bytes=Spread.of(before.written_bytes for before, _ in costs),
        full_bytes=Spread.of(after.written_bytes for _, after in costs),
        resident_mib=resident_mib,
    )
    say(f"  {growth.sentence()}")
    return growth


def _spend(pipeline: Pipeline, orders: int, turn: int) -> Cost:
    of_orders = real_orders(orders, "", random.Random(f"turn {turn}"))
    return spend(pipeline, Work("growth", our_function(), of_orders, raw=False, threads=2, batch=10))


def fill(peer: Server, count: int, chance: random.Random) -> None:
    """Store so many real orders under ids of their own, in no order."""
    items = [_item_without_id(entry.text) for entry in load_sample()]
    numbers = iter(range(0, count, _PUTS))

    def put() -> Conversation:
        for start in numbers:
            puts = (
                f'{{"PutRequest":{{"Item":{{"orderId":{{"S":"{chance.getrandbits(64):016x}-{number}"}},'
                f"{items[number % len(items)]}}}}}"
                for number in range(start, min(start + _PUTS, count))
            )
            body = f'{{"RequestItems":{{"Orders":[{",".join(puts)}]}}}}'.encode()
            target = "DynamoDB_20120810.BatchWriteItem"
            answer = yield request(peer, "dynamodb", "application/x-amz-json-1.0", body, target)
            if json.loads(answer).get("UnprocessedItems"):
                raise RuntimeError("BatchWriteItem left items out")

    hold_to_their_ends(peer.port, [put() for _ in range(_CONNECTIONS)])


def _item_without_id(text: str) -> str:
    """An order as DynamoDB's JSON, what follows its id."""
    to_wire = TypeSerializer().serialize
    fields = parse_order(text).attributes
    return json.dumps({name: to_wire(value) for name, value in fields.items() if name != "orderId"})[1:]
