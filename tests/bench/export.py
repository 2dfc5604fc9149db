"""``make bench-export``: the memory and time of `orders export` for 200,000 stored orders, in each format.

The table is filled in two steps; memory that grew with the table would show between them. Memory is the peak of the
command's resident set, the interpreter and the SDK included, as the kernel counts it. Parquet needs pyarrow; without it
its rows are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from boto3.dynamodb.types import TypeSerializer

from orders.domain.order import parse_order
from tests.bench.orders import real_orders
from tests.bench.pipeline import REGION, Pipeline
from tests.peers.servers import Onebox, Peer

WRITES = 25
CLIENTS = 2
FORMATS = ("orders.jsonl", "orders.csv", "lines.csv", "orders.parquet")


class Measured(NamedTuple):
    """One export."""

    orders: int
    name: str
    seconds: float
    peak_mib: float
    file_mib: float


def run(peer: Peer, *arguments: str) -> tuple[float, float]:
    """Run an `orders` command; its seconds and the peak of its resident set in MiB."""
    environment = {**os.environ, **peer.environment(), "AWS_ENDPOINT_URL": peer.endpoint_url}
    environment["AWS_DEFAULT_REGION"] = REGION
    began = time.perf_counter()
    command = [sys.executable, "-m", "orders", *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{' '.join(arguments)} failed")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def fill(peer: Peer, first: int, count: int, lines: int) -> None:
    """Write orders numbered from ``first`` into the table: the sample's with their first lines, under new ids."""
    serialize = TypeSerializer().serialize
    sample = [parse_order(text).attributes for _, text in real_orders(2_000, "export")]
    for attributes in sample:
        attributes["items"] = attributes.get("items", [])[:lines]
    items = (
        {name: serialize(value) for name, value in {**sample[number % len(sample)], "orderId": f"x{number}"}.items()}
        for number in range(first, first + count)
    )
    dynamodb = Pipeline(peer).client("dynamodb")

    def write(batch: list[dict[str, Any]]) -> None:
        requests: Any = {"Orders": [{"PutRequest": {"Item": item}} for item in batch]}
        while requests:
            requests = dynamodb.batch_write_item(RequestItems=requests).get("UnprocessedItems")

    def batches() -> Iterator[list[dict[str, Any]]]:
        while batch := list(islice(items, WRITES)):
            yield batch

    with ThreadPoolExecutor(CLIENTS) as pool:
        waiting = batches()
        while some := list(islice(waiting, 100)):
            list(pool.map(write, some))


def measure(peer: Peer, folder: Path, count: int, names: Sequence[str]) -> Iterator[Measured]:
    for name in names:
        if name.endswith(".parquet") and importlib.util.find_spec("pyarrow") is None:
            continue
        path = folder / name
        options = ["--lines"] if name.startswith("lines") else []
        seconds, peak_mib = run(peer, "export", str(path), "--force", *options)
        yield Measured(count, name, seconds, peak_mib, path.stat().st_size / 2**20)
        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-export", description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    parser.add_argument("--lines", type=int, default=1_000, help="at most so many lines of each order")
    parser.add_argument("--only", action="append", choices=FORMATS, help="measure these exports only")
    arguments = parser.parse_args()
    steps = (arguments.orders // 10, arguments.orders)
    print("| orders | export | seconds | peak memory, MiB | file, MiB |\n| --- | --- | --- | --- | --- |")
    with Onebox() as server, tempfile.TemporaryDirectory() as folder:
        run(server, "deploy", "--yes")
        filled = 0
        for count in steps:
            fill(server, filled, count - filled, arguments.lines)
            filled = count
            for one in measure(server, Path(folder), count, arguments.only or FORMATS):
                figures = f"{one.seconds:.1f} | {one.peak_mib:.0f} | {one.file_mib:.1f}"
                print(f"| {one.orders:,} | {one.name} | {figures} |", flush=True)
    print(json.dumps({"python": sys.version.split()[0]}))


if __name__ == "__main__":
    main()
