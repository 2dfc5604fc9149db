"""Goal: stacks within stacks are created, updated, rolled back and deleted with the outer one, within bounds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.polling import until

Client = Callable[..., Any]


def put(client: Client, account: str, key: str, body: dict[str, Any]) -> str:
    """Upload a template. Returns its URL."""
    bucket = f"templates-{account}"
    s3 = client("s3")
    if bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(body))
    return f"https://s3.amazonaws.com/{bucket}/{key}"


def inner(delay: int = 1) -> dict[str, Any]:
    return {
        "Parameters": {"Name": {"Type": "String"}},
        "Resources": {
            "Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}, "DelaySeconds": delay}}
        },
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}}},
    }


def outer(url: str, name: str) -> str:
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url, "Parameters": {"Name": name}}}
    return json.dumps(
        {"Resources": {"Inner": nested}, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Arn"]}}}}
    )


def describe(cloudformation: Any, name: str) -> dict[str, Any]:
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return stack


def settle(cloudformation: Any, name: str) -> str:
    until(lambda: not describe(cloudformation, name)["StackStatus"].endswith("_IN_PROGRESS"), "the operation's end")
    return str(describe(cloudformation, name)["StackStatus"])


def test_nested_stack_lives_with_its_parent(client: Client, account: str) -> None:
    cloudformation, sqs = client("cloudformation"), client("sqs")
    url = put(client, account, "inner.json", inner())
    stack_id = cloudformation.create_stack(StackName="s", TemplateBody=outer(url, "one"))["StackId"]
    assert settle(cloudformation, "s") == "CREATE_COMPLETE"
    assert describe(cloudformation, "s")["Outputs"][0]["OutputValue"] == f"arn:aws:sqs:us-east-1:{account}:one"
    (row,) = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    child = describe(cloudformation, row["PhysicalResourceId"])
    assert child["StackName"].startswith("s-Inner-")
    assert (child["ParentId"], child["RootId"]) == (stack_id, stack_id)

    put(client, account, "inner.json", inner(delay=7))
    cloudformation.update_stack(StackName="s", TemplateBody=outer(url, "one"))
    assert settle(cloudformation, "s") == "UPDATE_COMPLETE"
    queue = sqs.get_queue_url(QueueName="one")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["DelaySeconds"])["Attributes"]
    assert attributes == {"DelaySeconds": "7"}
    cloudformation.update_stack(StackName="s", TemplateBody=outer(url, "two"))
    assert settle(cloudformation, "s") == "UPDATE_COMPLETE"
    assert describe(cloudformation, "s")["Outputs"][0]["OutputValue"].endswith(":two")
    assert describe(cloudformation, row["PhysicalResourceId"])["ParentId"] == stack_id

    cloudformation.delete_stack(StackName="s")
    assert settle(cloudformation, stack_id) == "DELETE_COMPLETE"
    assert settle(cloudformation, row["PhysicalResourceId"]) == "DELETE_COMPLETE"
    assert "QueueUrls" not in sqs.list_queues()


def test_failure_of_the_nested_stack_rolls_the_outer_one_back(client: Client, account: str) -> None:
    cloudformation = client("cloudformation")
    url = put(client, account, "inner.json", inner(delay=100_000))
    cloudformation.create_stack(StackName="s", TemplateBody=outer(url, "one"))
    assert settle(cloudformation, "s") == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    (reason,) = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert reason.startswith("Embedded stack arn:aws:cloudformation:")
    assert "was not successfully created: " in reason
    assert "[Q]" in reason or reason.endswith(": ")
    assert [one["StackName"] for one in cloudformation.describe_stacks()["Stacks"]] == ["s"]


def test_template_that_nests_itself_comes_to_an_end(client: Client, account: str) -> None:
    cloudformation = client("cloudformation")
    bucket = f"templates-{account}"
    url = f"https://s3.amazonaws.com/{bucket}/self.json"
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    put(client, account, "self.json", {"Resources": {"Inner": nested}})
    cloudformation.create_stack(StackName="s", TemplateURL=url)
    assert settle(cloudformation, "s") == "ROLLBACK_COMPLETE"
    assert [one["StackName"] for one in cloudformation.describe_stacks()["Stacks"]] == ["s"]


def test_there_are_no_stack_sets(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.delete_stack_set(StackSetName="none")
    assert cloudformation.list_stack_sets()["Summaries"] == []
    with pytest.raises(ClientError, match="StackSet none not found") as refused:
        cloudformation.create_stack_instances(StackSetName="none", Regions=["us-east-1"], Accounts=["1" * 12])
    assert refused.value.response["Error"]["Code"] == "StackSetNotFoundException"
