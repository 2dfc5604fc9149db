"""Goal: once the disk has failed, no part of onebox goes on by itself, nor fills the log while the engine stops; while
another program holds the write lock, the log says so once, and nothing is lost."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from pathlib import Path

import apsw
import pytest

from onebox.testing import EngineThread
from tests.unit.onebox.engine.pending_work import leave_work

DAY_S = 86_400


def noise(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def test_background_parts_end_quietly_when_the_disk_fails(caplog: pytest.LogCaptureFixture) -> None:
    with EngineThread(manual_clock=True) as engine:
        leave_work(engine)

        async def fail() -> None:
            engine._engine._storage.fail(OSError(5, "no disk"))

        engine.run(fail())
        caplog.clear()
        for _ in range(6):
            engine.clock.advance(DAY_S / 2)

    assert noise(caplog) == []


def test_background_parts_wait_quietly_for_another_programs_lock(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        leave_work(engine)
        now = datetime.fromtimestamp(engine.clock.now_ms() / 1000, timezone.utc)
        other = apsw.Connection(str(tmp_path / "onebox.db"), vfs="cksmvfs")
        other.set_busy_timeout(5_000)
        other.execute("BEGIN IMMEDIATE")
        caplog.clear()
        for _ in range(4):
            engine.clock.advance(50)
        other.execute("COMMIT")
        other.close()
        engine.client("sqs").create_queue(QueueName="another")  # waits until it is known that the lock is free
        answer = engine.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="NumberOfMessagesSent",
            Dimensions=[{"Name": "QueueName", "Value": "q"}],
            StartTime=now - timedelta(minutes=1),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )

    assert [point["Sum"] for point in answer["Datapoints"]] == [1]
    (said,) = noise(caplog)
    assert "another program holds the database's write lock" in said
