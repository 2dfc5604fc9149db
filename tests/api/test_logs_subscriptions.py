"""Goal: subscription filters hand matching events to functions, each once, also across a restart; resource policies and
lists of groups answer as AWS's."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.services.logs.limits import SUBSCRIPTION_RETRIES_AT_ONCE
from onebox.services.logs.operations import groups
from onebox.testing import EngineThread
from tests.api.lambda_support import make_function
from tests.polling import until

ECHO = "def handler(event, context):\n    print('GOT ' + event['awslogs']['data'])\n"
PRINCIPALS = ["logs.us-east-1.amazonaws.com", "logs.amazonaws.com"]


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def subscribe(engine: Any, principal: str, pattern: str = "", name: str = "f") -> str:
    """A function that prints what it gets, subscribed to the group ``source``."""
    logs, functions = engine.client("logs"), engine.client("lambda")
    make_function(engine.client, ECHO, FunctionName="echo")
    arn: str = functions.get_function(FunctionName="echo")["Configuration"]["FunctionArn"]
    functions.add_permission(
        FunctionName="echo",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal=principal,
        SourceArn="arn:aws:logs:us-east-1:000000000000:log-group:source:*",
    )
    logs.create_log_group(logGroupName="source")
    logs.create_log_stream(logGroupName="source", logStreamName="s")
    logs.put_subscription_filter(logGroupName="source", filterName=name, filterPattern=pattern, destinationArn=arn)
    return arn


def put(engine: Any, *messages: str) -> None:
    logs = engine.client("logs")
    now_ms = logs.describe_log_groups(logGroupNamePrefix="source")["logGroups"][0]["creationTime"]
    events = [{"timestamp": now_ms + 1, "message": message} for message in messages]
    logs.put_log_events(logGroupName="source", logStreamName="s", logEvents=events)


def received(engine: Any) -> list[dict[str, Any]]:
    """What the function was given, unpacked."""
    logs = engine.client("logs")
    try:
        lines = logs.filter_log_events(logGroupName="/aws/lambda/echo", filterPattern="GOT")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [
        json.loads(gzip.decompress(base64.b64decode(line["message"].strip().removeprefix("GOT ")))) for line in lines
    ]


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_matching_events_reach_the_function(principal: str) -> None:
    with EngineThread() as engine:
        arn = subscribe(engine, principal, pattern="ERROR")
        put(engine, "ERROR one", "fine", "ERROR two")
        (message,) = until(lambda: received(engine), "the delivery")
        assert {key: message[key] for key in message if key != "logEvents"} == {
            "messageType": "DATA_MESSAGE",
            "owner": "000000000000",
            "logGroup": "source",
            "logStream": "s",
            "subscriptionFilters": ["f"],
        }
        assert [event["message"] for event in message["logEvents"]] == ["ERROR one", "ERROR two"]
        found = engine.client("logs").filter_log_events(logGroupName="source", filterPattern="ERROR")["events"]
        assert [event["id"] for event in message["logEvents"]] == [event["eventId"] for event in found]
        (described,) = engine.client("logs").describe_subscription_filters(logGroupName="source")["subscriptionFilters"]
        created = described.pop("creationTime")
        assert created > 0
        assert described == {
            "filterName": "f",
            "filterPattern": "ERROR",
            "destinationArn": arn,
            "logGroupName": "source",
            "distribution": "ByLogStream",
            "applyOnTransformedLogs": False,
        }


def test_events_that_were_not_delivered_are_delivered_after_a_restart_once(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        subscribe(engine, PRINCIPALS[0])
        for number in range(20):
            put(engine, f"event {number}")
    with EngineThread(tmp_path) as engine:
        until(lambda: len(received(engine)) >= 20, "the delivery")
        messages = [event["message"] for message in received(engine) for event in message["logEvents"]]
        assert sorted(messages) == sorted(f"event {number}" for number in range(20))


def close(engine: Any) -> None:
    """The function refuses CloudWatch Logs."""
    engine.client("lambda").remove_permission(FunctionName="echo", StatementId="logs")


def open_again(engine: Any) -> None:
    engine.client("lambda").add_permission(
        FunctionName="echo", StatementId="logs", Action="lambda:InvokeFunction", Principal=PRINCIPALS[0]
    )


def delivered(engine: Any) -> list[str]:
    return [event["message"] for message in received(engine) for event in message["logEvents"]]


def test_events_wait_while_the_function_refuses_them_also_across_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path, manual_clock=True) as engine:
        subscribe(engine, PRINCIPALS[0], pattern="-fine")
        close(engine)
        for number in range(3):
            put(engine, f"event {number}", "fine")
        engine.clock.advance(60)
    with EngineThread(tmp_path, manual_clock=True) as engine:
        engine.clock.advance(60)
        assert delivered(engine) == []
        open_again(engine)
        put(engine, "event 3")
        until(lambda: delivered(engine) == ["event 3"], "what comes is delivered at once")
        engine.clock.advance(31)
        until(lambda: len(delivered(engine)) >= 4, "the delivery of what waited")
        engine.clock.advance(120)
        assert sorted(delivered(engine)) == [f"event {number}" for number in range(4)]


def test_events_that_are_refused_for_a_day_are_given_up() -> None:
    with EngineThread(manual_clock=True) as engine:
        subscribe(engine, PRINCIPALS[0])
        close(engine)
        put(engine, "early")
        engine.clock.advance(23 * 3_600)
        put(engine, "late")
        engine.clock.advance(2 * 3_600)
        open_again(engine)
        engine.clock.advance(31)
        until(lambda: delivered(engine) == ["late"], "the delivery of what has not waited for a day")


def test_events_of_a_filter_that_is_deleted_do_not_wait_for_its_successor() -> None:
    with EngineThread(manual_clock=True) as engine:
        arn = subscribe(engine, PRINCIPALS[0])
        close(engine)
        put(engine, "before")
        engine.clock.advance(31)
        logs = engine.client("logs")
        logs.delete_subscription_filter(logGroupName="source", filterName="f")
        open_again(engine)
        logs.put_subscription_filter(logGroupName="source", filterName="f", filterPattern="", destinationArn=arn)
        engine.clock.advance(31)
        put(engine, "after")
        until(lambda: delivered(engine) == ["after"], "the delivery")


def test_many_batches_that_waited_are_delivered_once_the_function_is_there() -> None:
    with EngineThread(manual_clock=True) as engine:
        subscribe(engine, PRINCIPALS[0])
        close(engine)
        for number in range(SUBSCRIPTION_RETRIES_AT_ONCE + 5):
            put(engine, f"event {number}")
        engine.clock.advance(31)
        open_again(engine)
        engine.clock.advance(31)
        until(lambda: len(delivered(engine)) == SUBSCRIPTION_RETRIES_AT_ONCE + 5, "the delivery of what waited")


def test_a_large_put_is_cut_into_messages(onebox: EngineThread) -> None:
    with EngineThread() as engine:
        subscribe(engine, PRINCIPALS[0])
        put(engine, *(f"{number} {'x' * 90_000}" for number in range(9)))
        until(lambda: sum(len(message["logEvents"]) for message in received(engine)) == 9, "the delivery")
        assert len(received(engine)) > 1


def test_subscription_filters_are_checked() -> None:
    with EngineThread() as engine:
        logs = engine.client("logs")
        arn = subscribe(engine, PRINCIPALS[0])
        request = {"logGroupName": "source", "filterPattern": "", "destinationArn": arn}
        logs.put_subscription_filter(**{**request, "filterPattern": "again"}, filterName="f")
        logs.put_subscription_filter(**request, filterName="g")
        limit = ("LimitExceededException", "Resource limit exceeded.")
        assert refused(logs.put_subscription_filter, **request, filterName="h") == limit
        filters = logs.describe_subscription_filters(logGroupName="source", filterNamePrefix="f")["subscriptionFilters"]
        assert [found["filterPattern"] for found in filters] == ["again"]
        logs.delete_subscription_filter(logGroupName="source", filterName="g")
        missing = ("ResourceNotFoundException", "The specified subscription filter does not exist.")
        assert refused(logs.delete_subscription_filter, logGroupName="source", filterName="g") == missing
        no_group = ("ResourceNotFoundException", "The specified log group does not exist.")
        assert refused(logs.delete_subscription_filter, logGroupName="none", filterName="g") == no_group
        for destination in (f"{arn}2", "arn:aws:kinesis:us-east-1:000000000000:stream/s", "nonsense"):
            change = {**request, "destinationArn": destination}
            assert refused(logs.put_subscription_filter, **change, filterName="f")[0] == "InvalidParameterException"
        engine.client("lambda").remove_permission(FunctionName="echo", StatementId="logs")
        assert (
            "Could not execute the lambda function"
            in refused(logs.put_subscription_filter, **request, filterName="f")[1]
        )


def test_resource_policies_are_kept_up_to_ten(tmp_path: Path) -> None:
    document = '{"Version": "2012-10-17", "Statement": []}'
    with EngineThread(tmp_path, manual_clock=True) as engine:
        logs = engine.client("logs")
        put_policy = logs.put_resource_policy(policyName="p0", policyDocument=document)["resourcePolicy"]
        moment = put_policy.pop("lastUpdatedTime")
        assert put_policy == {"policyName": "p0", "policyDocument": document, "policyScope": "ACCOUNT"}
        for number in range(1, 10):
            logs.put_resource_policy(policyName=f"p{number}", policyDocument=document)
        limit = ("LimitExceededException", "Resource limit exceeded.")
        assert refused(logs.put_resource_policy, policyName="p10", policyDocument=document) == limit
        engine.clock.advance(1)
        again = logs.put_resource_policy(policyName="p0", policyDocument=document)["resourcePolicy"]
        assert again["lastUpdatedTime"] == moment + 1000
        for wrong in ("[" * 3_000, "nonsense", "[]"):
            assert refused(logs.put_resource_policy, policyName="p0", policyDocument=wrong)[0] == (
                "InvalidParameterException"
            )
    with EngineThread(tmp_path, manual_clock=True) as engine:
        logs = engine.client("logs")
        found = logs.describe_resource_policies()["resourcePolicies"]
        assert [policy["policyName"] for policy in found] == [f"p{number}" for number in range(10)]
        logs.delete_resource_policy(policyName="p3")
        missing = ("ResourceNotFoundException", "Policy with name [p3] does not exist.")
        assert refused(logs.delete_resource_policy, policyName="p3") == missing


def test_list_log_groups_by_pattern(client: Any) -> None:
    logs = client("logs")
    assert logs.list_log_groups(logGroupNamePattern="none")["logGroups"] == []
    for name in ("app/one", "app/two", "web/one"):
        logs.create_log_group(logGroupName=name)

    def names(**request: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.list_log_groups(**request)["logGroups"]]

    assert names(logGroupNamePattern="one") == ["app/one", "web/one"]
    assert names(logGroupNamePattern="^app") == ["app/one", "app/two"]
    assert names(logGroupNamePattern="^web|two") == ["app/two", "web/one"]
    first = logs.list_log_groups(limit=2)
    assert set(first["logGroups"][0]) == {"logGroupName", "logGroupArn", "logGroupClass"}
    assert names(nextToken=first["nextToken"]) == ["web/one"]
    assert refused(logs.list_log_groups, logGroupNamePattern="%$&")[0] == "InvalidParameterException"


def test_list_log_groups_looks_at_a_bounded_number_for_a_page(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "LIST_ITEMS_MAX", 2)
    monkeypatch.setattr(groups, "_EXAMINED_MAX", 4)
    logs = client("logs")
    for number in range(10):
        logs.create_log_group(logGroupName=f"group-{number}")
    pages = [logs.list_log_groups(logGroupNamePattern="oup-9", limit=2)]
    while token := pages[-1].get("nextToken"):
        pages.append(logs.list_log_groups(logGroupNamePattern="oup-9", limit=2, nextToken=token))
    assert [[group["logGroupName"] for group in page["logGroups"]] for page in pages] == [[], [], ["group-9"]]


def test_deliveries_answer_as_an_account_without_any(client: Any) -> None:
    logs = client("logs")
    missing = "Requested Delivery {} does not exist in this account."
    for call, kind in (
        (logs.get_delivery_destination, "Destination"),
        (logs.delete_delivery_destination, "Destination"),
        (logs.get_delivery_source, "Source"),
    ):
        assert refused(call, name="n") == ("ResourceNotFoundException", missing.format(kind))
    source = {"name": "n", "resourceArn": "arn:aws:s3:::b", "logType": "x"}
    cannot = ("ResourceNotFoundException", "Cannot access provided service.")
    assert refused(logs.put_delivery_source, **source) == cannot
    assert logs.describe_destinations()["destinations"] == []
