"""The parts of ``make bench``. Each measures servers in turn on the same work and yields figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench import operations
from tests.bench.growth import measure_growth
from tests.bench.million import measure_million
from tests.bench.orders import our_function, real_orders, seed_function, seed_orders
from tests.bench.processor_time import Work
from tests.bench.report import US, Figure
from tests.bench.slow_disk import SYNC_TIMES_US, measure_disks
from tests.bench.spread import Spread
from tests.bench.throughput import LATENCIES, compare, deployed, measure_latency, say
from tests.peers.servers import Dynalite, MiniStack, Moto, Onebox, Peer

STARTS = 5
MANY = 1_000_000
IDLE_S = 1.0


@dataclass(frozen=True)
class Settings:
    """How much is measured."""

    orders: int
    """For each run of a pipeline."""
    runs: int
    seconds: float
    """For each run of a single operation."""
    stored: int
    """Orders in the filled box of the growth figure."""


@dataclass(frozen=True)
class Part:
    """A part, the servers that can do its work, and about how long it takes with all of them, in seconds."""

    name: str
    title: str
    peers: tuple[type[Peer], ...]
    measure: Callable[[Sequence[type[Peer]], Settings], Iterator[Figure]]
    takes_s: int
    is_long: bool = False
    """Whether it is measured only where it is asked for."""


def measure_start(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """Seconds from exec to the first answer, and processor time then; resident memory after a second without work."""
    starts: dict[str, list[tuple[float, float, float]]] = {peer.name: [] for peer in peers}
    for _ in range(STARTS):
        for peer in peers:
            with peer() as server:
                started_s = server.cpu_s()
                time.sleep(IDLE_S)  # some servers go on loading after their first answer
                starts[peer.name].append((server.ready_s, started_s, server.resident_mib()))
    for name, values in starts.items():
        ready_s, cpu_s, resident_mib = (Spread.of(one) for one in zip(*values, strict=True))
        say(f"  {name:10} {ready_s.show(2)} s to the first answer, {resident_mib.show(1)} MiB")
        yield Figure("start", "start to first answer", name, ready_s, "s", 2)
        yield Figure("start", "processor time of a start", name, cpu_s, "s", 2)
        yield Figure("start", "resident memory, idle", name, resident_mib, "MiB", 1)


def measure_ours(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """Our processor, PublishBatch over two connections, real orders."""
    work = Work("our processor", our_function(), real_orders(settings.orders, "batch"), raw=False, threads=2, batch=10)
    yield from _measure_pipeline("ours", "our processor, PublishBatch, real orders", work, peers, settings)


def measure_seed(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """The seed's code, single publishes over four connections."""
    work = Work("seed's code", seed_function(), seed_orders(settings.orders, "single"), raw=True, threads=4, batch=1)
    yield from _measure_pipeline("seed", "the seed's code, single publishes", work, peers, settings)


def _measure_pipeline(
    part: str, title: str, work: Work, peers: Sequence[type[Peer]], settings: Settings
) -> Iterator[Figure]:
    for name, runs in compare(peers, settings.runs, work).items():
        yield Figure(part, title, name, Spread.of(run.stored_per_s for run in runs), "orders/s", is_rate=True)
        for where in ("server", "function", "client", "total"):
            used = Spread.of(getattr(run.cost, f"{where}_ms") for run in runs)
            yield Figure(part, f"{work.name}, processor time of an order, {where}", name, used, "ms", 2)
        if name == US:
            written = Spread.of(run.cost.written_bytes / 1000 for run in runs)
            yield Figure(part, f"{work.name}, written to the disk for an order", name, written, "KB", 1)


def measure_latencies(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """From the start of a publish until GetItem returns the order, one after the other."""
    waits: dict[str, list[dict[str, float]]] = {peer.name: [] for peer in peers}
    for _ in range(settings.runs):
        for peer in peers:
            with deployed(peer, seed_function(), raw=True) as pipeline:
                waits[peer.name].append(measure_latency(pipeline, LATENCIES))
    for name, runs in waits.items():
        for share in ("p50", "p99"):
            spread = Spread.of(run[f"{share}_ms"] for run in runs)
            yield Figure("latency", f"publish to readable, the seed's code, {share}", name, spread, "ms", 1)


def measure_dynamodb(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """Single operations of DynamoDB, orders of 200 bytes."""
    yield from _measure_operations("dynamodb", operations.make_table, operations.DYNAMODB, peers, settings)


def measure_messaging(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """Single operations of SQS and SNS, orders of 200 bytes."""
    yield from _measure_operations("messaging", operations.make_topic_and_queues, operations.MESSAGING, peers, settings)


def _measure_operations(
    part: str,
    make: Callable[[operations.Server], None],
    chosen: Sequence[operations.Operation],
    peers: Sequence[type[Peer]],
    settings: Settings,
) -> Iterator[Figure]:
    for operation, name, a_second, cpu_us in operations.compare(peers, make, chosen, settings.runs, settings.seconds):
        say(f"  {name:10} {operation}: {a_second.show()} a second, {cpu_us.show()} microseconds of CPU time each")
        yield Figure(part, operation, name, a_second, "a second", is_rate=True)
        yield Figure(part, f"{operation}, processor time of the server", name, cpu_us, "microseconds")


def measure_stored(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """An order with many stored against one with none; two boxes in turn, random ids."""
    growth = measure_growth(settings.stored, settings.orders, settings.runs + 2)
    stored = f"{settings.stored:,} orders stored"
    percent = growth.ratio.times(100)
    yield Figure("growth", f"processor time of an order with {stored}, of that with none", US, percent, "%")
    yield Figure("growth", "processor time of an order with none stored", US, growth.empty_ms, "ms", 2)
    yield Figure("growth", f"processor time of an order with {stored}", US, growth.full_ms, "ms", 2)
    for name, written in (("none stored", growth.empty_bytes), (stored, growth.full_bytes)):
        yield Figure("growth", f"written to the disk for an order with {name}", US, written.times(1 / 1000), "KB", 1)
    yield Figure("growth", f"resident memory with {stored}", US, Spread.of([growth.resident_mib]), "MiB")


def measure_slow_disk(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """Our processor on disks that sync in 0.2 and in 5 ms. Raises NotInstalled without a C compiler."""
    disks = measure_disks(SYNC_TIMES_US, settings.orders, settings.runs)
    fastest = Spread.of(disks[SYNC_TIMES_US[0]].stored_per_s).median
    for sync_us, figures in disks.items():
        where = f"where a sync takes {sync_us / 1000:g} ms"
        stored = Spread.of(figures.stored_per_s)
        latency = Spread.of(figures.p50_ms)
        share = stored.times(100 / fastest)
        yield Figure("slow-disk", f"our processor, PublishBatch over 8 connections, {where}", US, stored, "orders/s")
        yield Figure("slow-disk", f"the same as a share of the fast disk's, {where}", US, share, "%")
        yield Figure("slow-disk", f"publish to readable, p50, {where}", US, latency, "ms", 1)
        yield Figure("slow-disk", f"the same in syncs, {where}", US, latency.times(1000 / sync_us), "", 1)


def measure_many_stored(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
    """A million orders stored: start, memory, and orders a second with and without the machine's page cache."""
    yield from measure_million(MANY, settings.orders, settings.runs)


PIPELINES = (Onebox, MiniStack)
PARTS = (
    Part("start", "Start and idle memory", (Onebox, MiniStack, Moto, Dynalite), measure_start, 45),
    Part("ours", "Our processor, PublishBatch, real orders", PIPELINES, measure_ours, 75),
    Part("seed", "The seed's code, single publishes by 4 connections", PIPELINES, measure_seed, 90),
    Part("latency", "Publish to readable, the seed's code", PIPELINES, measure_latencies, 40),
    Part("dynamodb", "Operations of DynamoDB", (Onebox, Dynalite, Moto, MiniStack), measure_dynamodb, 90),
    Part("messaging", "Operations of SQS and SNS", (Onebox, Moto, MiniStack), measure_messaging, 90),
    Part("growth", "A table that has grown", (Onebox,), measure_stored, 100),
    Part("slow-disk", "Disks that sync in 0.2 and in 5 ms", (Onebox,), measure_slow_disk, 90),
    Part("million", "A million orders stored", (Onebox,), measure_many_stored, 600, is_long=True),
)
