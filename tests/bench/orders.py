"""The orders and the functions that the benchmarks use."""

from __future__ import annotations

import gzip
import json
import random
from importlib import resources

from orders.deployment.package import HANDLER, build_package
from tests.bench.pipeline import Function, zipped
from tests.seed import SEED_CODE


def seed_orders(count: int, run: str) -> list[tuple[str, str]]:
    """Small orders without fractions, which the seed's code can store: (id, JSON)."""
    orders = []
    for number in range(count):
        order_id = f"{run}-{number:06}"
        order = {
            "orderId": order_id,
            "userId": f"user-{number % 97}",
            "itemName": "WHITE HANGING HEART T-LIGHT HOLDER",
            "quantity": number % 12 + 1,
            "status": "new",
            "timestamp": "2026-01-05T09:30:00Z",
        }
        orders.append((order_id, json.dumps(order)))
    return orders


def real_orders(count: int, run: str, chance: random.Random | None = None) -> list[tuple[str, str]]:
    """Real orders of the sample, as often as needed under ids of their own: (id, JSON). In the order of their ids,
    or with ``chance`` in none, as most shops' ids are."""
    packed = resources.files("orders.local.sample").joinpath("online_retail_sample.jsonl.gz").read_bytes()
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    orders = []
    for number in range(count):
        line = lines[number % len(lines)]
        original = json.loads(line)["orderId"]
        order_id = f"{run}-{number:06}-{original}" if chance is None else f"{chance.getrandbits(64):016x}-{original}"
        orders.append((order_id, line.replace(json.dumps(original), json.dumps(order_id), 1)))
    return orders


def seed_function() -> Function:
    """The seed's Lambda code, word for word."""
    return Function(zipped("lambda_function.py", SEED_CODE), "lambda_function.lambda_handler", report_failures=False)


def our_function() -> Function:
    """The order processor of this project, as it is deployed."""
    return Function(build_package().content, HANDLER, report_failures=True)
