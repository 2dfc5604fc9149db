"""Goal: samples that are recorded together are those that are recorded one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from onebox.runtime.histogram import VALUES_MAX
from onebox.runtime.metrics import MetricBuffer, MetricKey, Statistic

SIZES = st.lists(st.integers(1, 1_048_576), max_size=10)


def record(batches: list[list[int]], *, together: bool) -> list[tuple[MetricKey, Statistic]]:
    metrics = MetricBuffer()
    for values in batches:
        for part in [values] if together else [[value] for value in values]:
            metrics.add_all(
                account="000000000000",
                region="us-east-1",
                namespace="AWS/SNS",
                name="PublishSize",
                dimensions=(("TopicName", "t"),),
                values=part,
                unit="Bytes",
                now_ms=61_000,
            )
    return metrics.drain()


@given(st.lists(SIZES, max_size=20))
def test_samples_that_are_recorded_together_are_those_recorded_one_by_one(batches: list[list[int]]) -> None:
    together = record(batches, together=True)
    assert together == record(batches, together=False)
    values = [value for batch in batches for value in batch]
    for key, statistic in together:
        assert key.minute_at_ms == 60_000
        assert (statistic.samples, statistic.total) == (len(values), sum(values))
        assert (statistic.minimum, statistic.maximum) == (min(values), max(values))


def test_the_distinct_values_that_are_kept_are_bounded() -> None:
    ((_, statistic),) = record([list(range(start, start + 10)) for start in range(1, 20_000, 10)], together=True)
    assert statistic.values is not None
    assert len(statistic.values) <= 2 * VALUES_MAX
    assert sum(statistic.values.values()) == statistic.samples == 20_000
