"""The neighbour: ``python -m tests.neighbours.client PORT KIND``, a process that asks at a steady rate.

A wait is counted from the moment at which the request was due, so that a stall counts for each request that it delays.
It prints ``ready`` when it has begun. When its input is closed it prints its waits (ms) as JSON.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

from tests.stalls.box import JSON, http

EVERY_S = 0.02
WARM_UP = 40
GIVE_UP_S = 60


def _request(kind: str, number: int) -> bytes:
    if kind == "invoke":
        return http("lambda", b"{}", path="/2015-03-31/functions/f/invocations")
    if kind == "read":
        body = {"TableName": "neighbour", "Key": {"orderId": {"S": "0"}}}
        operation = "GetItem"
    else:
        body = {"TableName": "neighbour", "Item": {"orderId": {"S": str(number % 1000)}, "n": {"N": str(number)}}}
        operation = "PutItem"
    target = f"DynamoDB_20120810.{operation}"
    return http("dynamodb", json.dumps(body).encode(), X_Amz_Target=target, Content_Type=JSON)


class Neighbour:
    """One connection, and how long each request waited."""

    def __init__(self, port: int, kind: str) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP_S)
        self._kind = kind
        self._number = 0
        self.waits_ms: list[float] = []
        self.refused = 0

    def ask(self, due_s: float) -> None:
        """Send a request that was due at ``due_s``, and wait for its answer."""
        self._number += 1
        self._connection.sendall(_request(self._kind, self._number))
        answer = self._connection.recv(65_536)
        if b" 200 " not in answer[:16]:
            self.refused += 1
        self.waits_ms.append((time.perf_counter() - due_s) * 1000)

    def run(self, is_over: threading.Event) -> None:
        """Ask until it is over."""
        due_s = time.perf_counter()
        while not is_over.wait(max(0.0, due_s - time.perf_counter())):
            self.ask(due_s)
            due_s += EVERY_S


def _share(waits_ms: list[float], share: float) -> float:
    return round(waits_ms[min(len(waits_ms) - 1, int(len(waits_ms) * share))], 2)


def main() -> None:
    """The process."""
    is_over = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    neighbour = Neighbour(int(sys.argv[1]), sys.argv[2])
    for _ in range(WARM_UP):
        neighbour.ask(time.perf_counter())
    neighbour.waits_ms.clear()
    print("ready", flush=True)
    neighbour.run(is_over)
    waits = sorted(neighbour.waits_ms)
    summary = {"count": len(waits), "p50": _share(waits, 0.5), "p99": _share(waits, 0.99), "max": round(waits[-1], 2)}
    print(json.dumps({**summary, "refused": neighbour.refused}), flush=True)


if __name__ == "__main__":
    main()
