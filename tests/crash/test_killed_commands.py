"""Goal: `orders erase`, `orders replay` and `orders export` end complete when they are begun again after SIGKILL,
whatever call the kill came at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.optional_parts import system_with_options
from tests.api.test_orders_erase import ADA, EMAIL, everything, fill
from tests.conftest import environment_of
from tests.crash.killed_command import AFTER, BEFORE, Commands, Kill, running_commands

ACCOUNT = "123123123125"
KILLED = -9
# Each kill comes later in the command than the one before: between two orders, with messages deleted, with an archive's
# object there twice, with the archive clean and the history not, with everything erased and the marks not taken off.
KILLS = (
    Kill(AFTER, "dynamodb.PutItem", 1),
    Kill(AFTER, "sqs.DeleteMessageBatch", 1),
    Kill(BEFORE, "s3.DeleteObject", 1),
    Kill(BEFORE, "dynamodb.DeleteItem", 2),
    Kill(AFTER, "dynamodb.UpdateItem", 1),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with system_with_options(ACCOUNT) as engine:
        yield engine


@pytest.fixture(scope="module")
def commands(engine: EngineThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    environment = environment_of(engine.endpoint_url, ACCOUNT)
    with running_commands({**environment, "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}) as commands:
        yield commands


@pytest.fixture(scope="module")
def filled(engine: EngineThread) -> EngineThread:
    """Orders of two customers at every place; OrderProcessor is paused."""
    environment = environment_of(engine.endpoint_url, ACCOUNT)

    def orders(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(main, arguments, env=environment, **options)

    fill(engine, orders)
    return engine


def test_killed_replay_begun_again_sends_everything(filled: EngineThread, commands: Commands) -> None:
    sqs = filled.client("sqs", account=ACCOUNT)
    url = sqs.create_queue(QueueName="replayed")["QueueUrl"]
    replay = ("replay", "--since", "1h", "--to", "replayed", "--json")
    whole = json.loads(commands.run(*replay, "--dry-run").output)["chosen"]
    for kill in (Kill(BEFORE, "sqs.SendMessageBatch"), Kill(AFTER, "sqs.SendMessageBatch")):
        assert commands.run(*replay, kill=kill).status == KILLED
    done = commands.run(*replay, "--resume")
    assert done.status == 0, done.output
    said = json.loads(done.output)
    assert said["sent"] + said["skipped"] == whole
    found: set[str] = set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found.update(json.loads(message["Body"])["MessageId"] for message in messages)
    assert len(found) == whole
    sqs.delete_queue(QueueUrl=url)


def test_killed_export_leaves_no_file_that_looks_whole(
    filled: EngineThread, commands: Commands, tmp_path: Path
) -> None:
    path = tmp_path / "orders.jsonl"
    for kill in (Kill(BEFORE, "dynamodb.Scan"), Kill(AFTER, "dynamodb.Scan")):
        assert commands.run("export", str(path), kill=kill).status == KILLED
        assert not path.exists()
    done = commands.run("export", str(path), "--json")
    assert json.loads(done.output)["orders"] == 4
    assert {json.loads(line)["orderId"] for line in path.read_text("utf-8").splitlines()} == {"a1", "a2", "b1", "b2"}
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_killed_erasure_begun_again_ends_complete(filled: EngineThread, commands: Commands) -> None:
    erase = ("erase", "--user", ADA, "--yes", "--json")
    for kill in KILLS:
        killed = commands.run(*erase, kill=kill)
        assert killed.status == KILLED, f"{kill}: {killed.output}"
        # What an interrupted run left is no order of anybody's.
        assert "orders:erasing" not in commands.run("get", "a1", "--json").output
    done = commands.run(*erase)
    assert done.status == 0, done.output
    result = json.loads(done.output)
    assert result["left"] == 0
    assert [one["erased"] for one in result["places"]] == [0] * len(result["places"]), "the run before erased the last"
    rest = list(everything(filled))
    assert [one for one in rest if ADA in one[1] or EMAIL in one[1]] == []
    assert [item for where, item in rest if where == "Orders" and "orders:erasing" in item] == []
    of_ada = [item for where, item in rest if where == "OrderEvents" and '"orderId": {"S": "a' in item]
    assert all('"event": {"S": "erased"}' in item for item in of_ada)
    kept = {order_id for order_id in ("b1", "b2", "b3", "b5") if any(f'"{order_id}' in one[1] for one in rest)}
    assert kept == {"b1", "b2", "b3", "b5"}
