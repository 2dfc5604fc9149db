"""Goal: settings are stored, shown and refused as on AWS; results go to topics and functions as well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import BASIC, SQS, counts, log_messages, make_function, make_queue, make_role
from tests.polling import until

ECHO = "def handler(event, context):\n    return event\n"
EVERYTHING = "arn:aws:iam::aws:policy/AdministratorAccess"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_code_signing_configurations(client: Callable[..., Any]) -> None:
    api = client("lambda")
    publishers = {"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:123456789012:/signing-profiles/p/abcdefghij"]}
    created = api.create_code_signing_config(AllowedPublishers=publishers)["CodeSigningConfig"]
    arn = created["CodeSigningConfigArn"]
    assert len(created["CodeSigningConfigId"]) == 21
    assert created["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    api.update_code_signing_config(
        CodeSigningConfigArn=arn, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Enforce"}
    )
    found = api.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"]
    assert found["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    make_function(client, ECHO)
    assert "CodeSigningConfigArn" not in api.get_function_code_signing_config(FunctionName="function")
    api.put_function_code_signing_config(FunctionName="function", CodeSigningConfigArn=arn)
    assert api.get_function_code_signing_config(FunctionName="function")["CodeSigningConfigArn"] == arn
    assert len(api.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]) == 1
    assert refusal(api.delete_code_signing_config, CodeSigningConfigArn=arn)[0] == "ResourceConflictException"
    api.delete_function_code_signing_config(FunctionName="function")
    assert len(api.list_code_signing_configs()["CodeSigningConfigs"]) == 1
    assert api.delete_code_signing_config(CodeSigningConfigArn=arn)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(api.get_code_signing_config, CodeSigningConfigArn=arn) == (
        "ResourceNotFoundException",
        f"The Lambda code signing configuration {arn} can not be found.",
    )
    put = {"FunctionName": "function", "CodeSigningConfigArn": arn}
    assert refusal(api.put_function_code_signing_config, **put)[0] == "CodeSigningConfigNotFoundException"


def test_recursion_and_runtime_management_are_stored(tmp_path: Path) -> None:
    with EngineThread(data=tmp_path) as engine:
        make_function(engine.client, ECHO)
        api = engine.client("lambda")
        assert api.get_function_recursion_config(FunctionName="function")["RecursiveLoop"] == "Terminate"
        assert api.get_runtime_management_config(FunctionName="function")["UpdateRuntimeOn"] == "Auto"
        api.put_function_recursion_config(FunctionName="function", RecursiveLoop="Allow")
        api.put_runtime_management_config(FunctionName="function", UpdateRuntimeOn="FunctionUpdate")
        code, message = refusal(api.put_function_recursion_config, FunctionName="function", RecursiveLoop="x")
        assert (code, message.rpartition(": ")[2]) == ("ValidationException", "[Terminate, Allow]")
    with EngineThread(data=tmp_path) as engine:
        api = engine.client("lambda")
        assert api.get_function_recursion_config(FunctionName="function")["RecursiveLoop"] == "Allow"
        assert api.get_runtime_management_config(FunctionName="function")["UpdateRuntimeOn"] == "FunctionUpdate"


def test_event_invoke_configs_say_what_is_missing_and_wrong(client: Callable[..., Any]) -> None:
    api = client("lambda")
    put, update = api.put_function_event_invoke_config, api.update_function_event_invoke_config
    missing = ("ResourceNotFoundException", "The function doesn't exist.")
    for call in (put, update):
        assert refusal(call, FunctionName="x", MaximumRetryAttempts=1) == missing
    assert refusal(api.list_function_event_invoke_configs, FunctionName="x") == missing
    assert "doesn't have an EventInvokeConfig" in refusal(api.get_function_event_invoke_config, FunctionName="x")[1]
    arn = make_function(client, ECHO)["FunctionArn"]
    code, message = refusal(put, FunctionName="function", DestinationConfig={"OnFailure": {"Destination": "queue"}})
    assert (code, "'destinationConfig.onFailure.destination'" in message) == ("ValidationException", True)
    own = {"OnSuccess": {"Destination": arn}}
    assert refusal(put, FunctionName="function", DestinationConfig=own)[1] == (
        "You can't specify the function as a destination for itself."
    )
    absent = {"OnSuccess": {"Destination": f"{arn}x"}}
    assert refusal(put, FunctionName="function", DestinationConfig=absent)[1] == (
        f"The destination ARN {arn}x is invalid."
    )
    table = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
    assert refusal(put, FunctionName="function", DestinationConfig={"OnSuccess": {"Destination": table}})[1] == (
        f"The provided destination config DestinationConfig(onSuccess=OnSuccess(destination={table}), onFailure=null) "
        "is invalid."
    )
    shown = put(FunctionName="function", MaximumRetryAttempts=1)
    assert shown["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}


def test_results_go_to_a_topic_and_a_function(client: Callable[..., Any]) -> None:
    role = make_role(client, EVERYTHING)
    make_function(client, ECHO, Role=role)
    log = "def handler(event, context):\n    print('heard', event['requestContext']['condition'])\n"
    listener = make_function(client, log, Role=role, FunctionName="listener")["FunctionArn"]
    topic = client("sns").create_topic(Name="topic")["TopicArn"]
    url, queue = make_queue(client)
    client("sqs").set_queue_attributes(
        QueueUrl=url,
        Attributes={
            "Policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
                    ],
                }
            )
        },
    )
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    api = client("lambda")
    api.put_function_event_invoke_config(
        FunctionName="function",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnSuccess": {"Destination": listener}, "OnFailure": {"Destination": topic}},
    )
    api.invoke(FunctionName="function", InvocationType="Event", Payload=b"1")
    until(lambda: "heard Success\n" in log_messages(client, "/aws/lambda/listener"), "the result at the function")
    api.put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
    api.invoke(FunctionName="function", InvocationType="Event", Payload=b"1")
    until(lambda: counts(client, url)[0] == 1, "the failure at the topic")
    [message] = client("sqs").receive_message(QueueUrl=url)["Messages"]
    record = json.loads(json.loads(message["Body"])["Message"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record


def test_dead_letter_topic_needs_the_right_to_publish(client: Callable[..., Any]) -> None:
    topic = client("sns").create_topic(Name="topic")["TopicArn"]
    role = make_role(client, BASIC, SQS)
    target = {"DeadLetterConfig": {"TargetArn": topic}}
    code, message = refusal(make_function, client=client, code=ECHO, Role=role, **target)
    assert (code, message.rpartition(" call ")[2]) == ("InvalidParameterValueException", "Publish on SNS")
    allowed = make_role(client, EVERYTHING, name="allowed")
    assert make_function(client, ECHO, Role=allowed, **target)["DeadLetterConfig"] == {"TargetArn": topic}
