"""``make long-life``: call a function 200,000 times (CALLS=n) and print what grows: memory, files, tables."""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.long_life.growth import Sample, count_rows, server_bytes_a_call, take
from tests.neighbours.box import Box, running_box
from tests.stalls.wire import http

CALLERS = 4
SAMPLES = 10
INVOKE = http("lambda", b'{"n": 1}', path="/2015-03-31/functions/f/invocations")


def call(port: int, times: int, waits_ms: list[float], lock: threading.Lock) -> None:
    """Call the function, one call after the other."""
    waits: list[float] = []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for _ in range(times):
            began = time.perf_counter()
            connection.sendall(INVOKE)
            answer = connection.recv(65_536)
            assert b" 200 " in answer[:16], answer
            waits.append((time.perf_counter() - began) * 1000)
    with lock:
        waits_ms.extend(waits)


def run(box: Box, calls: int) -> tuple[list[Sample], list[float]]:
    """Samples over the run, and what each call waited."""
    waits_ms: list[float] = []
    lock = threading.Lock()
    call(box.port, 100, [], lock)
    samples = [take(0, box.pid, box.database)]
    print("| calls | server memory | its files | processes | largest | its files | database | log |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for part in range(1, SAMPLES + 1):
        with ThreadPoolExecutor(CALLERS) as threads:
            share = calls // SAMPLES // CALLERS
            for done in [threads.submit(call, box.port, share, waits_ms, lock) for _ in range(CALLERS)]:
                done.result()
        samples.append(take(part * calls // SAMPLES, box.pid, box.database))
        _show(samples[-1])
    return samples, waits_ms


def _show(sample: Sample) -> None:
    memory = f"{sample.server_kib / 1024:.1f} MiB | {sample.server_files} | {len(sample.workers)}"
    worker = f"{sample.worker_kib / 1024:.1f} MiB | {sample.worker_files}"
    files = f"{sample.database_bytes / 1e6:.1f} MB | {sample.log_bytes / 1e6:.1f} MB"
    print(f"| {sample.calls:,} | {memory} | {worker} | {files} |", flush=True)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=200_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="long-life-") as folder, running_box(Path(folder) / "data") as box:
        before = count_rows(box.database)
        began = time.monotonic()
        samples, waits_ms = run(box, arguments.calls)
        took_s = time.monotonic() - began
        after = count_rows(box.database)
    waits_ms.sort()
    print(f"\n{len(waits_ms) / took_s:,.0f} calls/s; p50 {waits_ms[len(waits_ms) // 2]:.1f} ms, ", end="")
    print(f"p99 {waits_ms[len(waits_ms) * 99 // 100]:.1f} ms, longest {waits_ms[-1]:.0f} ms")
    print(f"processes of the function seen: {len({pid for sample in samples for pid in sample.workers})}")
    print(f"server memory in the second half: {server_bytes_a_call(samples):+.1f} bytes a call")
    print("rows that the calls added: ", end="")
    grown = {name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)}
    print(", ".join(f"{name} {count:,}" for name, count in sorted(grown.items(), key=lambda pair: -pair[1])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
