"""Goal: an operator pauses, limits and rolls back within seconds; everybody sees it, and deployments keep it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timezone
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.bad_version import THROWS, go_live
from tests.conftest import environment_of
from tests.polling import until

Client = Callable[..., Any]
Orders = Callable[..., Result]
NAMES = {"FunctionName": "OrderProcessor", "Name": "live"}


@pytest.fixture
def orders(aws_environment: dict[str, str]) -> Orders:
    return lambda *arguments: CliRunner().invoke(main, arguments, env=aws_environment)


@pytest.fixture
def deployed(orders: Orders) -> Orders:
    assert orders("deploy", "--yes").exit_code == 0
    return orders


@pytest.fixture(scope="module")
def standing(onebox: EngineThread, file_account: str) -> Orders:
    """A system for the tests of what is refused: they change nothing, and each sees that."""
    environment = environment_of(onebox.endpoint_url, file_account)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environment)

    done(run("deploy", "--yes"))
    return run


@pytest.fixture
def standing_trigger(standing: Orders, onebox: EngineThread, file_account: str) -> Callable[[], dict[str, Any]]:
    return lambda: trigger(partial(onebox.client, account=file_account))


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def trigger(client: Client) -> dict[str, Any]:
    (mapping,) = client("lambda").list_event_source_mappings()["EventSourceMappings"]
    return dict(mapping)


def publish(client: Client, account: str, order_id: str) -> None:
    topic = f"arn:aws:sns:us-east-1:{account}:OrderTopic"
    client("sns").publish(TopicArn=topic, Message=json.dumps({"orderId": order_id}))


def stored(client: Client, order_id: str) -> bool:
    return "Item" in client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": order_id}})


def actions(orders: Orders) -> list[str]:
    return [json.loads(line)["action"] for line in done(orders("audit", "--json")).splitlines()]


# --- Pause and resume -----------------------------------------------------------------------------------------------


def test_a_paused_system_says_so_everywhere_and_loses_nothing(deployed: Orders, client: Client, account: str) -> None:
    assert "Paused" in done(deployed("pause", "--yes", "--reason", "bad prices\x1b[2J"))
    assert trigger(client)["State"] == "Disabled"
    publish(client, account, "1")
    status, top = done(deployed("status")), done(deployed("top", "--once"))
    for text in (status, top):
        assert "PAUSED" in text
        assert "by user/onebox: bad prices" in text
        assert "\x1b" not in text
    assert "paused since" in deployed("doctor", "--no-test-order").stdout
    assert "Run `orders resume`" in deployed("doctor", "--no-test-order").stdout
    assert json.loads(done(deployed("status", "--json")))["function"]["paused"]
    assert not stored(client, "1")
    assert "already" in done(deployed("pause", "--yes"))
    assert "Resumed" in done(deployed("resume"))
    until(lambda: stored(client, "1"), "the order that waited")
    assert "Paused" not in deployed("watch", "--since", "1h", "--limit", "1").stderr
    assert "PAUSED" not in done(deployed("status"))
    assert "not paused" in done(deployed("resume"))
    assert actions(deployed) == ["deploy", "pause", "resume"]


def test_a_deployment_does_not_resume_a_paused_system(deployed: Orders, client: Client) -> None:
    done(deployed("pause", "--yes"))
    done(deployed("deploy", "--yes", "-p", "BatchSize=5"))
    assert (trigger(client)["State"], trigger(client)["BatchSize"]) == ("Disabled", 5)
    assert "up to date" in done(deployed("deploy", "--yes"))
    assert trigger(client)["State"] == "Disabled"


def test_a_pause_is_asked_for(standing: Orders, standing_trigger: Callable[[], dict[str, Any]]) -> None:
    assert standing("pause").exit_code == 1
    assert standing_trigger()["State"] == "Enabled"


def test_a_trigger_that_was_disabled_by_hand_is_a_pause_too(deployed: Orders, client: Client) -> None:
    client("lambda").update_event_source_mapping(UUID=trigger(client)["UUID"], Enabled=False)
    until(lambda: trigger(client)["State"] == "Disabled", "the trigger")
    assert "since by hand" in done(deployed("status"))
    assert "Resumed" in done(deployed("resume"))


@pytest.mark.parametrize("command", [("pause", "--yes"), ("resume",), ("concurrency", "5"), ("rollback", "--yes")])
def test_without_a_stack_a_lever_says_to_deploy(orders: Orders, command: tuple[str, ...]) -> None:
    result = orders(*command)
    assert (result.exit_code, "orders deploy" in result.stderr) == (1, True), result.output


# --- Concurrency ----------------------------------------------------------------------------------------------------


def test_a_concurrency_is_set_shown_kept_by_deployments_and_removed(deployed: Orders, client: Client) -> None:
    assert "no limit → 5" in done(deployed("concurrency", "5"))
    assert trigger(client)["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert "at most 5 at a time" in done(deployed("status"))
    assert "concurrent calls" not in done(deployed("deploy", "--yes"))
    assert trigger(client)["ScalingConfig"] == {"MaximumConcurrency": 5}
    done(deployed("deploy", "--yes", "-p", "MaximumConcurrency=7"))
    assert trigger(client)["ScalingConfig"] == {"MaximumConcurrency": 7}
    assert "7 → no limit" in done(deployed("concurrency", "none"))
    assert not trigger(client).get("ScalingConfig")
    assert not (done(deployed("deploy", "--yes")) and trigger(client).get("ScalingConfig"))


@pytest.mark.parametrize("text", ["1", "0", "1001", "-3", "many", "٣", "9" * 40])
def test_a_concurrency_that_lambda_does_not_take_is_refused(
    standing: Orders, standing_trigger: Callable[[], dict[str, Any]], text: str
) -> None:
    result = standing("concurrency", "--", text)
    assert (result.exit_code, "2 to 1" in result.stderr) == (1, True)
    assert not standing_trigger().get("ScalingConfig")


# --- Rollback -------------------------------------------------------------------------------------------------------


def live(client: Client) -> tuple[str, dict[str, float]]:
    alias = client("lambda").get_alias(**NAMES)
    return alias["FunctionVersion"], alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})


def test_a_rollback_is_told_asked_for_and_not_undone_by_the_same_code(deployed: Orders, client: Client) -> None:
    done(deployed("deploy", "--yes", "-p", "MemorySize=256"))
    asked = deployed("rollback")
    assert (asked.exit_code, "live: version 2 → version 1" in asked.stdout, live(client)) == (1, True, ("2", {}))
    assert "Version 1 processes orders now." in done(deployed("rollback", "--yes"))
    assert live(client) == ("1", {})
    assert "rolled back from version 2 at" in done(deployed("status"))
    assert "rolled back from version 2 at" in deployed("doctor", "--no-test-order").stdout
    same = done(deployed("deploy", "--yes"))
    assert "version 2 stays out of use" in same
    assert live(client) == ("1", {})
    assert "live: version 1 → version 2" in done(deployed("deploy", "--yes", "--again"))
    assert live(client) == ("2", {})
    assert actions(deployed) == ["deploy", "deploy", "rollback", "deploy"]


def test_new_code_is_live_after_a_rollback(deployed: Orders, client: Client) -> None:
    done(deployed("deploy", "--yes", "-p", "MemorySize=256"))
    done(deployed("rollback", "--yes"))
    done(deployed("deploy", "--yes", "-p", "MemorySize=1024"))
    assert live(client) == ("3", {})
    assert "rolled back" not in done(deployed("status"))


def test_a_rollback_to_a_version_and_where_there_is_none(deployed: Orders, client: Client) -> None:
    nothing = deployed("rollback", "--yes")
    assert (nothing.exit_code, "there is no version before 1" in nothing.stderr) == (1, True)
    done(deployed("deploy", "--yes", "-p", "MemorySize=256"))
    done(deployed("deploy", "--yes", "-p", "MemorySize=1024"))
    done(deployed("rollback", "--yes", "--to", "1"))
    assert live(client) == ("1", {})
    wrong = deployed("rollback", "--yes", "--to", "9")
    assert "there is no version 9" in wrong.stderr
    assert "1, 2, 3" in wrong.stderr


def test_a_rollback_takes_a_canary_s_share_back(deployed: Orders, client: Client) -> None:
    done(deployed("deploy", "--yes", "--canary", "10", "-p", "MemorySize=256"))
    assert "version 2 gets 10 %" in done(deployed("status"))
    done(deployed("rollback", "--yes"))
    assert live(client) == ("1", {})
    assert client("cloudwatch").describe_alarms(AlarmNames=["OrderProcessor-canary"])["MetricAlarms"] == []
    assert "version 2 stays out of use" in done(deployed("deploy", "--yes"))


def test_a_bad_deployment_is_paused_rolled_back_resumed_and_nothing_is_lost(
    paced: EngineThread, waits_move_time: None
) -> None:
    """The drill: a function that always throws, deployed by the book."""
    environment = environment_of(paced.endpoint_url)

    def orders(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, env=environment)

    done(orders("deploy", "--yes", "-p", "VisibilityTimeout=180"))
    go_live(paced.client("lambda"), THROWS)
    topic = "arn:aws:sns:us-east-1:000000000000:OrderTopic"
    for number in range(5):
        paced.client("sns").publish(TopicArn=topic, Message=json.dumps({"orderId": f"B-{number}"}))

    def failed_calls() -> bool:
        lines = paced.client("logs").filter_log_events(
            logGroupName="/aws/lambda/OrderProcessor", filterPattern="RuntimeError"
        )
        return bool(lines["events"])

    until(failed_calls, "the first failure")
    done(orders("pause", "--yes"))
    done(orders("rollback", "--yes"))
    done(orders("resume"))
    paced.clock.advance(181)
    table = paced.client("dynamodb")
    until(lambda: table.scan(TableName="Orders", Select="COUNT")["Count"] == 5, "all orders in the table")


# --- Alarms ---------------------------------------------------------------------------------------------------------


def fire(client: Client, name: str) -> None:
    reason = "Threshold Crossed: 1 out of the last 1 datapoints"
    client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)


def test_a_firing_alarm_is_told_in_plain_words_with_aws_s_behind(deployed: Orders, client: Client) -> None:
    url = client("sqs").get_queue_url(QueueName="OrderDLQ")["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    fire(client, "OrderDLQ-not-empty")
    listed, status = done(deployed("alarms")), done(deployed("status"))
    assert listed.splitlines()[0].startswith("OrderDLQ-not-empty")
    assert "1 failed order in OrderDLQ" in listed
    assert "Threshold Crossed" in listed
    assert "OrderDLQ-not-empty: 1 failed order in OrderDLQ" in status
    assert "Threshold Crossed" not in status
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["OrderDLQ-not-empty"])["MetricAlarms"]
    since = alarm["StateTransitionedTimestamp"].astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for text in (listed, status):
        assert f", since {since}" in " ".join(text.split())


def test_a_silenced_alarm_notifies_nobody_and_says_until_when_and_by_whom(deployed: Orders, client: Client) -> None:
    assert "notifies nobody until" in done(deployed("alarms", "silence", "OrderDLQ-not-empty", "1h"))
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["OrderDLQ-not-empty"])["MetricAlarms"]
    assert alarm["ActionsEnabled"] is False
    for text in (done(deployed("alarms")), done(deployed("status"))):
        assert "silenced until" in text
        assert "by user/onebox" in text
        assert "past due" not in text
    done(deployed("alarms", "unsilence", "OrderDLQ-not-empty"))
    (alarm,) = client("cloudwatch").describe_alarms(AlarmNames=["OrderDLQ-not-empty"])["MetricAlarms"]
    assert alarm["ActionsEnabled"] is True
    assert "silenced" not in done(deployed("alarms"))
    assert actions(deployed) == ["deploy", "silence", "unsilence"]


def test_a_silence_that_is_past_due_says_so(deployed: Orders, client: Client, account: str) -> None:
    done(deployed("alarms", "silence", "OrderDLQ-not-empty", "1h"))
    arn = f"arn:aws:lambda:us-east-1:{account}:function:OrderProcessor"
    tag = {"orders:silenced/OrderDLQ-not-empty": "2026-01-01T00:00:00Z by user/ada"}
    client("lambda").tag_resource(Resource=arn, Tags=tag)
    assert "past due: `orders alarms unsilence OrderDLQ-not-empty`" in done(deployed("status"))


def test_an_acknowledgement_holds_until_the_alarm_changes(deployed: Orders, client: Client) -> None:
    name = "OrderDLQ-not-empty"
    sqs = client("sqs")
    # With a message in OrderDLQ, an evaluation in the course of the test finds the alarm firing as well.
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="OrderDLQ")["QueueUrl"], MessageBody="{}")
    fire(client, name)
    done(deployed("alarms", "acknowledge", name))
    assert "acknowledged" in done(deployed("alarms"))
    client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="OK", StateReason="fine")
    assert "acknowledged" not in done(deployed("alarms"))


def test_a_wrong_name_or_duration_is_refused_with_the_right_ones(standing: Orders) -> None:
    wrong = standing("alarms", "silence", "OrderDLQ-not-emty", "1h")
    assert (wrong.exit_code, "did you mean OrderDLQ-not-empty?" in wrong.stderr) == (1, True)
    assert standing("alarms", "silence", "OrderDLQ-not-empty", "8d").exit_code == 1
    assert standing("alarms", "silence", "OrderDLQ-not-empty", "0s").exit_code == 1
