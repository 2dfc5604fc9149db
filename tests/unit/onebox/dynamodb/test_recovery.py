"""Goal: a table's history is kept for its recovery period and no longer; what it promises to restore, it restores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any
from unittest.mock import patch

import orjson
import pytest

from onebox.errors import ValidationException
from onebox.services.dynamodb.core import make_core
from onebox.services.dynamodb.errors import BackupNotFoundException
from onebox.testing.manual_clock import ManualClock, ManualTimer
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


@pytest.mark.parametrize("past_ms", [0, 1, 999])
def test_first_second_of_the_window_is_kept_whole(past_ms: int) -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world, RecoveryPeriodInDays=1)
        world.clock.source.pass_ms(10_000)
        put(world, "a", 1)
        world.clock.source.pass_ms(3_001)
        put(world, "a", 2)
        world.clock.source.pass_ms(DAY_MS + past_ms - 1)
        sweep(world)
        earliest_ms = world.call("DescribeContinuousBackups", TableName="Orders")["ContinuousBackupsDescription"][
            "PointInTimeRecoveryDescription"
        ]["EarliestRestorableDateTime"]
        assert restored(world, "New", earliest_ms) == {"a": "1"}

    on_loop(test)


def test_versions_of_many_tables_are_swept_in_steps() -> None:
    def test(world: World) -> None:
        names = [f"Orders{number}" for number in range(7)]
        for name in names:
            world.call("CreateTable", **{**TABLE, "TableName": name})
            recovery = {"PointInTimeRecoveryEnabled": True}
            world.call("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=recovery)
            for version in range(4):
                world.call("PutItem", TableName=name, Item={"orderId": {"S": "a"}, "v": {"N": str(version)}})
            recovery = {"PointInTimeRecoveryEnabled": False}
            world.call("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=recovery)
        left = rows(world, "item_history")
        assert left == 7 * 3
        with patch.multiple("onebox.services.dynamodb.background.sweeping", STEP_ITEMS=5, _STEP_TABLES=2):
            while world.storage.run(lambda: world.core.sweeper.step(0)):
                assert left - rows(world, "item_history") <= 5
                left = rows(world, "item_history")
        assert rows(world, "item_history") == 0

    on_loop(test)


def test_no_point_in_time_lies_within_a_transaction() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world)
        keys = [str(number) for number in range(5)]
        for key in keys:
            put(world, key, 0)
        world.clock.source.pass_ms(1_000)
        began_ms = world.clock.steady_ms()
        puts = [{"TableName": "Orders", "Item": {"orderId": {"S": key}, "v": {"N": "1"}}} for key in keys]
        with patch.object(world.clock, "steady_ms", side_effect=count(began_ms, 1_000)):
            world.call("TransactWriteItems", TransactItems=[{"Put": put_} for put_ in puts])
        world.clock.source.pass_ms(600_000)
        seen = set()
        for second in range(-1, 20):
            versions = set(restored(world, f"At{second}s", began_ms + second * 1_000).values())
            assert len(versions) == 1
            seen |= versions
        assert seen == {"0", "1"}

    on_loop(test)


def test_writes_after_the_restore_began_stay_out_in_the_same_millisecond_too() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        keys = [str(number) for number in range(450)]
        for key in keys:
            put(world, key, 0)
        shown = switch(world)
        moment_ms = shown["LatestRestorableDateTime"]
        world.call(
            "RestoreTableToPointInTime",
            SourceTableName="Orders",
            TargetTableName="New",
            RestoreDateTime=moment_ms,
        )
        for key in keys:
            put(world, key, 1)
        work(world)
        assert set(content(world, "New").values()) == {"0"}

    on_loop(test)


def test_what_an_expired_backup_held_is_dropped_without_another_request() -> None:
    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world)
        put(world, "a", 1)
        world.call("DeleteTable", TableName="Orders")
        world.storage.flush()
        due: list[Callable[[], None]] = []

        def call_at(at_ms: int, callback: Callable[[], None]) -> ManualTimer:
            due.append(callback)
            return ManualTimer(at_ms, callback)

        with patch.object(world.clock, "call_at", call_at):
            world.core.background.start()
            world.clock.source.pass_ms(35 * DAY_MS)
            for _ in range(4):
                callbacks, due = due, []
                for callback in callbacks:
                    callback()
                    world.storage.flush()
            world.core.background.stop()
        assert (rows(world, "backups"), rows(world, "items")) == (0, 0)

    on_loop(test)


def sweep_at(world: World, passed_ms: int) -> None:
    world.clock.source.pass_ms(passed_ms)
    now_ms = world.clock.now_ms()
    while world.storage.run(lambda: world.core.sweeper.step(now_ms)):
        pass


def test_numbers_of_changes_rise_over_a_restart_with_the_clock_set_back() -> None:
    """The steady time may go back by what passed since the clock's state was kept, if the machine starts again with its
    clock set back; a table of new items has no history that knows their numbers."""

    def test(world: World) -> None:
        world.call("CreateTable", **TABLE)
        switch(world)
        kept = world.clock.now_ms()
        world.clock.source.pass_ms(50_000)
        put(world, "1", 1)

        clock = ManualClock(kept + 10_000)
        core = make_core(replace(world.core.deps, storage=world.storage, clock=clock))
        core.background.start()
        again = World(core, world.storage, clock)
        put(again, "1", 2)
        put(again, "1", 3)
        core.background.stop()

        versions = world.storage.all("SELECT changed_at, replaced_at FROM dynamodb_item_history ORDER BY replaced_at")
        numbers = [number for version in versions for number in version]
        assert numbers == sorted(numbers)
        assert [after - before < 1_100_000 for before, after in versions] == [True, True], "a second and a change"

    on_loop(test)
