"""Goal: functions are created, shown, changed and deleted as on AWS, and what AWS refuses is refused in its words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import BASIC, make_function, make_role

ECHO = "def handler(event, context):\n    return event\n"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_list_functions_pages_in_order_of_names(client: Callable[..., Any]) -> None:
    role = make_role(client)
    for name in ("c", "a", "b"):
        make_function(client, ECHO, FunctionName=name, Role=role)
    first = client("lambda").list_functions(MaxItems=2)
    second = client("lambda").list_functions(MaxItems=2, Marker=first["NextMarker"])
    names = [function["FunctionName"] for function in first["Functions"] + second["Functions"]]
    assert names == ["a", "b", "c"]
    assert "NextMarker" not in second
    assert client("lambda").list_functions()["Functions"][0]["Version"] == "$LATEST"
    assert client("lambda", region="eu-west-1").list_functions()["Functions"] == []


def test_get_account_settings_counts_functions(client: Callable[..., Any]) -> None:
    make_function(client, ECHO)
    settings = client("lambda").get_account_settings()
    assert settings["AccountUsage"]["FunctionCount"] == 1
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000


def test_function_of_another_account_needs_its_permission(client: Callable[..., Any], onebox: EngineThread) -> None:
    arn = make_function(client, ECHO)["FunctionArn"]
    stranger = onebox.client("lambda", account="999988887777")
    assert refusal(stranger.delete_function, FunctionName=arn)[0] == "AccessDeniedException"
    code, message = refusal(stranger.invoke, FunctionName=arn, Payload=b"1")
    assert code == "AccessDeniedException"
    assert "no resource-based policy allows the lambda:InvokeFunction action" in message
    client("lambda").add_permission(
        FunctionName="function", StatementId="s", Action="lambda:InvokeFunction", Principal="999988887777"
    )
    assert stranger.invoke(FunctionName=arn, Payload=b"1")["Payload"].read() == b"1"
    assert refusal(stranger.get_function, FunctionName=arn)[0] == "AccessDeniedException"


def test_create_function_caller_may_not_pass_the_role_is_refused(client: Callable[..., Any], account: str) -> None:
    role = make_role(client, BASIC)
    policy = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    iam = client("iam")
    iam.create_role(RoleName="developer", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    iam.put_role_policy(RoleName="developer", PolicyName="p", PolicyDocument=json.dumps({"Statement": [policy]}))
    assumed = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/developer", RoleSessionName="session")
    keys = assumed["Credentials"]
    developer = boto3.client(
        "lambda",
        endpoint_url=client("sts").meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    code, message = refusal(make_function, client=lambda *_, **__: developer, code=ECHO, Role=role)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message
