"""Goal: `orders deploy`, `status` and `destroy` work on moto as far as moto does, and say clearly where it does not.

What moto lacks is listed in docs/compatibility.md; a test here that fails after `make lock` may be good news.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.orders_command import OrdersCommand, write_template_without
from tests.peers.servers import Moto

ALARMS = (
    *("OrderDLQNotEmpty", "OrderQueueTooOld", "OrdersUnavailable", "OrderProcessorErrors"),
    *("OrderProcessorThrottles", "OrderProcessorSlow", "OrderTopicFailures"),
)


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with Moto() as moto:
        yield moto


@pytest.fixture
def orders(moto: Moto) -> OrdersCommand:
    moto.forget()
    return OrdersCommand(moto)


@pytest.fixture
def own(orders: OrdersCommand, tmp_path: Path) -> list[str]:
    """Options that get round what moto lacks: a bucket without policy, no alias, a template without alarms."""
    orders.client("s3").create_bucket(Bucket="mine")
    template = write_template_without(tmp_path / "template.yaml", *ALARMS)
    return ["--artifact-bucket", "mine", "-p", "Alias=none", "--template", template]


def test_deploy_status_and_destroy_go_through(orders: OrdersCommand, own: list[str]) -> None:
    shown = orders.succeed("deploy", "--yes", *own)
    assert "OrderProcessor " in shown
    assert "The stack is ready." in shown
    status = orders.json("status")
    assert status["function"]["trigger"] == "Enabled"
    assert (status["queue"]["visible"], status["dead_letters"]["visible"]) == (0, 0)
    assert status["table"] == {"status": "ACTIVE", "items": 0}
    configuration = orders.client("lambda").get_function(FunctionName="OrderProcessor")
    assert configuration["Configuration"]["Handler"] == "orders.processor.lambda_handler.lambda_handler"
    assert orders.json("deploy", "--yes", *own)["changed"] is False
    assert "The stack was deleted." in orders.succeed("destroy", "--yes", "--with-table")
    assert orders.run("status").exit_code == 1
    assert "There is no stack" in orders.succeed("destroy", "--yes")


def test_publish_reaches_the_topic(orders: OrdersCommand, own: list[str]) -> None:
    orders.succeed("deploy", "--yes", *own)
    orders.client("sns").subscribe(
        TopicArn="arn:aws:sns:us-east-1:123456789012:OrderTopic",
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:123456789012:OrderDLQ",  # which calls no function
    )
    assert "1 order published" in orders.succeed("publish", "-", given='{"orderId": "A", "total": 19.99}')
    letters = [line for line in orders.succeed("dlq", "list", "--each", "--json").splitlines() if line]
    assert len(letters) == 1


def test_deploy_where_moto_applies_a_deny_whatever_its_condition_says_so(orders: OrdersCommand) -> None:
    done = orders.run("deploy", "--yes")
    assert done.exit_code == 1
    assert "S3 refuses head_object in the bucket orders-artifacts-123456789012-us-east-1" in done.stderr
    assert "--artifact-bucket" in done.stderr


def test_deploy_of_alarms_that_moto_cannot_make_says_so(orders: OrdersCommand, own: list[str]) -> None:
    done = orders.run("deploy", "--yes", *own[:4])
    assert done.exit_code == 1
    assert "Fn::GetAtt references undefined resource OrderDLQNotEmpty" in done.stderr


def test_destroy_where_moto_deletes_the_table_against_the_template_says_so(
    orders: OrdersCommand, own: list[str]
) -> None:
    orders.succeed("deploy", "--yes", *own)
    done = orders.run("destroy", "--yes")
    assert done.exit_code == 1
    assert "the table Orders with it, although template.yaml retains it" in done.stderr


def test_doctor_skips_what_moto_does_not_offer(orders: OrdersCommand, own: list[str]) -> None:
    orders.succeed("deploy", "--yes", *own)
    done = orders.run("doctor", "--no-test-order", *own[4:])
    assert "skipped  quotas          the endpoint offers no lambda get_account_settings" in done.stdout
    assert "no AWS format: 500 Internal Server Error" in done.stdout
    assert "does not reach OrderQueue" in done.stdout
