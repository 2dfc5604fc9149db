"""Goal: History and Archive are switched on and off, destroyed and deployed again, and lose no data on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orders.cli.main import main
from orders.deployment import stack as stack_module
from tests.polling import until

Orders = Callable[..., Result]
Client = Callable[..., Any]
ON = ("-p", "History=Yes", "-p", "Archive=Yes", "-p", "ArchiveWindow=1")


@pytest.fixture
def orders(aws_environment: dict[str, str]) -> Orders:
    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(main, arguments, env=aws_environment)
        assert done.exit_code == 0, done.output
        return done

    return run


def publish(client: Client, account: str, order_id: str) -> None:
    topic = f"arn:aws:sns:us-east-1:{account}:OrderTopic"
    client("sns").publish(TopicArn=topic, Message=json.dumps({"orderId": order_id}))


def store(client: Client, account: str, order_id: str) -> None:
    """Publish, and wait until the order is in the table: what is deployed then does not see it."""
    publish(client, account, order_id)
    table = client("dynamodb")
    until(lambda: "Item" in table.get_item(TableName="Orders", Key={"orderId": {"S": order_id}}), order_id)


def count_events(client: Client) -> int:
    return int(client("dynamodb").scan(TableName="OrderEvents", Select="COUNT")["Count"])


def count_objects(client: Client, account: str) -> int:
    return int(client("s3").list_objects_v2(Bucket=f"orders-archive-{account}-us-east-1")["KeyCount"])


def test_options_are_off_by_default_and_leave_no_trace(orders: Orders, client: Client) -> None:
    orders("deploy", "--yes")
    assert client("dynamodb").list_tables()["TableNames"] == ["Orders"]
    assert "StreamSpecification" not in client("dynamodb").describe_table(TableName="Orders")["Table"]
    names = {one["FunctionName"] for one in client("lambda").list_functions()["Functions"]}
    assert not names & {"OrderHistory", "OrderArchive"}
    settings = client("lambda").get_function_configuration(FunctionName="OrderProcessor")
    assert "EVENTS_TABLE_NAME" not in settings["Environment"]["Variables"]


def test_options_survive_off_on_and_destroy(orders: Orders, client: Client, account: str) -> None:
    orders("deploy", "--yes")
    store(client, account, "before")
    orders("deploy", "--yes", *ON)
    publish(client, account, "first")
    until(lambda: count_events(client) == 1 and count_objects(client, account) == 1, "history and archive")
    orders("deploy", "--yes", "-p", "History=No", "-p", "Archive=No")
    store(client, account, "unseen")
    orders("deploy", "--yes", *ON)
    publish(client, account, "second")
    until(lambda: count_events(client) == 2 and count_objects(client, account) == 2, "both go on")
    said = orders("destroy", "--yes").output
    for name, option in (
        ("The table Orders", "--with-table"),
        ("The table OrderEvents", "--with-history"),
        (f"The bucket orders-archive-{account}-us-east-1", "--with-archive"),
    ):
        assert f"{name} was retained; `orders destroy {option}` deletes it." in said
    orders("deploy", "--yes", *ON)
    publish(client, account, "third")
    until(lambda: count_events(client) >= 3 and count_objects(client, account) == 3, "both are adopted")
    done = json.loads(orders("destroy", "--yes", "--with-table", "--with-history", "--with-archive", "--json").stdout)
    assert done.pop("claims_deleted") is False, "there was no bucket of large orders"
    assert done == {"stack_deleted": True, "table_deleted": True, "history_deleted": True, "archive_deleted": True}
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert not [one for one in client("s3").list_buckets()["Buckets"] if "archive" in one["Name"]]


def test_history_starts_on_a_table_that_an_earlier_stack_left_without_a_stream(
    orders: Orders, client: Client, account: str
) -> None:
    orders("deploy", "--yes")
    orders("destroy", "--yes")
    said = orders("deploy", "--yes", "-p", "History=Yes").output
    assert "the stream of the table Orders" in said
    publish(client, account, "adopted")
    until(lambda: count_events(client) == 1, "the history")


def test_template_that_is_too_long_for_a_request_goes_through_s3(
    orders: Orders, client: Client, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = stack_module.load_template()
    long = text + "\n# " + "x" * stack_module.TEMPLATE_BODY_BYTES_MAX + "\n"
    monkeypatch.setattr("orders.cli.deploy.load_template", lambda _own: long)
    orders("deploy", "--yes")
    assert client("cloudformation").get_template(StackName="orders")["TemplateBody"] == long
    keys = [
        one["Key"] for one in client("s3").list_objects_v2(Bucket=f"orders-artifacts-{account}-us-east-1")["Contents"]
    ]
    assert any(key.startswith("template/") for key in keys)


def test_doctor_checks_the_options_that_are_on(orders: Orders, aws_environment: dict[str, str], client: Client) -> None:
    def examine() -> dict[str, tuple[str, str]]:
        done = CliRunner().invoke(main, ["doctor", "--json", "--no-test-order"], env=aws_environment)
        checks = json.loads(done.stdout)["checks"]
        return {one["name"]: (one["outcome"], one["message"]) for one in checks}

    orders("deploy", "--yes")
    assert not {"OrderHistory", "OrderArchive"} & set(examine())
    orders("deploy", "--yes", *ON)
    good = examine()
    for name in ("OrderHistory", "OrderHistoryDLQ", "OrderArchive", "OrderArchiveQueue", "archive bucket"):
        assert good[name][0] == "good", good[name]
    lambda_ = client("lambda")
    for function in ("OrderHistory", "OrderArchive"):
        [mapping] = lambda_.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        lambda_.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    sqs = client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="OrderHistoryDLQ")["QueueUrl"], MessageBody="{}")
    client("dynamodb").delete_table(TableName="OrderEvents")
    ill = examine()
    assert {name: ill[name][0] for name in ("OrderHistory", "OrderArchive", "OrderEvents", "OrderHistoryDLQ")} == {
        "OrderHistory": "failed",
        "OrderArchive": "failed",
        "OrderEvents": "failed",
        "OrderHistoryDLQ": "warning",
    }
