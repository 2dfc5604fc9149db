"""``make bench-million``: a onebox with a million orders stored, against one with none.

Two data folders, one with an empty table and one that was filled through BatchWriteItem, under random ids. Measured are
the start to the first answer, the memory then and when everything that the folder uses has been loaded, and orders a
second: with the filled table's pages in the machine's memory, and without (POSIX_FADV_DONTNEED, the file alone: what
other programs have there stays), in which case also what the event loop had to read itself. The boxes take turns. Needs
Linux.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.growth import fill
from tests.bench.orders import our_function, real_orders
from tests.bench.pipeline import Pipeline
from tests.bench.report import US, Figure
from tests.bench.spread import Spread
from tests.bench.throughput import Throughput, measure_throughput, say, warm_up
from tests.bench.usage import parse_io
from tests.peers.servers import Onebox
from tests.polling import until

LOADED_PATIENCE_S = 60
WARM_UP_ORDERS = 200
"""Few, so that the page cache is still without most of what the measured orders read."""
QUIET_S = 2.0
"""So long the memory has to stay what it is to be that of an idle onebox."""


class KeptOnebox(Onebox):
    """A onebox on a data folder that outlives it."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        self.data = data

    def command(self) -> list[str]:
        return [*super().command()[:-1], str(self.data)]

    def loop_read_bytes(self) -> int:
        """What the event loop's thread, the process's first one, has read from disks since its start."""
        pid = self.process.pid
        return parse_io(Path(f"/proc/{pid}/task/{pid}/io").read_text(), "read_bytes")

    def idle_mib(self) -> float:
        """Resident memory once it changes no more."""
        last = [0.0, time.monotonic()]

        def is_settled() -> bool:
            mib, now = self.resident_mib(), time.monotonic()
            if abs(mib - last[0]) > 0.1:
                last[:] = [mib, now]
            return now - last[1] >= QUIET_S

        until(is_settled, "memory that changes no more", patience_s=LOADED_PATIENCE_S)
        return self.resident_mib()


@dataclass
class Measured:
    """What one folder came to, run by run."""

    ready_s: list[float] = field(default_factory=list)
    first_mib: list[float] = field(default_factory=list)
    idle_mib: list[float] = field(default_factory=list)
    cached: list[Throughput] = field(default_factory=list)
    dropped: list[Throughput] = field(default_factory=list)
    dropped_read_bytes: list[float] = field(default_factory=list)
    """What the event loop had to read from the disk for an order, the kernel's own reading ahead included."""


def measure_million(stored: int, orders: int, runs: int) -> Iterator[Figure]:
    """Make both folders, then let them take turns; the figures of both."""
    with tempfile.TemporaryDirectory(prefix="million-", ignore_cleanup_errors=True) as folder:
        measured: dict[str, tuple[Path, Measured]] = {}
        for name, count in (("none stored", 0), (f"{stored:,} stored", stored)):
            data = Path(folder) / str(count)
            _make_folder(data, count)
            measured[name] = (data, Measured())
        for turn in range(runs):
            for name, (data, of_folder) in measured.items():
                _measure_once(data, orders, turn, of_folder)
                _say_turn(name, of_folder)
    for name, (_, of_folder) in measured.items():
        yield from _figures(name, of_folder)


def _make_folder(data: Path, count: int) -> None:
    with KeptOnebox(data) as server:
        pipeline = Pipeline(server)
        pipeline.deploy(our_function(), raw=False)
        if count:
            say(f"  storing {count:,} orders")
            fill(server, count, random.Random("million"))
        warm_up(pipeline, orders=WARM_UP_ORDERS)


def _measure_once(data: Path, orders: int, turn: int, measured: Measured) -> None:
    with KeptOnebox(data) as server:
        measured.ready_s.append(server.ready_s)
        measured.first_mib.append(server.resident_mib())
        measured.idle_mib.append(server.idle_mib())
        measured.cached.append(_publish(server, orders, f"cached {turn}"))
    _drop_cache(data)
    with KeptOnebox(data) as server:
        read_bytes = server.loop_read_bytes()
        measured.dropped.append(_publish(server, orders, f"dropped {turn}"))
        measured.dropped_read_bytes.append((server.loop_read_bytes() - read_bytes) / (orders + WARM_UP_ORDERS))


def _publish(server: KeptOnebox, orders: int, run: str) -> Throughput:
    pipeline = Pipeline(server)
    pipeline.find()
    warm_up(pipeline, orders=WARM_UP_ORDERS)
    of_run = real_orders(orders, "", random.Random(run))
    return measure_throughput(pipeline, run, of_run, threads=2, batch=10)


def _drop_cache(data: Path) -> None:
    """Have the machine forget the pages of the database that are on disk anyway."""
    for path in data.glob("*.db*"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _say_turn(name: str, measured: Measured) -> None:
    say(
        f"  {name}: {measured.ready_s[-1]:.2f} s to the first answer, {measured.first_mib[-1]:.1f} MiB then, "
        f"{measured.idle_mib[-1]:.1f} MiB idle"
    )


def _figures(name: str, measured: Measured) -> Iterator[Figure]:
    def figure(title: str, values: list[float], unit: str, digits: int, *, is_rate: bool = False) -> Figure:
        return Figure("million", f"{title}, {name}", US, Spread.of(values), unit, digits, is_rate)

    yield figure("start to first answer", measured.ready_s, "s", 2)
    yield figure("resident memory at the first answer", measured.first_mib, "MiB", 1)
    yield figure("resident memory, idle with all that the folder uses", measured.idle_mib, "MiB", 1)
    for title, runs in (("page cache warm", measured.cached), ("page cache dropped", measured.dropped)):
        yield figure(f"orders, {title}", [run.stored_per_s for run in runs], "orders/s", 0, is_rate=True)
        costs = [run.cost.total_ms for run in runs]
        yield figure(f"processor time of an order, {title}", costs, "ms", 2)
        # What is written is no figure here: where the page cache holds the database in large folios, the kernel counts
        # a whole folio for each page that changes in it.
    read = [read_bytes / 1000 for read_bytes in measured.dropped_read_bytes]
    yield figure("read from the disk by the event loop for an order, page cache dropped", read, "KB", 2)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="make bench-million", description=__doc__)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--orders", type=int, default=2_000, help="of each run")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    for figure in measure_million(arguments.stored, arguments.orders, arguments.runs):
        say(f"{figure.name}: {figure.spread.show(figure.digits)} {figure.unit}")


if __name__ == "__main__":
    main()
