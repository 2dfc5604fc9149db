"""Goal: CloudFormation gives nobody more rights than the caller has: roles, templates in S3, condition keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from onebox.testing import EngineThread

Client = Callable[..., Any]
QUEUE = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})
ROLE = json.dumps(
    {
        "Resources": {
            "Admin": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
            }
        }
    }
)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def deny(*actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **more}


def trust(**principal: str) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def service_role(client: Client) -> str:
    """A role with every right that CloudFormation may assume."""
    iam = client("iam")
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"))[
        "Role"
    ]
    iam.put_role_policy(RoleName="deployer", PolicyName="all", PolicyDocument=document(allow("*")))
    return str(role["Arn"])


@pytest.fixture
def restricted(client: Client, onebox: EngineThread, account: str) -> Callable[..., Any]:
    """Makes a CloudFormation client of a role with the given statements."""

    def make(*statements: dict[str, Any]) -> Any:
        iam = client("iam")
        iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust(AWS=account))
        iam.put_role_policy(RoleName="caller", PolicyName="own", PolicyDocument=document(*statements))
        credentials = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/caller", RoleSessionName="shift")[
            "Credentials"
        ]
        return boto3.client(
            "cloudformation",
            region_name="us-east-1",
            endpoint_url=onebox.endpoint_url,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    return make


def test_role_needs_the_right_to_pass_it(client: Client, restricted: Client, service_role: str) -> None:
    caller = restricted(allow("cloudformation:*"))
    code, message = refusal(
        caller.create_stack,
        StackName="s",
        TemplateBody=ROLE,
        RoleARN=service_role,
        Capabilities=["CAPABILITY_IAM"],
    )
    assert code == "AccessDenied"
    assert f"iam:PassRole on resource: {service_role}" in message
    assert client("cloudformation").list_stacks()["StackSummaries"] == []


@pytest.mark.parametrize("operation", ["update_stack", "delete_stack", "create_change_set"])
def test_role_cannot_be_given_to_a_stack_later_without_that_right(
    client: Client, restricted: Client, service_role: str, operation: str
) -> None:
    client("cloudformation").create_stack(StackName="s", TemplateBody=QUEUE)
    caller = restricted(allow("cloudformation:*"))
    request: dict[str, Any] = {"StackName": "s", "RoleARN": service_role}
    if operation != "delete_stack":
        request |= {"TemplateBody": ROLE, "Capabilities": ["CAPABILITY_IAM"]}
    if operation == "create_change_set":
        request["ChangeSetName"] = "c"
    assert refusal(getattr(caller, operation), **request)[0] == "AccessDenied"
    assert client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_passed_role_acts_for_the_caller(restricted: Client, service_role: str) -> None:
    passing = allow(
        "iam:PassRole",
        resource=service_role,
        Condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
    )
    caller = restricted(allow("cloudformation:*"), passing)
    caller.create_stack(StackName="s", TemplateBody=QUEUE, RoleARN=service_role)
    stack = caller.describe_stacks(StackName="s")["Stacks"][0]
    assert (stack["StackStatus"], stack["RoleARN"]) == ("CREATE_COMPLETE", service_role)


def test_change_set_is_executed_with_the_rights_of_whoever_executes_it(client: Client, restricted: Client) -> None:
    cloudformation, sqs = client("cloudformation"), client("sqs")
    create = {"ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": QUEUE}
    cloudformation.create_change_set(StackName="made-by-admin", **create)
    caller = restricted(allow("cloudformation:*"))
    caller.create_change_set(StackName="made-by-caller", **create)
    caller.execute_change_set(StackName="made-by-admin", ChangeSetName="c")
    with pytest.raises(WaiterError):
        caller.get_waiter("stack_create_complete").wait(StackName="made-by-admin", WaiterConfig={"Delay": 1})
    events = cloudformation.describe_stack_events(StackName="made-by-admin")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert len(reasons) == 1
    assert "HandlerErrorCode: AccessDenied" in reasons[0]
    assert "QueueUrls" not in sqs.list_queues()
    cloudformation.execute_change_set(StackName="made-by-caller", ChangeSetName="c")
    cloudformation.get_waiter("stack_create_complete").wait(StackName="made-by-caller", WaiterConfig={"Delay": 1})
    assert len(sqs.list_queues()["QueueUrls"]) == 1


def test_role_must_exist_and_trust_cloudformation(client: Client, account: str) -> None:
    client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=trust(Service="lambda.amazonaws.com"))
    for role_arn in (
        f"arn:aws:iam::{account}:role/other",
        f"arn:aws:iam::{account}:role/none",
        "arn:aws:iam::210987654321:role/deployer",
        "arn:aws:iam::210987654321:user/deployer-of-something",
    ):
        code, message = refusal(
            client("cloudformation").create_stack, StackName="s", TemplateBody=QUEUE, RoleARN=role_arn
        )
        assert (code, message) == ("ValidationError", f"Role {role_arn} is invalid or cannot be assumed")


def test_template_url_is_read_with_the_rights_of_the_caller(client: Client, restricted: Client, account: str) -> None:
    bucket = f"templates-{account}"
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="queue.json", Body=QUEUE)
    url = f"https://{bucket}.s3.amazonaws.com/queue.json"
    caller = restricted(allow("cloudformation:*", "sqs:*"))
    for call in (caller.validate_template, caller.get_template_summary):
        code, message = refusal(call, TemplateURL=url)
        assert code == "ValidationError"
        assert "s3:GetObject" in message
    client("iam").put_role_policy(
        RoleName="caller",
        PolicyName="read",
        PolicyDocument=document(allow("s3:GetObject", resource=f"arn:aws:s3:::{bucket}/queue.json")),
    )
    assert caller.validate_template(TemplateURL=url)["Parameters"] == []
    caller.create_stack(StackName="s", TemplateURL=url)
    assert caller.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    "url",
    ["https://[::1", "https://[::1]x/y", "http://", "ftp://b/k", "b/k", "https://host/only", "https://h/%ff/%ff", "é"],
)
def test_malformed_template_url_is_refused(client: Client, url: str) -> None:
    assert refusal(client("cloudformation").validate_template, TemplateURL=url)[0] == "ValidationError"


def test_large_object_is_no_template(client: Client, account: str) -> None:
    bucket = f"templates-{account}"
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="large", Body=b"#" * 1_000_001)
    url = f"https://s3.amazonaws.com/{bucket}/large"
    code, message = refusal(client("cloudformation").validate_template, TemplateURL=url)
    assert (code, message) == ("ValidationError", "Template may not exceed 1000000 bytes in size.")


def test_stack_policy_is_read_from_a_url(client: Client, account: str) -> None:
    bucket = f"templates-{account}"
    client("s3").create_bucket(Bucket=bucket)
    policy = '{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}'
    client("s3").put_object(Bucket=bucket, Key="policy", Body=policy)
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=QUEUE)
    cloudformation.set_stack_policy(StackName="s", StackPolicyURL=f"https://s3.amazonaws.com/{bucket}/policy")
    assert cloudformation.get_stack_policy(StackName="s")["StackPolicyBody"] == policy


CONDITIONS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "cloudformation:TemplateUrl": ({"cloudformation:TemplateUrl": "https://*"}, {"TemplateURL": "https://b.s3.x/k"}),
    "cloudformation:RoleArn": ({"cloudformation:RoleArn": "arn:*"}, {"RoleARN": "arn:aws:iam::1:role/longenough"}),
    "cloudformation:ResourceTypes": (
        {"cloudformation:ResourceTypes": "AWS::IAM::*"},
        {"ResourceTypes": ["AWS::IAM::Role"]},
    ),
    "cloudformation:StackPolicyUrl": ({"cloudformation:StackPolicyUrl": "https://*"}, {"StackPolicyURL": "https://p"}),
    "aws:TagKeys": ({"aws:TagKeys": "secret"}, {"Tags": [{"Key": "secret", "Value": "x"}]}),
    "aws:RequestTag": ({"aws:RequestTag/team": "red"}, {"Tags": [{"Key": "team", "Value": "red"}]}),
}


@pytest.mark.parametrize("key", CONDITIONS)
def test_deny_on_a_condition_key_fires(restricted: Client, key: str) -> None:
    condition, members = CONDITIONS[key]
    operator = "ForAnyValue:StringLike" if key in ("cloudformation:ResourceTypes", "aws:TagKeys") else "StringLike"
    caller = restricted(allow("*"), deny("cloudformation:CreateStack", Condition={operator: condition}))
    request = {"StackName": "s", **members} | ({} if "TemplateURL" in members else {"TemplateBody": QUEUE})
    code, message = refusal(caller.create_stack, **request)
    assert code == "AccessDenied"
    assert "explicit deny" in message
    caller.create_stack(StackName="s", TemplateBody=QUEUE)


def test_deny_on_the_tags_of_a_stack_and_on_change_set_names_fires(client: Client, restricted: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="red", TemplateBody=QUEUE, Tags=[{"Key": "team", "Value": "red"}])
    cloudformation.create_stack(StackName="blue", TemplateBody=QUEUE, Tags=[{"Key": "team", "Value": "blue"}])
    tagged = deny("cloudformation:*", Condition={"StringEquals": {"aws:ResourceTag/team": "red"}})
    named = deny("cloudformation:CreateChangeSet", Condition={"StringLike": {"cloudformation:ChangeSetName": "x*"}})
    caller = restricted(allow("*"), tagged, named)
    red_id = cloudformation.describe_stacks(StackName="red")["Stacks"][0]["StackId"]
    for name in ("red", red_id):
        assert refusal(caller.delete_stack, StackName=name)[0] == "AccessDenied"
    other = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    request = {"StackName": "blue", "TemplateBody": other}
    assert refusal(caller.create_change_set, ChangeSetName="x1", **request)[0] == "AccessDenied"
    caller.create_change_set(ChangeSetName="y1", **request)
    change_set_id = cloudformation.create_change_set(ChangeSetName="c", **{**request, "StackName": "red"})["Id"]
    assert refusal(caller.describe_change_set, ChangeSetName=change_set_id)[0] == "AccessDenied"
    assert refusal(caller.execute_change_set, ChangeSetName=change_set_id)[0] == "AccessDenied"
