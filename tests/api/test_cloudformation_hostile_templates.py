"""Goal: whatever the template or token is, the answer is an error of AWS's and no other request waits for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.stalls.loop import loop_turns

Client = Callable[..., Any]
DELAY_MAX_S = 0.1
QUEUE = {"Type": "AWS::SQS::Queue"}


def patient(client: Client) -> Any:
    return client("cloudformation", read_timeout=120)


def upload(client: Client, account: str, text: str) -> str:
    bucket = f"templates-{account}"
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="t", Body=text)
    return f"https://s3.amazonaws.com/{bucket}/t"


def doubling(levels: int) -> Any:
    value: Any = "x" * 10
    for _ in range(levels):
        value = {"Fn::Sub": ["${a}${a}${a}${a}${a}${a}${a}${a}", {"a": value}]}
    return value


def escaping(levels: int) -> Any:
    value: Any = "\\" * 100
    for _ in range(levels):
        value = {"Fn::ToJsonString": [value]}
    return value


MANY = {f"Q{number}": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "x" * 1_900}} for number in range(500)}
LIST = {"Type": "CommaDelimitedList", "Default": ",".join("a" * 2_000)}
BOMBS: dict[str, dict[str, Any]] = {
    "sub": {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": doubling(12)}}}},
    "json text": {
        "Transform": "AWS::LanguageExtensions",
        "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": escaping(40)}}},
    },
    "join": {
        "Resources": {
            "T": {
                "Type": "AWS::SNS::Topic",
                "Properties": {
                    "DisplayName": {"Fn::Join": ["x" * 20_000, {"Fn::Split": ["a", "a" * 20_000]}]},
                },
            }
        }
    },
    "list parameter": {
        "Parameters": {"L": LIST},
        "Resources": {
            f"Q{number}": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"PolicyDocument": {}, "Queues": [{"Ref": "L"}] * 40},
            }
            for number in range(20)
        },
    },
    "conditions": {
        "Conditions": {"C0": {"Fn::Equals": ["a", "a"]}}
        | {f"C{number}": {"Condition": f"C{number - 1}"} for number in range(499, 0, -1)},
        "Resources": {"Q": QUEUE},
    },
    "deep": {"Resources": {"Q": {**QUEUE, "Metadata": json.loads("[" * 140 + "]" * 140)}}},
}


@pytest.mark.parametrize("name", BOMBS)
def test_expanding_template_is_refused_and_delays_nobody(client: Client, onebox: EngineThread, name: str) -> None:
    cloudformation = patient(client)
    request = {"StackName": "s", "TemplateBody": json.dumps(BOMBS[name]), "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    with loop_turns(onebox) as turns:
        try:
            cloudformation.create_change_set(ChangeSetName="c", ChangeSetType="CREATE", **request)
            cloudformation.describe_change_set(ChangeSetName="c", StackName="s")
            cloudformation.create_stack(**{**request, "StackName": "t"})
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationError"  # noqa: PT017 - an answer is fine too
    assert max(turns) < DELAY_MAX_S


def large_yaml() -> str:
    lines = ["Resources:", "  Q:", "    Type: AWS::SQS::Queue", "    Metadata:"]
    lines += [f"      Entry{number}: [one, two, {{three: !Sub '${{AWS::Region}}'}}]" for number in range(16_000)]
    return "\n".join(lines)


LARGE = {
    "yaml": large_yaml(),
    "flow list": "Resources: {Q: {Type: AWS::SQS::Queue, Metadata: [" + "1," * 480_000 + "]}}",
    "sexagesimal": "Resources: {Q: {Type: AWS::SQS::Queue, Metadata: {N: 1" + ":59" * 300_000 + "}}}",
    "500 resources": json.dumps({"Resources": MANY})[:1_000_000],
    "500 needs": json.dumps(
        {
            "Resources": {
                f"Q{number}": {**QUEUE, "DependsOn": [f"Q{before}" for before in range(max(0, number - 150), number)]}
                for number in range(500)
            }
        }
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_template_delays_nobody(client: Client, onebox: EngineThread, account: str, name: str) -> None:
    assert len(LARGE[name]) <= 1_000_000
    url = upload(client, account, LARGE[name])
    cloudformation = patient(client)
    with loop_turns(onebox) as turns:
        try:
            cloudformation.get_template_summary(TemplateURL=url)
            cloudformation.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateURL=url)
            cloudformation.describe_stacks()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationError"  # noqa: PT017 - an answer is fine too
    assert max(turns) < DELAY_MAX_S


def with_pattern(pattern: str) -> str:
    return json.dumps({"Parameters": {"P": {"Type": "String", "AllowedPattern": pattern}}, "Resources": {"Q": QUEUE}})


def test_pattern_takes_linear_time(client: Client, onebox: EngineThread) -> None:
    cloudformation = patient(client)
    value = [{"ParameterKey": "P", "ParameterValue": "a" * 4_000 + "!"}]
    with loop_turns(onebox) as turns, pytest.raises(ClientError, match="must match pattern"):
        cloudformation.create_stack(StackName="s", TemplateBody=with_pattern("(a+)+"), Parameters=value)
    assert max(turns) < DELAY_MAX_S


@pytest.mark.parametrize("pattern", ["(?=a)b", "(a", "a{1000}{1000}", r"(a)\1"])
def test_pattern_that_cannot_be_used_is_refused_by_name(client: Client, pattern: str) -> None:
    with pytest.raises(ClientError, match="RE2") as refused:
        client("cloudformation").validate_template(TemplateBody=with_pattern(pattern))
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("text", ["1e999999999", "9" * 5_000, "1e401"])
def test_enormous_number_of_a_parameter_is_no_number(client: Client, text: str) -> None:
    body = json.dumps({"Parameters": {"P": {"Type": "Number", "MinLength": text}}, "Resources": {"Q": QUEUE}})
    with pytest.raises(ClientError, match="must be a number") as refused:
        client("cloudformation").validate_template(TemplateBody=body)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("token", ["é", "5" * 5_000, "-1", "e30", "W10", "WyJhIl0", "Wy0xXQ", "x" * 1_000])
@pytest.mark.parametrize("operation", ["describe_stacks", "list_stacks", "list_exports"])
def test_malformed_token_is_refused(client: Client, operation: str, token: str) -> None:
    cloudformation = client("cloudformation")
    if operation == "list_exports" and token == "WyJhIl0":
        return  # the token of a name
    with pytest.raises(ClientError) as refused:
        getattr(cloudformation, operation)(NextToken=token)
    assert refused.value.response["Error"]["Code"] == "ValidationError"


def test_index_of_thousands_of_digits_is_refused(client: Client) -> None:
    select = {"Fn::Select": ["9" * 5_000, ["a"]]}
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": select}}}})
    cloudformation = client("cloudformation")
    cloudformation.create_change_set(StackName="s", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=body)
    change_set = cloudformation.describe_change_set(StackName="s", ChangeSetName="c")
    assert change_set["Status"] == "FAILED"
    assert change_set["StatusReason"].startswith("Template error: Fn::Select requires a list argument")
