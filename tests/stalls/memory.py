"""``make memory``: what memory clients take that read nothing or send nothing to its end, and what is given back.

The table is Markdown, for docs/security.md.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.stalls.box import Box, measure, running_box
from tests.stalls.wire import JSON, http

MIB = 1024 * 1024
QUIET_S = 3.0
"""Nothing more moves when nothing has moved for so long."""
SETTLED_S = 8.0
"""After the clients are gone: a sweep of the connections and one of the memory."""
LIMIT_MIB = 512
"""What the server may take at most, whatever clients do."""


@dataclass(frozen=True)
class Crowd:
    """Clients of one kind. ``prepare`` stores what they ask for; each sends ``head``, then ``rest`` times zeros."""

    name: str
    clients: int
    prepare: Callable[[Box], None]
    head: Callable[[], bytes]
    rest_bytes: int = 0


def _store_four_large_items(box: Box) -> None:
    dynamodb = box.client("dynamodb")
    dynamodb.create_table(
        TableName="memory",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for number in range(4):
        dynamodb.put_item(TableName="memory", Item={"k": {"S": str(number)}, "v": {"S": "x" * 300_000}})


def make_bucket(box: Box) -> None:
    """For uploads."""
    box.client("s3").create_bucket(Bucket="memory")


def _scans(count: int) -> bytes:
    body = json.dumps({"TableName": "memory"}).encode()
    return http("dynamodb", body, X_Amz_Target="DynamoDB_20120810.Scan", Content_Type=JSON) * count


def body_of(size_bytes: int, service: str, method: str = "POST", path: str = "/") -> bytes:
    """The head of a request with a body of that size."""
    head = http(service, method=method, path=path, Content_Type="application/octet-stream")
    return head.replace(b"Content-Length: 0", b"Content-Length: %d" % size_bytes)


CROWDS = (
    Crowd("200 clients read nothing of 16 scans of 1 MB each", 200, _store_four_large_items, lambda: _scans(16)),
    Crowd("2,000 clients read nothing of 16 scans of 1 MB each", 2_000, _store_four_large_items, lambda: _scans(16)),
    Crowd(
        "100 uploads of 100 MB to S3 stop 1 MB before their end",
        100,
        make_bucket,
        lambda: body_of(100 * MIB, "s3", "PUT", "/memory/object"),
        99 * MIB,
    ),
    Crowd(
        "1,000 bodies of 15 MB for DynamoDB stop 1 MB before their end",
        1_000,
        _store_four_large_items,
        lambda: body_of(15 * MIB, "dynamodb"),
        14 * MIB,
    ),
    Crowd(
        "3,000 bodies of 250 KB for SQS stop 10 KB before their end",
        3_000,
        _store_four_large_items,
        lambda: body_of(250_000, "sqs"),
        240_000,
    ),
    Crowd(
        "64 connections rest, each after a body of 15 MB",
        64,
        _store_four_large_items,
        lambda: body_of(15 * MIB, "dynamodb"),
        15 * MIB,
    ),
)


def memory_mib(box: Box, name: str) -> float:
    """``VmRSS`` (now) or ``VmHWM`` (the most until now) of the server."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{box.pid}/status").read_text().splitlines())
    return int(fields[name].split()[0]) / 1024


@contextmanager
def crowd(box: Box, clients: int, head: bytes, rest_bytes: int) -> Iterator[int]:
    """As many clients, each of which has sent what the server takes; how many bytes that was in all."""
    block = memoryview(bytes(MIB))
    with ExitStack() as stack, selectors.DefaultSelector() as selector:
        left: dict[int, tuple[memoryview, int]] = {}
        for _ in range(clients):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", box.port), timeout=10))
            connection.setblocking(False)
            left[connection.fileno()] = (memoryview(head), rest_bytes)
            selector.register(connection, selectors.EVENT_WRITE)
        sent = 0
        while ready := selector.select(QUIET_S):
            for key, _ in ready:
                piece, rest = left[key.fd]
                try:
                    count = key.fileobj.send(piece)  # type: ignore[union-attr]
                except BlockingIOError:
                    continue
                except OSError:  # cut off
                    selector.unregister(key.fileobj)
                    continue
                sent += count
                piece = piece[count:]
                if not piece and rest:
                    piece = block[: min(rest, len(block))]
                    rest -= len(piece)
                left[key.fd] = (piece, rest)
                if not piece:
                    selector.unregister(key.fileobj)
        yield sent


@dataclass(frozen=True)
class Taken:
    """Memory of the server in MiB, and what a neighbour waited at most in ms."""

    before: float
    most: float
    held: float
    """When nothing moved any more, and the clients were still there."""
    after: float
    neighbour_ms: float
    cpu_ms: float
    """The most processor time that onebox used during a wait of the neighbour's."""


def take(one: Crowd, settled_s: float = SETTLED_S) -> Taken:
    """Let the crowd in, and out again."""
    held = 0.0

    def attack(box: Box) -> int:
        nonlocal held
        with crowd(box, one.clients, one.head(), one.rest_bytes) as sent:
            held = memory_mib(box, "VmRSS")
            print(f"  {one.name}: {sent / MIB:,.0f} MiB sent", file=sys.stderr, flush=True)
        return 200

    with running_box() as box:
        one.prepare(box)
        before = memory_mib(box, "VmRSS")
        outcome = measure(box, attack)
        most = memory_mib(box, "VmHWM")
        time.sleep(settled_s)
        after = memory_mib(box, "VmRSS")
    return Taken(before, most, held, after, outcome.neighbour_ms, outcome.cpu_ms)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only rows whose name holds one of these words")
    words = parser.parse_args().words
    print(
        "| clients | before | at most | in the end | after they are gone | neighbour waits at most | onebox computes |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    over = 0
    for one in CROWDS:
        if words and not any(word.lower() in one.name.lower() for word in words):
            continue
        taken = take(one)
        over += taken.most > LIMIT_MIB
        sizes = " | ".join(f"{size:.0f} MiB" for size in (taken.before, taken.most, taken.held, taken.after))
        print(f"| {one.name} | {sizes} | {taken.neighbour_ms:.0f} ms | {taken.cpu_ms:.0f} ms |", flush=True)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
