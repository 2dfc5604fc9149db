"""Goal: a table's history is kept for its recovery period and no longer; what it promises to restore, it restores."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from onebox.errors import ValidationException
from onebox.services.dynamodb.errors import BackupNotFoundException
from tests.unit.onebox.dynamodb.support import TABLE, World, on_loop
from tests.unit.onebox.dynamodb.test_background import rows, work
from tests.unit.onebox.dynamodb.test_copying import content, put, sweep

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def switch(world: World, enabled: bool = True, **more: Any) -> Any:
    specification = {"PointInTimeRecoveryEnabled": enabled, **more}
    answer = world.call("UpdateContinuousBackups", TableName="Orders", PointInTimeRecoverySpecification=specification)
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]


def restored(world: World, name: str, moment_ms: int) -> dict[str, str]:
    world.call("RestoreTableToPointInTime", SourceTableName="Orders", TargetTableName=name, RestoreDateTime=moment_ms)
    work(world)
    return content(world, name)


def test_window_follows_period_and_clock() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        enabled_ms = world.clock.now_ms()
        shown = switch(world)
        assert shown["RecoveryPeriodInDays"] == 35
        assert shown["EarliestRestorableDateTime"] == shown["LatestRestorableDateTime"] == enabled_ms
        world.clock.source.pass_ms(2 * DAY_MS)
        now_ms = world.clock.now_ms()
        shown = switch(world, RecoveryPeriodInDays=1)
        assert shown["EarliestRestorableDateTime"] == now_ms - DAY_MS
        assert shown["LatestRestorableDateTime"] == now_ms - 300_000
        shown = switch(world, RecoveryPeriodInDays=7)
        assert shown["EarliestRestorableDateTime"] == now_ms - DAY_MS, "what was let go does not come back"
        assert switch(world, enabled=False) == {"PointInTimeRecoveryStatus": "DISABLED"}
        assert switch(world)["EarliestRestorableDateTime"] == now_ms
        with pytest.raises(ValidationException, match="Invalid Request: Cannot specify RecoveryPeriodInDays when"):
            switch(world, enabled=False, RecoveryPeriodInDays=7)

    on_loop(test)


def test_versions_older_than_the_period_are_swept() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world, RecoveryPeriodInDays=1)
        for version in range(3):
            put(world, "a", version)
            world.clock.source.pass_ms(HOUR_MS)
        sweep(world)
        assert rows(world, "item_history") == 2
        world.clock.source.pass_ms(int(22.5 * HOUR_MS))
        sweep(world)
        assert rows(world, "item_history") == 1, "the version that ended 23.5 hours ago"
        assert restored(world, "New", world.clock.now_ms() - DAY_MS + 1000) == {"a": "1"}
        switch(world, enabled=False)
        sweep(world)
        assert rows(world, "item_history") == 0

    on_loop(test)


def test_new_items_cost_no_history() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world)
        for number in range(5):
            put(world, str(number), 0)
        assert rows(world, "item_history") == 0
        world.clock.source.pass_ms(300_000)
        assert restored(world, "Before", world.clock.now_ms() - 300_000) == {str(n): "0" for n in range(5)}

    on_loop(test)


@pytest.mark.parametrize("jump_ms", [5 * HOUR_MS, -5 * HOUR_MS])
def test_jump_of_the_wall_clock_spoils_no_history(jump_ms: int) -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world)
        put(world, "a", 1)
        world.clock.source.pass_ms(10_000)
        world.clock.source.set_wall(jump_ms)
        put(world, "a", 2)
        world.clock.source.pass_ms(DAY_MS)
        put(world, "a", 3)
        world.clock.source.pass_ms(300_000)
        # Times are shown by the wall clock as it is set now.
        second_ms = world.clock.now_ms() - DAY_MS - 300_000
        assert restored(world, "First", second_ms - 1000) == {"a": "1"}
        assert restored(world, "Second", second_ms) == {"a": "2"}
        assert restored(world, "Third", second_ms + DAY_MS) == {"a": "3"}

    on_loop(test)


def test_system_backup_expires_after_35_days() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world)
        put(world, "a", 1)
        put(world, "a", 2)
        world.call("DeleteTable", TableName="Orders")
        (summary,) = world.call("ListBackups", BackupType="ALL")["BackupSummaries"]
        sweep_at(world, 35 * DAY_MS - 1)
        world.call("RestoreTableFromBackup", BackupArn=summary["BackupArn"], TargetTableName="Orders")
        assert content(world, "Orders") == {"a": "2"}
        sweep_at(world, 1)
        with pytest.raises(BackupNotFoundException):
            world.call("DescribeBackup", BackupArn=summary["BackupArn"])
        work(world)
        assert rows(world, "items") == 1, "those of the restored table"
        assert rows(world, "item_history") == 0

    on_loop(test)


def test_recovery_that_was_on_before_history_was_kept_reaches_back_to_the_upgrade() -> None:
    """The migration's own statement, on a table as the version before it stored it."""

    def test(world: World) -> None:
        from onebox.storage.migrate import load_scripts

        world.call("CreateTable", **TABLE)
        switch(world)
        statement = next(part for part in load_scripts()[57].split(";") if "UPDATE dynamodb_tables" in part)
        world.storage.run(lambda: world.storage.execute(statement))
        row = world.storage.first("SELECT definition, unixepoch() * 1000 FROM dynamodb_tables")
        assert row is not None
        since_ms = orjson.loads(row[0])["settings"]["PointInTimeRecovery"]["SinceMs"]
        assert 0 <= row[1] - since_ms <= 60_000

    on_loop(test)


def sweep_at(world: World, passed_ms: int) -> None:
    world.clock.source.pass_ms(passed_ms)
    now_ms = world.clock.now_ms()
    while world.storage.run(lambda: world.core.sweeper.step(now_ms)):
        pass
