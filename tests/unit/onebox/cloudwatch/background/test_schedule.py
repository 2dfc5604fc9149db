"""Goal: what CloudWatch does by itself goes on after a failure, and ends when the disk fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from onebox.errors import StorageFault
from onebox.services.cloudwatch.background.evaluator import Evaluator
from onebox.services.cloudwatch.background.rollup import Rollup
from onebox.services.cloudwatch.collector import Collector
from onebox.services.cloudwatch.limits import COLLECT_INTERVAL_MS, ROLLUP_INTERVAL_MS
from onebox.testing import EngineThread

ALARM = {
    "AlarmName": "a",
    "Namespace": "N",
    "MetricName": "M",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}
PARTS = [
    (Rollup, "run", ROLLUP_INTERVAL_MS),
    (Collector, "steps", COLLECT_INTERVAL_MS),
    (Evaluator, "_evaluate_metric", 60_000),
]


@pytest.mark.parametrize(("part", "method", "every_ms"), PARTS, ids=lambda value: getattr(value, "__name__", None))
@pytest.mark.parametrize(("failure", "goes_on"), [(RuntimeError("a bug"), True), (StorageFault("no disk"), False)])
def test_schedule_goes_on_after_a_bug_and_ends_with_the_disk(
    timed: EngineThread,
    monkeypatch: pytest.MonkeyPatch,
    part: type,
    method: str,
    every_ms: int,
    failure: Exception,
    goes_on: bool,
) -> None:
    calls: list[object] = []

    def fail(*arguments: Any, **_: Any) -> Any:
        calls.append(arguments)
        raise failure

    def steps(*arguments: Any, **_: Any) -> Iterator[None]:
        yield fail(*arguments)

    timed.client("cloudwatch").put_metric_alarm(**ALARM)
    monkeypatch.setattr(part, method, steps if part is Collector else fail)
    timed.clock.advance(3 * every_ms / 1000)
    assert len(calls) >= 3 if goes_on else len(calls) == 1
