"""Goal: a bad order is in OrderDLQ within 10 seconds; an outage of the table spends no attempt and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from onebox.testing import EngineThread
from orders.deployment.package import HANDLER, build_package
from orders.local.demo import INVALID
from tests.api.order_system import OrderSystem, make_order_system
from tests.fault_proxy import FaultProxy
from tests.polling import until

HOUR_S = 3_600
PAUSE_MAX_S = 900
STEP_S = 45
WAYS = ("refuse", "hang up", "throttle")


@pytest.fixture
def table(paced: EngineThread) -> Iterator[FaultProxy]:
    """The address at which OrderProcessor reaches the table; down and up as a test wants."""
    with FaultProxy(paced.endpoint_url) as proxy:
        yield proxy


@pytest.fixture
def system(paced: EngineThread, table: FaultProxy) -> OrderSystem:
    return make_order_system(
        paced,
        build_package().content,
        HANDLER,
        raw=False,
        report_failures=True,
        prompt=True,
        environment={"AWS_ENDPOINT_URL_DYNAMODB": table.url},
    )


def counts(system: OrderSystem, url: str) -> dict[str, int]:
    answer = system.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {name.removeprefix("ApproximateNumberOfMessages"): int(answer[name]) for name in answer if "Number" in name}


def is_at_rest(system: OrderSystem) -> bool:
    now = counts(system, system.queue_url)
    return now[""] == now["NotVisible"] == 0


def let_pass(system: OrderSystem, seconds: int) -> None:
    """Move time in steps that are shorter than a visibility timeout, so that no order comes back in the middle."""
    for _ in range(0, seconds, STEP_S):
        until(lambda: is_at_rest(system), "no order in flight")
        system.engine.clock.advance(STEP_S)
    until(lambda: is_at_rest(system), "no order in flight")


def test_invalid_orders_are_in_the_dead_letter_queue_within_10_seconds_and_the_log_tells_each_try(
    system: OrderSystem,
) -> None:
    for body in INVALID.values():
        system.publish(body)
    system.publish('{"orderId":"good"}')
    for receive in (1, 2, 3):
        until(lambda: system.failures() == 3 * receive, f"receive {receive}")  # noqa: B023 - called within the turn
        until(lambda: counts(system, system.queue_url)["NotVisible"] in (0, 3), "the end of the call")
        system.engine.clock.advance((2, 3, 0)[receive - 1])
    until(lambda: counts(system, system.dlq_url)[""] == 3, "three dead letters after 5 seconds")
    assert system.wait_for("good")
    lines = [line for line in system.log_lines() if line["level"] == "ERROR"]
    tries = [(line["receiveCount"], line["receivesMax"], line["pauseS"], line["nextAt"] is None) for line in lines]
    assert sorted(tries) == [(1, 3, 2, False)] * 3 + [(2, 3, 3, False)] * 3 + [(3, 3, 0, True)] * 3
    assert all(line["messageId"] and line["reason"] for line in lines)


def test_an_hour_s_outage_spends_no_attempt_and_the_orders_are_stored_by_themselves(
    system: OrderSystem, table: FaultProxy
) -> None:
    """A third of an hour each: the table answers 503, hangs up, throttles."""
    orders = {f"O-{number}": f'{{"orderId":"O-{number}","total":19.90}}' for number in range(20)}
    table.fail(WAYS[0])
    for text in orders.values():
        system.client("sns").publish(
            TopicArn=system.topic_arn,
            Message=text,
            MessageAttributes={"country": {"DataType": "String", "StringValue": "DE"}},
        )
    for way in WAYS:
        table.fail(way)
        let_pass(system, HOUR_S // len(WAYS))
    assert counts(system, system.queue_url) == {"": 0, "NotVisible": 0, "Delayed": 20}
    assert counts(system, system.dlq_url)[""] == 0
    table.recover()
    # A new process: the old one asks the table once a second at most, and its seconds are not this clock's.
    system.client("lambda").update_function_configuration(FunctionName="OrderProcessor", Description="new process")
    let_pass(system, PAUSE_MAX_S)
    for order_id in orders:
        assert system.wait_for(order_id)["total"] == {"N": "19.9"}
    until(lambda: counts(system, system.queue_url) == {"": 0, "NotVisible": 0, "Delayed": 0}, "an empty queue")
    assert counts(system, system.dlq_url)[""] == 0
    lines = system.log_lines()
    set_aside = [line for line in lines if line["outcome"] == "unavailable"]
    assert all(line["movedTo"] and line["nextAt"] and line["receiveCount"] == 1 for line in set_aside)
    assert len(set_aside) < 20 * 25
    stored = [line for line in lines if line["outcome"] == "stored"]
    assert all(line["setAside"] > 3 for line in stored)


def test_an_order_that_is_set_aside_keeps_its_body_and_attributes(system: OrderSystem, table: FaultProxy) -> None:
    table.fail("refuse")
    attributes: dict[str, Any] = {
        "country": {"DataType": "String", "StringValue": "DE"},
        "total": {"DataType": "Number", "StringValue": "5.50"},
        "seal": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    body = '{"orderId": "ä\\u0000€",\n "total": 5.50}'
    sqs = system.client("sqs")
    sqs.send_message(QueueUrl=system.queue_url, MessageBody=body, MessageAttributes=attributes)
    until(lambda: counts(system, system.queue_url)["Delayed"] == 1, "the order set aside")
    (mapping,) = system.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    system.client("lambda").update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    system.engine.clock.advance(5)
    (message,) = sqs.receive_message(QueueUrl=system.queue_url, MessageAttributeNames=["All"])["Messages"]
    mark = message["MessageAttributes"].pop("orders.set-aside")
    assert (message["Body"], message["MessageAttributes"]) == (body, attributes)
    assert json.loads(mark["StringValue"])["times"] == 1


def test_without_the_right_to_set_aside_the_orders_stay_and_the_log_says_so(
    system: OrderSystem, table: FaultProxy
) -> None:
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "sqs:Send*", "Resource": "*"}}
    system.client("iam").put_role_policy(
        RoleName="LambdaOrderProcessorRole", PolicyName="no", PolicyDocument=json.dumps(policy)
    )
    table.fail("refuse")
    system.publish('{"orderId":"O-1"}')
    until(system.failures, "a failed try")
    (line,) = system.log_lines()
    assert "AccessDenied" in line["problem"]
    assert counts(system, system.queue_url)["NotVisible"] == 1
