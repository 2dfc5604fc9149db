"""The neighbour, a process of its own: asks for something cheap again and again, and prints its longest wait in ms, and
the most processor time that onebox used during one wait (which other programs of the machine do not lengthen).

Arguments: onebox's port and process id. It prints ``ready`` when it has begun, and ends when its input is closed.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.stalls.wire import http

REQUEST = http(
    "dynamodb", b"{}", X_Amz_Target="DynamoDB_20120810.ListTables", Content_Type="application/x-amz-json-1.0"
)
ROUNDS = 3
GIVE_UP_S = 15


def main() -> None:
    is_over = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    longest_s = most_cpu_s = 0.0
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=GIVE_UP_S) as connection:
        for _ in range(ROUNDS):
            _ask(connection)
        print("ready", flush=True)
        while not is_over.is_set():
            cpu_s = cpu_seconds(sys.argv[2])
            longest_s = max(longest_s, _ask(connection))
            most_cpu_s = max(most_cpu_s, cpu_seconds(sys.argv[2]) - cpu_s)
        for _ in range(ROUNDS):
            longest_s = max(longest_s, _ask(connection))
    print(longest_s * 1000, most_cpu_s * 1000, flush=True)


def _ask(connection: socket.socket) -> float:
    began = time.perf_counter()
    try:
        connection.sendall(REQUEST)
        connection.recv(65_536)
    except OSError:
        return GIVE_UP_S
    return time.perf_counter() - began


def cpu_seconds(pid: str) -> float:
    """Processor time of all threads so far; 0 where the system does not tell."""
    total_ns = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that ended
            total_ns += int(path.read_text().split()[0])
    return total_ns / 1e9


if __name__ == "__main__":
    main()
