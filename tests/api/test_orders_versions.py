"""Goal: a published version processes orders. A deployment moves the alias, a canary shares, drift is undone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.aws.clients import Aws
from orders.aws.settings import Settings
from orders.cli.main import main
from orders.deployment.canary import CanaryAlarm
from tests.api.order_system import zipped
from tests.conftest import environment_of
from tests.polling import until

Client = Callable[..., Any]
Orders = Callable[..., Result]
TEMPLATE = Path(__file__).parents[2] / "src" / "orders" / "template.yaml"
THROWS = zipped("orders/processor/lambda_handler.py", "def lambda_handler(event, context): raise RuntimeError('boom')")
NAMES = {"FunctionName": "OrderProcessor", "Name": "live"}


@pytest.fixture
def orders(aws_environment: dict[str, str]) -> Orders:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env=aws_environment)

    return run


@pytest.fixture
def deployed(orders: Orders) -> Orders:
    assert orders("deploy", "--yes").exit_code == 0
    return orders


def throws_outside_of_the_stack(client: Client) -> None:
    client("lambda").update_function_code(FunctionName="OrderProcessor", ZipFile=THROWS)


def live(client: Client) -> tuple[str, dict[str, float]]:
    alias = client("lambda").get_alias(**NAMES)
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def versions(client: Client) -> list[str]:
    found = client("lambda").list_versions_by_function(FunctionName="OrderProcessor")["Versions"]
    return [one["Version"] for one in found if one["Version"] != "$LATEST"]


def stored(client: Client, order_id: str) -> bool:
    answer = client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": order_id}})
    return "Item" in answer


def publish(client: Client, account: str, order_id: str) -> None:
    topic = f"arn:aws:sns:us-east-1:{account}:OrderTopic"
    client("sns").publish(TopicArn=topic, Message=json.dumps({"orderId": order_id}))


def test_the_trigger_calls_the_version_that_was_deployed(deployed: Orders, client: Client, account: str) -> None:
    assert live(client) == ("1", {})
    (mapping,) = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionArn"].endswith(":function:OrderProcessor:live")
    publish(client, account, "1")
    until(lambda: stored(client, "1"), "the order in the table")


def test_each_deployment_that_changes_the_function_is_a_version_and_others_are_not(
    deployed: Orders, client: Client
) -> None:
    assert deployed("deploy", "--yes", "-p", "MemorySize=256").exit_code == 0
    assert live(client) == ("2", {})
    assert deployed("deploy", "--yes", "-p", "QueueAgeAlarmSeconds=600").exit_code == 0
    assert live(client) == ("2", {})
    same = deployed("deploy", "--yes")
    assert (same.exit_code, "up to date" in same.stdout, versions(client)) == (0, True, ["1", "2"])


def test_code_that_was_changed_outside_is_not_live_and_deploy_changes_it_back(
    deployed: Orders, client: Client, account: str
) -> None:
    before = client("lambda").get_function_configuration(FunctionName="OrderProcessor")["CodeSha256"]
    throws_outside_of_the_stack(client)
    publish(client, account, "1")
    until(lambda: stored(client, "1"), "the order, stored by the version that was deployed")
    seen = deployed("doctor", "--no-test-order")
    assert "OrderProcessor: its code is not that of the last deployment" in seen.stdout
    assert seen.exit_code == 1
    done = deployed("deploy", "--yes")
    assert done.exit_code == 0, done.output
    assert "OrderProcessor: its code is not that of the last deployment" in done.stdout
    assert client("lambda").get_function_configuration(FunctionName="OrderProcessor")["CodeSha256"] == before
    assert "its code is not" not in deployed("doctor", "--no-test-order").stdout
    assert "up to date" in deployed("deploy", "--yes").stdout


def test_nothing_is_changed_back_without_a_yes(deployed: Orders, client: Client) -> None:
    throws_outside_of_the_stack(client)
    bad = client("lambda").get_function_configuration(FunctionName="OrderProcessor")["CodeSha256"]
    done = deployed("deploy")
    assert done.exit_code == 1
    assert "its code is not that of the last deployment" in done.stdout
    assert client("lambda").get_function_configuration(FunctionName="OrderProcessor")["CodeSha256"] == bad


def test_a_bad_version_that_somebody_made_live_is_replaced(deployed: Orders, client: Client, account: str) -> None:
    throws_outside_of_the_stack(client)
    bad = client("lambda").publish_version(FunctionName="OrderProcessor")["Version"]
    client("lambda").update_alias(**NAMES, FunctionVersion=bad)
    assert "version 2" in deployed("doctor", "--no-test-order").stdout
    assert deployed("deploy", "--yes").exit_code == 0
    assert live(client) == ("3", {})
    publish(client, account, "1")
    until(lambda: stored(client, "1"), "the order, stored by the right version")


CONFIGURATION = {
    "Timeout": 7,
    "MemorySize": 1024,
    "Handler": "other.handler",
    "Environment": {"Variables": {"TABLE_NAME": "Elsewhere", "EXTRA": "1"}},
}


def test_settings_that_were_changed_outside_are_found_and_changed_back(deployed: Orders, client: Client) -> None:
    lambda_, sqs = client("lambda"), client("sqs")
    lambda_.update_function_configuration(FunctionName="OrderProcessor", **CONFIGURATION)
    (mapping,) = lambda_.list_event_source_mappings()["EventSourceMappings"]
    lambda_.update_event_source_mapping(UUID=mapping["UUID"], BatchSize=3, FunctionResponseTypes=[])
    queue = sqs.get_queue_url(QueueName="OrderQueue")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1", "RedrivePolicy": ""})
    seen = deployed("doctor", "--no-test-order").stdout
    done = deployed("deploy", "--yes")
    assert done.exit_code == 0, done.output
    for text in (seen, done.stdout):
        assert "OrderProcessor: Timeout is 7, deployed as 30" in text
        assert "OrderTrigger: BatchSize is 3, deployed as 10" in text
        assert "OrderProcessor: Handler is other.handler" in text
    assert "OrderQueue: VisibilityTimeout is 1, deployed as 180" in done.stdout
    configuration = lambda_.get_function_configuration(FunctionName="OrderProcessor")
    assert (configuration["Timeout"], configuration["MemorySize"]) == (30, 512)
    variables = configuration["Environment"]["Variables"]
    assert (variables["TABLE_NAME"], "EXTRA" in variables) == ("Orders", False)
    (mapping,) = lambda_.list_event_source_mappings()["EventSourceMappings"]
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (10, ["ReportBatchItemFailures"])
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "180"
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 3
    assert "up to date" in deployed("deploy", "--yes").stdout


def test_without_alias_the_function_itself_is_called_and_its_drift_is_undone(orders: Orders, client: Client) -> None:
    assert orders("deploy", "--yes", "-p", "Alias=none").exit_code == 0
    (mapping,) = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionArn"].endswith(":function:OrderProcessor")
    assert versions(client) == []
    throws_outside_of_the_stack(client)
    assert "its code is not" in orders("deploy", "--yes").stdout
    assert "up to date" in orders("deploy", "--yes").stdout


def test_old_versions_are_deleted_but_for_the_last_ten(deployed: Orders, client: Client) -> None:
    for memory in range(256, 256 + 12):
        client("lambda").update_function_configuration(FunctionName="OrderProcessor", MemorySize=memory)
        client("lambda").publish_version(FunctionName="OrderProcessor")
    assert deployed("deploy", "--yes").exit_code == 0
    assert versions(client) == [str(number) for number in range(5, 15)]
    assert live(client) == ("14", {})


# --- A share for the new version ------------------------------------------------------------------------------------


def test_a_canary_gets_a_share_and_the_next_deployment_gives_it_all(deployed: Orders, client: Client) -> None:
    done = deployed("deploy", "--yes", "--canary", "10", "-p", "MemorySize=256")
    assert done.exit_code == 0, done.output
    assert "live: version 1, version 2 gets 10 %" in done.stdout
    assert live(client) == ("1", {"2": 0.1})
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["OrderProcessor-canary"])["MetricAlarms"]
    assert {one["Name"]: one["Value"] for one in alarm["Dimensions"]}["ExecutedVersion"] == "2"
    same = deployed("deploy", "--yes", "--canary", "10").stdout
    assert "up to date" in same
    assert "version 2 has 10 % of the orders already. `orders deploy` gives it all" in same
    assert "version 2 gets 10 %" in deployed("doctor", "--no-test-order").stdout
    promoted = deployed("deploy", "--yes")
    assert "live: version 1, version 2 gets 10 % → version 2" in promoted.stdout
    assert live(client) == ("2", {})
    assert client("cloudwatch").describe_alarms(AlarmNames=["OrderProcessor-canary"])["MetricAlarms"] == []


@pytest.mark.parametrize("options", [[], ["-p", "LogRetentionDays=7"]], ids=["nothing", "no change of the function"])
def test_a_canary_of_nothing_new_says_so(deployed: Orders, client: Client, options: list[str]) -> None:
    done = deployed("deploy", "--yes", "--canary", "10", *options)
    assert "--canary 10 has no effect: the function did not change" in done.stdout
    assert "version 1 processes all orders" in done.stdout
    assert live(client) == ("1", {})


def test_destroy_takes_a_canary_s_alarm_with_it(deployed: Orders, client: Client) -> None:
    assert deployed("deploy", "--yes", "--canary", "10", "-p", "MemorySize=256").exit_code == 0
    done = deployed("destroy", "--yes")
    assert (done.exit_code, done.stderr) == (0, "")
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_a_canary_without_a_version_before_is_refused(orders: Orders, client: Client) -> None:
    done = orders("deploy", "--yes", "--canary", "10")
    assert (done.exit_code, "there is no earlier version" in done.stderr) == (1, True)
    assert client("cloudformation").list_stacks()["StackSummaries"] == [], "not even a change set was made"


@pytest.fixture
def paced_orders(paced: EngineThread, waits_move_time: None) -> Orders:
    environment = environment_of(paced.endpoint_url)
    return lambda *arguments: CliRunner().invoke(main, arguments, env=environment)


def test_a_failing_canary_is_rolled_back_by_its_alarm_without_any_command(
    paced: EngineThread, paced_orders: Orders
) -> None:
    assert paced_orders("deploy", "--yes").exit_code == 0
    throws_outside_of_the_stack(paced.client)
    lambda_ = paced.client("lambda")
    lambda_.publish_version(FunctionName="OrderProcessor")
    lambda_.update_alias(**NAMES, FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.99}})
    CanaryAlarm(Aws(Settings(paced.endpoint_url, "us-east-1", None, ("test", "test")))).watch("2")
    topic = "arn:aws:sns:us-east-1:000000000000:OrderTopic"
    for number in range(5):
        paced.client("sns").publish(TopicArn=topic, Message=json.dumps({"orderId": f"C-{number}"}))

    def is_firing() -> bool:
        paced.clock.advance(2)
        (alarm,) = paced.client("cloudwatch").describe_alarms(AlarmNames=["OrderProcessor-canary"])["MetricAlarms"]
        return bool(alarm["StateValue"] == "ALARM")

    until(is_firing, "the alarm on the new version's errors")
    until(lambda: not lambda_.get_alias(**NAMES).get("RoutingConfig"), "the guard to take the share back")
    alias = lambda_.get_alias(**NAMES)
    assert alias["FunctionVersion"] == "1"
    assert alias["Description"].startswith("rolled back from version 2 at ")
    paced.clock.advance(181)  # the visibility timeout: the failed orders are delivered again
    table = paced.client("dynamodb")

    def count() -> int:
        return int(table.scan(TableName="Orders", Select="COUNT")["Count"])

    until(lambda: count() == 5, "every order to be stored by the version before")
