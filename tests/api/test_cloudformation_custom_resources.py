"""Goal: custom resources and wait conditions: functions and topics of the user take part in a deployment."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from onebox.testing import EngineThread
from tests.polling import until

Client = Callable[..., Any]
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CODE = """
import cfnresponse

def handler(event, context):
    given = event["ResourceProperties"]
    if given.get("Fail") == event["RequestType"]:
        return cfnresponse.send(event, context, cfnresponse.FAILED, {}, "broken", reason="as told")
    data = {"Size": given["Size"] * 2, "Kind": event["ResourceType"], "Request": event["RequestType"]}
    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, "thing-" + given["Name"])
"""


def template(**properties: Any) -> str:
    return json.dumps(
        {
            "Resources": {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": ASSUME,
                        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
                    },
                },
                "Function": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "Handler": "index.handler",
                        "Runtime": "python3.13",
                        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                        "Code": {"ZipFile": CODE},
                    },
                },
                "Thing": {
                    "Type": "Custom::Thing",
                    "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, **properties},
                },
            },
            "Outputs": {
                "Id": {"Value": {"Ref": "Thing"}},
                "Size": {"Value": {"Fn::GetAtt": ["Thing", "Size"]}},
                "Request": {"Value": {"Fn::Sub": "${Thing.Request} ${Thing.Kind}"}},
            },
        }
    )


def outputs(cloudformation: Any, name: str) -> dict[str, str]:
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def status(cloudformation: Any, name: str) -> str:
    return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def settle(cloudformation: Any, name: str) -> str:
    until(lambda: not status(cloudformation, name).endswith("_IN_PROGRESS"), "the end of the operation")
    return status(cloudformation, name)


def reasons(cloudformation: Any, name: str) -> list[str]:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("_FAILED")]


def test_function_creates_changes_replaces_and_deletes_the_resource(client: Client) -> None:
    cloudformation = client("cloudformation")
    request = {"StackName": "s", "Capabilities": ["CAPABILITY_IAM"]}
    stack_id = cloudformation.create_stack(TemplateBody=template(Name="a", Size=5), **request)["StackId"]
    assert settle(cloudformation, "s") == "CREATE_COMPLETE"
    assert outputs(cloudformation, "s") == {"Id": "thing-a", "Size": "55", "Request": "Create Custom::Thing"}
    cloudformation.update_stack(TemplateBody=template(Name="a", Size=6), **request)
    assert settle(cloudformation, "s") == "UPDATE_COMPLETE"
    assert outputs(cloudformation, "s") == {"Id": "thing-a", "Size": "66", "Request": "Update Custom::Thing"}
    cloudformation.update_stack(TemplateBody=template(Name="b", Size=6), **request)
    assert settle(cloudformation, "s") == "UPDATE_COMPLETE"
    assert outputs(cloudformation, "s")["Id"] == "thing-b"
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    deleted = [event["PhysicalResourceId"] for event in events if event["ResourceStatus"] == "DELETE_COMPLETE"]
    assert deleted == ["thing-a"]
    cloudformation.delete_stack(StackName="s")
    assert settle(cloudformation, stack_id) == "DELETE_COMPLETE"


def test_failure_is_told_in_the_words_of_the_function(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName="s", TemplateBody=template(Name="a", Size=5, Fail="Create"), Capabilities=["CAPABILITY_IAM"]
    )
    assert settle(cloudformation, "s") == "ROLLBACK_COMPLETE"
    (reason,) = reasons(cloudformation, "s")
    assert reason.startswith("Received response status [FAILED] from custom resource. Message returned: as told (Req")


def answer(url: str, body: bytes) -> int:
    request = urllib.request.Request(url, body, method="PUT")
    try:
        with urllib.request.urlopen(request) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_topic_can_stand_behind_a_custom_resource(client: Client) -> None:
    cloudformation, sns, sqs = client("cloudformation"), client("sns"), client("sqs")
    topic = sns.create_topic(Name="requests")["TopicArn"]
    queue = sqs.create_queue(QueueName="requests")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue_arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})
    thing = {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"ServiceToken": topic, "N": 1}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"Thing": thing}}))
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    request = json.loads(message["Body"])
    assert (request["RequestType"], request["ResourceProperties"]["N"]) == ("Create", "1")
    assert answer(request["ResponseURL"] + "x", b"{}") == 400
    assert answer(request["ResponseURL"], b"[" * 3_000) == 400
    assert answer(request["ResponseURL"], b'{"Reason": "' + b"x" * 5_000 + b'"}') == 400
    assert status(cloudformation, "s") == "CREATE_IN_PROGRESS"
    body = {"Status": "SUCCESS", "PhysicalResourceId": "it"}
    assert answer(request["ResponseURL"], json.dumps(body).encode()) == 200
    assert settle(cloudformation, "s") == "CREATE_COMPLETE"
    assert answer(request["ResponseURL"], b"{}") == 400
    (row,) = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    assert row["PhysicalResourceId"] == "it"


WAITING: dict[str, Any] = {
    "Resources": {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "600", "Count": 2},
        },
    },
    "Outputs": {"Data": {"Value": {"Fn::GetAtt": ["Wait", "Data"]}}},
}


def handle_url(cloudformation: Any) -> str:
    rows = cloudformation.describe_stack_resources(StackName="s", LogicalResourceId="Handle")["StackResources"]
    return str(rows[0]["PhysicalResourceId"])


def signal(url: str, unique_id: str, status: str = "SUCCESS") -> None:
    body = {"Status": status, "UniqueId": unique_id, "Data": f"data {unique_id}", "Reason": "told"}
    assert answer(url, json.dumps(body).encode()) == 200


def test_wait_condition_waits_for_its_signals(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(WAITING))
    assert status(cloudformation, "s") == "CREATE_IN_PROGRESS"
    url = handle_url(cloudformation)
    signal(url, "a")
    signal(url, "b")
    assert settle(cloudformation, "s") == "CREATE_COMPLETE"
    assert json.loads(outputs(cloudformation, "s")["Data"]) == {"a": "data a", "b": "data b"}


def test_wait_condition_fails_with_the_reason_of_its_signal(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(WAITING))
    url = handle_url(cloudformation)
    signal(url, "a")
    signal(url, "b", "FAILURE")
    assert settle(cloudformation, "s") == "ROLLBACK_COMPLETE"
    assert reasons(cloudformation, "s") == ["WaitCondition received failed message: 'told' for uniqueId: b"]


def test_wait_condition_times_out(timed: EngineThread) -> None:
    cloudformation = timed.client("cloudformation")
    request = {"StackName": "s", "TemplateBody": json.dumps(WAITING), "OnFailure": "DO_NOTHING"}
    thread = threading.Thread(target=lambda: cloudformation.create_stack(**request))
    thread.start()
    watching = timed.client("cloudformation")
    until(lambda: has_handle(watching), "the handle")
    signal(handle_url(watching), "a")
    timed.clock.advance(601)
    thread.join()
    assert settle(watching, "s") == "CREATE_FAILED"
    assert "WaitCondition timed out. Received 1 conditions when expecting 2" in reasons(watching, "s")


def has_handle(cloudformation: Any) -> bool:
    events = cloudformation.describe_stacks()["Stacks"]
    if not events:
        return False
    rows = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    return any(row["LogicalResourceId"] == "Wait" and "PhysicalResourceId" in row for row in rows)


def test_signals_survive_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        cloudformation = engine.client("cloudformation")
        cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(WAITING))
        assert status(cloudformation, "s") == "CREATE_IN_PROGRESS"
        url = handle_url(cloudformation)
        signal(url, "a")
        port = int(url.split(":")[2].split("/")[0])
    with EngineThread(tmp_path, port=port) as engine:
        cloudformation = engine.client("cloudformation")
        assert status(cloudformation, "s") == "CREATE_IN_PROGRESS"
        signal(url, "b")
        assert settle(cloudformation, "s") == "CREATE_COMPLETE"
        assert set(json.loads(outputs(cloudformation, "s")["Data"])) == {"a", "b"}


def test_deletion_ends_the_wait(client: Client) -> None:
    cloudformation = client("cloudformation")
    stack_id = cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(WAITING))["StackId"]
    assert status(cloudformation, "s") == "CREATE_IN_PROGRESS"
    cloudformation.delete_stack(StackName="s")
    assert settle(cloudformation, stack_id) == "DELETE_COMPLETE"
