"""Goal: `orders deploy`, `status` and `destroy` work on MiniStack, orders pass through, and what it lacks is told.

What MiniStack lacks is listed in docs/compatibility.md; a test here that fails after `make lock` may be good news.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.orders_command import OrdersCommand, write_template_without
from tests.peers.servers import MiniStack
from tests.polling import until


@pytest.fixture
def orders() -> Iterator[OrdersCommand]:
    with MiniStack() as ministack:
        yield OrdersCommand(ministack)


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """The option that gets round what MiniStack lacks: a template without the alarm that calculates."""
    return ["--template", write_template_without(tmp_path / "template.yaml", "OrderProcessorSlow")]


def test_deploy_publish_status_and_destroy_go_through(orders: OrdersCommand, own: list[str]) -> None:
    shown = orders.succeed("deploy", "--yes", *own)
    assert "CREATE_COMPLETE      OrderTrigger" in shown
    assert "The stack is ready." in shown
    orders.succeed("publish", "-", given='{"orderId": "A", "total": 19.99}')
    until(lambda: orders.run("get", "A").exit_code == 0, "the order in MiniStack's table")
    assert json.loads(orders.succeed("get", "A", "--json"))["orderId"] == "A"
    status = orders.json("status")
    assert (status["subscriptions"], status["function"]["trigger"], len(status["alarms"])) == (1, "Enabled", 6)
    assert orders.json("deploy", "--yes", *own, "-p", "MemorySize=256")["changed"] is True
    memory = orders.client("lambda").get_function_configuration(FunctionName="OrderProcessor")["MemorySize"]
    assert memory == 256
    assert "The table Orders was retained" in orders.succeed("destroy", "--yes")
    assert orders.run("status").exit_code == 1
    assert json.loads(orders.succeed("get", "A", "--json"))["orderId"] == "A", "kept"


def test_deploy_of_the_alarm_that_calculates_fails_with_its_reason_and_leaves_nothing(orders: OrdersCommand) -> None:
    done = orders.run("deploy", "--yes")
    assert done.exit_code == 1
    assert "ended in ROLLBACK_COMPLETE: OrderProcessorSlow (AWS::CloudWatch::Alarm)" in done.stderr
    assert "metric math" in done.stderr
    assert "can only be deleted" in orders.run("deploy", "--yes").stderr
    orders.succeed("destroy", "--yes")
    assert orders.run("status").exit_code == 1


def test_deploy_again_changes_nothing_and_after_destroy_takes_the_table_in(
    orders: OrdersCommand, own: list[str]
) -> None:
    orders.succeed("deploy", "--yes", *own)
    assert orders.json("deploy", "--yes", *own)["changed"] is False
    told = orders.succeed("doctor", *own)
    assert "good     test order" in told
    assert "good     drift" in told
    orders.succeed("destroy", "--yes")
    orders.succeed("deploy", "--yes", *own)
    done = orders.json("destroy", "--yes", "--with-table")
    assert (done["stack_deleted"], done["table_deleted"]) == (True, True)
