"""``make bench-slow-disk``: orders a second and latency by the time that the disk takes to sync.

Each figure is measured on a onebox whose syncs take exactly so long and do nothing else (sync_time.c, preloaded), so
that the machine's own disk does not matter. The disks take turns. The publisher is the same for all of them: a shop
with several connections, which does not wait for one answer at a time. The warm-up is long enough for the function to
get the processes that its load calls for. Needs Linux and a C compiler.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.orders import our_function, real_orders, seed_function
from tests.bench.pipeline import Pipeline
from tests.bench.publisher import publish_all, quote
from tests.bench.throughput import measure_latency, measure_throughput, say, warm_up
from tests.peers.environments import NotInstalled
from tests.peers.servers import Onebox

SOURCE = Path(__file__).with_name("sync_time.c")
LATENCIES = 100
SYNC_TIMES_US = (200, 5_000)
CONNECTIONS = 8
WARM_UP_ORDERS = 1_500


@dataclass
class Figures:
    """What one disk came to."""

    stored_per_s: list[float] = field(default_factory=list)
    server_ms: list[float] = field(default_factory=list)
    """Processor time of the server for an order."""
    p50_ms: list[float] = field(default_factory=list)
    syncs_per_s: list[float] = field(default_factory=list)
    processes: list[int] = field(default_factory=list)
    """Of the function, at the end."""


class SlowedOnebox(Onebox):
    """onebox on a disk whose syncs take ``sync_us``."""

    def __init__(self, library: Path, sync_us: int) -> None:
        super().__init__()
        self._count = self.folder / "syncs"
        self._count.write_bytes(bytes(8))
        self._variables = {"LD_PRELOAD": str(library), "SYNC_US": str(sync_us), "SYNC_COUNT": str(self._count)}

    def environment(self) -> dict[str, str]:
        return {**super().environment(), **self._variables}

    def syncs(self) -> int:
        """How many syncs there were."""
        count: int = struct.unpack("=q", self._count.read_bytes())[0]
        return count

    def processes(self) -> int:
        """How many processes functions have."""
        return len(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split())


def measure(library: Path, sync_us: int, orders: int, figures: Figures) -> None:
    """One run on one disk."""
    say(f"a sync takes {sync_us / 1000:g} ms")
    with SlowedOnebox(library, sync_us) as server:
        pipeline = Pipeline(server)
        pipeline.deploy(our_function(), raw=False)
        _publish(pipeline, real_orders(WARM_UP_ORDERS, "warm-up"))
        began_s, syncs = server.cpu_s(), server.syncs()
        measured = measure_throughput(
            pipeline, "our processor", real_orders(orders, "slow"), threads=CONNECTIONS, batch=10
        )
        figures.syncs_per_s.append((server.syncs() - syncs) * measured.stored_per_s / orders)
        figures.server_ms.append((server.cpu_s() - began_s) * 1000 / orders)
        figures.stored_per_s.append(measured.stored_per_s)
        figures.processes.append(server.processes())
    with SlowedOnebox(library, sync_us) as server:
        pipeline = Pipeline(server)
        pipeline.deploy(seed_function(), raw=True)
        warm_up(pipeline)
        figures.p50_ms.append(measure_latency(pipeline, LATENCIES)["p50_ms"])


def _publish(pipeline: Pipeline, orders: list[tuple[str, str]]) -> None:
    messages = quote([text for _, text in orders])
    publish_all("127.0.0.1", pipeline.peer.port, pipeline.topic_arn, messages, threads=CONNECTIONS, batch=10)
    pipeline.wait_until_drained()


@contextmanager
def compiled() -> Iterator[Path]:
    """The library to preload. Raises NotInstalled where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise NotInstalled("no C compiler: install gcc, or set the disk's speed by other means")
    with tempfile.TemporaryDirectory(prefix="sync-time-") as folder:
        library = Path(folder) / "sync_time.so"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE)], check=True)
        yield library


def measure_disks(sync_times_us: Sequence[int], orders: int, runs: int) -> dict[int, Figures]:
    """All disks in turn, the fastest first. Raises NotInstalled where there is no C compiler."""
    figures = {sync_us: Figures() for sync_us in sync_times_us}
    with compiled() as library:
        for _ in range(runs):
            for sync_us, of_disk in figures.items():
                measure(library, sync_us, orders, of_disk)
    return figures


def describe(figures: dict[int, Figures]) -> None:
    """A line for each disk; the rates are compared with that of the first."""
    fastest = statistics.median(next(iter(figures.values())).stored_per_s)
    for sync_us, of_disk in figures.items():
        per_s, p50_ms = statistics.median(of_disk.stored_per_s), statistics.median(of_disk.p50_ms)
        say(
            f"sync {sync_us / 1000:g} ms: {per_s:,.0f} orders/s ({per_s / fastest:.0%}), "
            f"{statistics.median(of_disk.server_ms):.3f} ms of the server's processor time an order, "
            f"publish to readable p50 {p50_ms:.1f} ms ({p50_ms * 1000 / sync_us:.1f} syncs), "
            f"{statistics.median(of_disk.syncs_per_s):,.0f} syncs/s, "
            f"{per_s / statistics.median(of_disk.syncs_per_s):.1f} orders a sync, "
            f"{statistics.median(of_disk.processes):.0f} processes of the function"
        )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="make bench-slow-disk", description=__doc__)
    parser.add_argument("--sync-us", type=int, nargs="+", default=list(SYNC_TIMES_US), help="the fastest first")
    parser.add_argument("--orders", type=int, default=6_000)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    describe(measure_disks(arguments.sync_us, arguments.orders, arguments.runs))


if __name__ == "__main__":
    main()
