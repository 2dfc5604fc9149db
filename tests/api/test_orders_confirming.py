"""Goal: a command that cannot be taken back asks on standard error, and without an answer changes nothing and says how
to go on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.aws.names import TABLE
from orders.cli.main import main
from tests.conftest import environment_of

ORDER = {"orderId": {"S": "1001"}, "userId": {"S": "ada"}}
ASKING = {
    "deploy": ["deploy", "-p", "MemorySize=256"],
    "destroy": ["destroy", "--with-table"],
    "erase": ["erase", "--order", "1001"],
    "pause": ["pause"],
    "redrive": ["dlq", "redrive"],
    "purge": ["dlq", "purge"],
}


@pytest.fixture(scope="module")
def engine() -> Any:
    with EngineThread(manual_clock=True) as engine:
        yield engine


@pytest.fixture(scope="module")
def deployed(engine: EngineThread) -> dict[str, str]:
    """The environment of a system with one stored and one failed order."""
    environment = environment_of(engine.endpoint_url, account="111111111111")
    assert run(environment, "deploy", "--yes").exit_code == 0
    engine.client("dynamodb", account="111111111111").put_item(TableName=TABLE, Item=ORDER)
    sqs = engine.client("sqs", account="111111111111")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"], MessageBody="{}")
    return environment


def run(environment: dict[str, str], *arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(main, arguments, env=environment, input=given)


def state(environment: dict[str, str]) -> tuple[Any, ...]:
    """What the commands would change."""
    status = json.loads(run(environment, "status", "--json").stdout)
    function = status["function"]
    changes = run(environment, "audit", "--json").stdout.count("\n")
    return status["table"]["items"], status["dead_letters"]["visible"], function["paused"], function["version"], changes


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("name", ASKING)
def test_without_an_answer_nothing_is_changed_and_the_option_is_named(
    name: str, options: list[str], deployed: dict[str, str]
) -> None:
    before = state(deployed)
    done = run(deployed, *ASKING[name], *options)
    assert done.exit_code == 1
    assert "nothing was changed: standard input ended without an answer" in done.stderr
    assert "--yes" in done.stderr
    assert "Aborted" not in done.output
    assert not options or done.stdout == ""
    assert state(deployed) == before


@pytest.mark.parametrize("name", [name for name in ASKING if name != "deploy"])
def test_another_answer_than_yes_changes_nothing(name: str, deployed: dict[str, str]) -> None:
    before = state(deployed)
    done = run(deployed, *ASKING[name], given="n\n")
    assert (done.exit_code, "nothing was changed" in done.stderr) == (1, True)
    assert state(deployed) == before


def test_where_there_is_nothing_to_change_nobody_is_asked(engine: EngineThread) -> None:
    empty = environment_of(engine.endpoint_url, account="222222222222")
    destroyed = run(empty, "destroy")
    assert (destroyed.exit_code, destroyed.output) == (0, "There is no stack orders.\n")
    paused = run(empty, "pause")
    assert (paused.exit_code, paused.stdout) == (1, "")
    assert "Run `orders deploy`." in paused.stderr
    assert "?" not in paused.stderr


def test_a_paused_system_is_not_asked_about(deployed: dict[str, str]) -> None:
    assert run(deployed, "pause", "--yes").exit_code == 0
    assert run(deployed, "pause").output == "The system is paused already.\n"
    assert run(deployed, "resume").exit_code == 0
