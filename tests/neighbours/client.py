"""The neighbour: ``python -m tests.neighbours.client PORT KIND [PID EVERY_S]``, a process that asks at a steady rate.

A wait is counted from the moment at which the request was due, so that a stall counts for each request that it delays.
It prints ``ready`` when it has begun. For each line of its input, and when the input is closed, it prints the
waits (ms) since the last time as JSON; with onebox's process id also what other programs of the machine do not
lengthen: the processor time that onebox used during each, and each wait without the time for which onebox's event loop
or the neighbour itself had no core.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

from tests.neighbours.starvation import Starvation
from tests.stalls.neighbour import cpu_seconds
from tests.stalls.wire import JSON, http

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

    def __init__(self, port: int, kind: str, pid: str | None = None, every_s: str = str(EVERY_S)) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP_S)
        self._kind = kind
        self._pid = pid
        self._every_s = float(every_s)
        self._number = 0
        self.waits_ms: list[float] = []
        self.cpu_ms: list[float] = []
        self.fair_ms: list[float] = []
        self._starvation = Starvation(("self", pid) if pid else ())
        self._starvation.look()
        self.refused = 0

    def ask(self, due_s: float) -> None:
        """Send a request that was due at ``due_s``, and wait for its answer."""
        self._number += 1
        cpu_s = cpu_seconds(self._pid) if self._pid else 0.0
        self._connection.sendall(_request(self._kind, self._number))
        answer = self._connection.recv(65_536)
        if b" 200 " not in answer[:16]:
            self.refused += 1
        wait_s = time.perf_counter() - due_s
        self.waits_ms.append(wait_s * 1000)
        if self._pid:
            self.fair_ms.append(max(0.0, wait_s - self._starvation.since(due_s)) * 1000)
            self.cpu_ms.append((cpu_seconds(self._pid) - cpu_s) * 1000)

    def summarize(self) -> str:
        """The waits since the last summary, as JSON."""
        waits, self.waits_ms = sorted(self.waits_ms), []
        cpu_ms, self.cpu_ms = sorted(self.cpu_ms), []
        fair_ms, self.fair_ms = sorted(self.fair_ms), []
        refused, self.refused = self.refused, 0
        summary = {"p50": _share(waits, 0.5), "p99": _share(waits, 0.99), "max": _share(waits, 1.0)}
        more = {"cpu_p99": _share(cpu_ms, 0.99), "fair_p99": _share(fair_ms, 0.99)} if self._pid else {}
        return json.dumps({"count": len(waits), **summary, "refused": refused, **more})

    def run(self, is_over: threading.Event) -> None:
        """Ask until it is over."""
        due_s = time.perf_counter()
        while not is_over.wait(max(0.0, due_s - time.perf_counter())):
            self.ask(due_s)
            due_s += self._every_s


def _share(waits_ms: list[float], share: float) -> float:
    return round(waits_ms[min(len(waits_ms) - 1, int(len(waits_ms) * share))], 2) if waits_ms else 0.0


def main() -> None:
    """The process."""
    is_over = threading.Event()
    neighbour = Neighbour(int(sys.argv[1]), *sys.argv[2:])
    for _ in range(WARM_UP):
        neighbour.ask(time.perf_counter())
    neighbour.summarize()

    def tell_until_the_end() -> None:
        for _ in sys.stdin:
            print(neighbour.summarize(), flush=True)
        is_over.set()

    threading.Thread(target=tell_until_the_end, daemon=True).start()
    print("ready", flush=True)
    neighbour.run(is_over)
    print(neighbour.summarize(), flush=True)


if __name__ == "__main__":
    main()
