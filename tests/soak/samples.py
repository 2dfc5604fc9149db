"""What onebox held at the moments of a run, and whether it grew.

Judged is the second half: the first fills caches. A slope is the median of the slopes between all pairs of moments
(Theil and Sen's), which a single peak does not move.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple


class Wait(NamedTuple):
    """What a neighbour's requests waited since the moment before, in ms."""

    p99_ms: float
    cpu_p99_ms: float
    """The processor time that onebox used during a wait: other programs of the machine do not lengthen it."""


@dataclass(frozen=True)
class Sample:
    """One moment. Memory in KiB, sizes in bytes."""

    at_s: float
    published: int
    stored: int
    waiting: int
    dead: int
    resident_kib: int
    files: int
    processes: int
    database_bytes: int
    log_bytes: int
    reader: Wait
    writer: Wait
    passing: int
    """Messages in a queue that nobody reads and whose retention is a minute."""
    expiring: int
    """Items of a table whose time to live is a minute."""


@dataclass(frozen=True)
class Limit:
    """How much a figure may grow over the second half, by its trend: a share of its median and something beside."""

    name: str
    of: Callable[[Sample], float]
    share: float
    beside: float
    unit: str


LIMITS = (
    Limit("resident memory", lambda sample: sample.resident_kib / 1024, 0.03, 2, "MiB"),
    Limit("open files", lambda sample: sample.files, 0, 4, ""),
    Limit("processes", lambda sample: sample.processes, 0, 1, ""),
    Limit("write-ahead log", lambda sample: sample.log_bytes / 1e6, 0.1, 2, "MB"),
    Limit("waiting orders", lambda sample: sample.waiting, 0.1, 50, ""),
)
DATABASE_SHARE = 0.1
"""So much may the bytes for a stored order differ between the halves."""
P99_MS = 100.0


def slope(points: Sequence[tuple[float, float]]) -> float:
    """How much y changes for one x: the median over all pairs. 0 for fewer than two points."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 != x1]
    return statistics.median(slopes) if slopes else 0.0


def second_half(samples: Sequence[Sample]) -> Sequence[Sample]:
    """The moments that are judged."""
    return samples[len(samples) // 2 :]


def describe_growth(samples: Sequence[Sample]) -> list[tuple[str, bool]]:
    """A sentence for each figure, and whether it is within its limit."""
    half = second_half(samples)
    span_s = half[-1].at_s - half[0].at_s
    told = []
    for limit in LIMITS:
        values = [limit.of(sample) for sample in half]
        grown = slope([(sample.at_s, limit.of(sample)) for sample in half]) * span_s
        allowed = limit.share * statistics.median(values) + limit.beside
        unit = f" {limit.unit}" if limit.unit else ""
        sentence = f"{limit.name}: {min(values):,.1f} to {max(values):,.1f}{unit}, trend {grown:+.1f}{unit}"
        told.append((f"{sentence} in the second half (allowed +{allowed:.1f}{unit})", grown <= allowed))
    return [*told, _describe_database(samples)]


def _describe_database(samples: Sequence[Sample]) -> tuple[str, bool]:
    """The database grows with the orders and with nothing else: as many bytes an order in each half."""
    middle = samples[len(samples) // 2]
    first, second = _bytes_an_order(samples[0], middle), _bytes_an_order(middle, samples[-1])
    sentence = f"database: {samples[-1].database_bytes / 1e6:,.0f} MB, {first:,.0f} bytes for each order stored in the"
    return f"{sentence} first half, {second:,.0f} in the second", second <= first * (1 + DATABASE_SHARE)


def _bytes_an_order(first: Sample, last: Sample) -> float:
    return (last.database_bytes - first.database_bytes) / max(1, last.stored - first.stored)


def describe_retention(samples: Sequence[Sample], a_second: float, kept_s: float) -> list[tuple[str, bool]]:
    """What expires stays bounded: never more than came in within ``kept_s``."""
    allowed = a_second * kept_s
    most = {
        "messages that nobody reads, kept for a minute": max(sample.passing for sample in samples),
        "items with a time to live of a minute": max(sample.expiring for sample in samples),
    }
    return [(f"{name}: {count:,} at most (allowed {allowed:,.0f})", count <= allowed) for name, count in most.items()]


def describe_waits(samples: Sequence[Sample]) -> list[tuple[str, bool]]:
    """The median of the moments' 99th percentiles. On a machine that other programs keep busy a wait is longer than
    what onebox makes of it; then its processor time during the wait decides.
    """
    told = []
    for name, waits in (
        ("reader", [sample.reader for sample in samples]),
        ("writer", [sample.writer for sample in samples]),
    ):
        p99s_ms = [wait.p99_ms for wait in waits]
        middle_ms, cpu_ms = statistics.median(p99s_ms), statistics.median(wait.cpu_p99_ms for wait in waits)
        sentence = f"a neighbouring {name}'s p99: {middle_ms:.1f} ms ({min(p99s_ms):.1f} to {max(p99s_ms):.1f}), of it"
        sentence += f" {cpu_ms:.1f} ms of onebox's processor time (allowed {P99_MS:.0f} ms)"
        told.append((sentence, min(middle_ms, cpu_ms) <= P99_MS))
    return told
