"""Goal: old datapoints become coarser, keep their sums, and go when AWS lets them go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from onebox.runtime.metrics import Statistic
from onebox.services.cloudwatch.background.rollup import Rollup
from onebox.services.cloudwatch.limits import DAY_MS, HOUR_MS, MINUTE_MS
from onebox.services.cloudwatch.model import Datum, MetricId, Periods
from onebox.services.cloudwatch.reader import MetricReader
from onebox.services.cloudwatch.statistics import Stat, find_stat
from onebox.services.cloudwatch.store.alarm_history import AlarmHistoryStore
from onebox.services.cloudwatch.store.metrics import MetricStore
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection

START_MS = 1_767_225_600_000
METRIC = MetricId("000000000000", "us-east-1", "App", "m", ())


class World:
    """A store with samples, and a roll-up that is told what time it is."""

    def __init__(self) -> None:
        connection = open_connection(None)
        migrate(connection)
        self.storage = Storage(connection, lambda _: None)
        self.store = MetricStore(self.storage)
        self.rollup = Rollup(self.store, AlarmHistoryStore(self.storage))

    def add(self, at_ms: int, value: float, high_resolution: bool = False) -> None:
        statistic = Statistic(1, value, value, value, {value: 1})
        self.storage.run(lambda: self.store.add(Datum(METRIC, "None", at_ms, statistic, high_resolution)))

    def age(self, age_ms: int) -> None:
        self.storage.run(lambda: self.rollup.run(START_MS + age_ms))

    def read(self, period_s: int, stat: str = "Sum") -> list[tuple[int, float]]:
        """(minutes from the start, value)."""
        found = find_stat(stat)
        assert isinstance(found, Stat)
        series = MetricReader(self.store).series(METRIC, found, Periods(period_s, START_MS, START_MS + 2 * HOUR_MS))
        return [((at_ms - START_MS) // MINUTE_MS, value) for at_ms, value in series.items()]


def in_world(check: Callable[[World], None]) -> None:
    async def run() -> None:
        check(World())

    asyncio.run(run())


def test_minutes_become_five_minutes_then_hours_then_nothing() -> None:
    def check(world: World) -> None:
        for minute in range(10):
            world.add(START_MS + minute * MINUTE_MS, minute)
        world.age(14 * DAY_MS)
        assert len(world.read(60)) == 10
        world.age(16 * DAY_MS)
        assert (world.read(60), world.read(300)) == ([], [(0, 10), (5, 35)])
        assert world.read(300, "p50") == [(0, 2), (5, 7)]
        world.age(64 * DAY_MS)
        assert (world.read(300), world.read(3600)) == ([], [(0, 45)])
        assert world.read(3600, "p90") == [(0, 8)]
        world.age(456 * DAY_MS)
        assert world.read(3600) == []
        assert world.store.find_metric(METRIC) is None

    in_world(check)


def test_seconds_go_after_three_hours_and_their_minute_stays() -> None:
    def check(world: World) -> None:
        world.add(START_MS, 1, high_resolution=True)
        world.add(START_MS + 5_000, 2, high_resolution=True)
        assert world.read(1) == [(0, 1), (0, 2)]
        world.age(3 * HOUR_MS + MINUTE_MS)
        # What is left of the second stands, like every sample of standard resolution, at the start of its minute.
        assert (world.read(1), world.read(60)) == ([(0, 3)], [(0, 3)])

    in_world(check)


def test_rolling_up_twice_changes_nothing_more() -> None:
    def check(world: World) -> None:
        for minute in range(7):
            world.add(START_MS + minute * MINUTE_MS, 1)
        world.age(15 * DAY_MS + 6 * MINUTE_MS)  # a period that is old enough only in part stays whole
        first = world.read(60), world.read(300)
        world.age(15 * DAY_MS + 6 * MINUTE_MS)
        assert (world.read(60), world.read(300)) == first == ([(5, 1), (6, 1)], [(0, 5), (5, 2)])

    in_world(check)
