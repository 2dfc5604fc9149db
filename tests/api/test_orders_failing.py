"""Goal: while orders fail, every command says which try, when the next comes and why; tracebacks reach messages."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from onebox.testing import EngineThread
from orders.deployment.package import build_package
from tests.api.order_system import RECEIVES_MAX, failures, function_log, zipped
from tests.api.test_orders_cli import Cli
from tests.conftest import environment_of
from tests.polling import until

VISIBILITY_S = 180  # what the template says
BOOM = "def lambda_handler(event, context):\n    raise RuntimeError('boom [bold]')\n"


@pytest.fixture
def deployed(paced: EngineThread, waits_move_time: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setattr("orders.cli.publish.ledger_folder", lambda: tmp_path / "ledgers")
    cli = Cli(paced, environment_of(paced.endpoint_url))
    result = cli.run("deploy", "--yes")
    assert result.exit_code == 0, result.output
    return cli


def publish(cli: Cli, text: str) -> None:
    result = cli.run("publish", "--unchecked", "-", given=text + "\n")
    assert result.exit_code == 0, result.output


def counts(cli: Cli) -> dict[str, Any]:
    found: dict[str, Any] = cli.json("status")["counts"]
    return {name: found[name] for name in ("waiting", "in_flight", "failing", "failed")}


def test_a_failing_order_is_told_until_it_is_in_the_dead_letter_queue(deployed: Cli) -> None:
    publish(deployed, '{"orderId":"bad [red]","total":"much"}')
    until(lambda: failures(deployed.engine) == 1, "the first failed try")
    until(
        lambda: counts(deployed) == {"waiting": 0, "in_flight": 0, "failing": 1, "failed": 0}, "one count for the order"
    )
    (row,) = deployed.json_lines("dlq", "list")
    assert (row["state"], row["order_id"], row["receive"], row["receives_max"]) == ("failing", "bad [red]", 1, 3)
    assert "total: expected a number" in row["reason"]
    assert 0 <= row["next_at_ms"] - row["failed_at_ms"] <= 2_000
    for command in (["status"], ["dlq", "list"], ["top", "--once"]):
        shown = " ".join(deployed.run(*command).stdout.split())
        assert "bad [red]: try 1 of 3, next" in shown, command
    for receive, pause_s in ((2, 2), (3, 3)):
        deployed.engine.clock.advance(pause_s)
        until(lambda: failures(deployed.engine) == receive, f"try {receive}")  # noqa: B023 - called within the turn
    until(lambda: counts(deployed)["failed"] == 1, "the order in OrderDLQ")
    assert counts(deployed) == {"waiting": 0, "in_flight": 0, "failing": 0, "failed": 1}
    assert [one["state"] for one in deployed.json_lines("dlq", "list", "--each")] == ["failed"]


def test_a_function_that_always_throws_is_seen_and_its_traceback_reaches_the_message(deployed: Cli) -> None:
    lambda_ = deployed.engine.client("lambda")
    lambda_.update_function_code(FunctionName="OrderProcessor", ZipFile=zipped("boom.py", BOOM), Publish=True)
    lambda_.update_function_configuration(FunctionName="OrderProcessor", Handler="boom.lambda_handler")
    version = lambda_.publish_version(FunctionName="OrderProcessor")["Version"]
    lambda_.update_alias(FunctionName="OrderProcessor", Name="live", FunctionVersion=version)
    publish(deployed, '{"orderId":"A"}')
    for receive in range(1, RECEIVES_MAX + 1):
        until(lambda: function_log(deployed.engine).count("[ERROR] RuntimeError") == receive, f"{receive}")  # noqa: B023
        if receive == 1:
            until(lambda: deployed.json("status")["crashes"], "the crash in status")
            assert "RuntimeError: boom [bold]" in deployed.run("status").stdout
        deployed.engine.clock.advance(VISIBILITY_S)
    until(lambda: counts(deployed)["failed"] == 1, "the order in OrderDLQ")
    (row,) = deployed.json_lines("dlq", "list", "--each")
    assert (row["order_id"], row["exception"], row["reason"]) == ("A", "RuntimeError", "boom [bold]")
    assert row["reason_from"] == "time"
    shown = deployed.run("dlq", "show", "A").stdout
    assert "no line of the log names the message" in shown
    assert "raise RuntimeError('boom [bold]')" in shown
    assert "? no line names the message" in deployed.run("dlq", "list").stdout
    errors = deployed.run("logs", "--errors", "--since", "1d").stdout
    assert errors.count("Traceback (most recent call last)") == RECEIVES_MAX
    assert "START RequestId" not in errors


def test_an_exception_of_our_own_function_names_its_messages(deployed: Cli) -> None:
    source = (
        "from orders.processor import lambda_handler as ours\n"
        "def broken(orders): raise ZeroDivisionError('a bug')\n"
        "ours._store.insert = broken\n"
        "handler = ours.lambda_handler\n"
    )
    lambda_ = deployed.engine.client("lambda")
    package = zipped_with_package("broken.py", source)
    lambda_.update_function_code(FunctionName="OrderProcessor", ZipFile=package)
    lambda_.update_function_configuration(FunctionName="OrderProcessor", Handler="broken.handler")
    version = lambda_.publish_version(FunctionName="OrderProcessor")["Version"]
    lambda_.update_alias(FunctionName="OrderProcessor", Name="live", FunctionVersion=version)
    publish(deployed, '{"orderId":"A"}')
    until(lambda: "ZeroDivisionError" in function_log(deployed.engine), "the exception in the log")
    row = until(
        lambda: next((one for one in deployed.json_lines("dlq", "list") if one["state"] == "failing"), None),
        "the order as failing",
    )
    assert (row["exception"], row["reason"], row["receive"]) == ("ZeroDivisionError", "a bug", 1)


def zipped_with_package(name: str, source: str) -> bytes:
    buffer = io.BytesIO(build_package().content)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(name, source)
    return buffer.getvalue()
