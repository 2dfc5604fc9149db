"""Goal: stacks over the API: made of real resources, changed, compared, ended; refused in AWS's codes and words."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.cloudformation_templates import every_type

Client = Callable[..., Any]
ORDER_SYSTEM = (Path(__file__).parents[2] / "template.yaml").read_text("utf-8")
QUEUE = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})


def parameters(**values: str) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def status(cloudformation: Any, name: str) -> str:
    return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def failures(cloudformation: Any, name: str) -> list[str]:
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"].endswith("_FAILED")]


@pytest.fixture
def artifact(client: Client) -> list[dict[str, str]]:
    """The parameters that name an uploaded function package."""
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("orders/processor/lambda_handler.py", "def lambda_handler(event, context):\n    return {}\n")
    s3 = client("s3")
    bucket = f"artifacts-{client('sts').get_caller_identity()['Account']}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="code.zip", Body=package.getvalue())
    return parameters(ArtifactBucket=bucket, ArtifactKey="code.zip")


def test_create_stack_of_the_order_system_makes_all_of_it(client: Client, artifact: list[dict[str, str]]) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(
        StackName="orders", TemplateBody=ORDER_SYSTEM, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=artifact
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName="orders")
    stack = cloudformation.describe_stacks(StackName="orders")["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    sqs = client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=outputs["OrderQueueUrl"], AttributeNames=["All"])["Attributes"]
    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] == 3
    assert attributes["VisibilityTimeout"] == "180"
    assert "sns.amazonaws.com" in attributes["Policy"]
    assert client("dynamodb").describe_table(TableName="Orders")["Table"]["TableStatus"] == "ACTIVE"
    function = client("lambda").get_function_configuration(FunctionName="OrderProcessor")
    assert (function["Timeout"], function["MemorySize"], function["Runtime"]) == (30, 512, "python3.13")
    mapping = client("lambda").list_event_source_mappings(FunctionName="OrderProcessor")["EventSourceMappings"][0]
    assert (mapping["State"], mapping["FunctionResponseTypes"]) == ("Enabled", ["ReportBatchItemFailures"])
    subscriptions = client("sns").list_subscriptions_by_topic(TopicArn=outputs["OrderTopicArn"])["Subscriptions"]
    assert [subscription["Protocol"] for subscription in subscriptions] == ["sqs"]
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    # Those of the options History and Archive are not made.
    kept = re.findall(r"Type: AWS::CloudWatch::Alarm\n    (?!Condition:)", ORDER_SYSTEM)
    assert len(alarms) == len(kept) > 0
    tags = client("iam").list_role_tags(RoleName="LambdaOrderProcessorRole")["Tags"]
    assert {"Key": "aws:cloudformation:stack-name", "Value": "orders"} in tags


def test_delete_stack_of_the_order_system_leaves_the_orders(client: Client, artifact: list[dict[str, str]]) -> None:
    cloudformation = client("cloudformation")
    stack_id = cloudformation.create_stack(
        StackName="orders", TemplateBody=ORDER_SYSTEM, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=artifact
    )["StackId"]
    cloudformation.delete_stack(StackName="orders")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="orders")
    assert status(cloudformation, stack_id) == "DELETE_COMPLETE"
    assert client("dynamodb").list_tables()["TableNames"] == ["Orders"]
    assert not client("sqs").list_queues().get("QueueUrls")
    assert client("sns").list_topics()["Topics"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("lambda").list_event_source_mappings()["EventSourceMappings"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    # As on AWS, the last lines of a function's process may come after its log group is gone, and make it anew.
    left = {group["logGroupName"] for group in client("logs").describe_log_groups()["logGroups"]}
    assert "/orders/audit" in left
    assert left <= {"/aws/lambda/OrderProcessor", "/orders/audit"}


def test_stack_of_every_type_is_made_changed_and_ended_without_drift(client: Client) -> None:
    cloudformation = client("cloudformation")
    stack_id = cloudformation.create_stack(
        StackName="all", TemplateBody=json.dumps(every_type(1)), Capabilities=["CAPABILITY_IAM"]
    )["StackId"]
    for version in (1, 2):
        if version == 2:
            cloudformation.update_stack(
                StackName="all", TemplateBody=json.dumps(every_type(2)), Capabilities=["CAPABILITY_IAM"]
            )
        assert failures(cloudformation, "all") == []
        detection = cloudformation.detect_stack_drift(StackName="all")["StackDriftDetectionId"]
        found = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        drifts = cloudformation.describe_stack_resource_drifts(StackName="all")["StackResourceDrifts"]
        differing = [drift["PropertyDifferences"] for drift in drifts if drift["StackResourceDriftStatus"] != "IN_SYNC"]
        assert (found["DetectionStatus"], found["StackDriftStatus"], differing) == ("DETECTION_COMPLETE", "IN_SYNC", [])
    cloudformation.delete_stack(StackName="all")
    assert failures(cloudformation, stack_id) == []
    assert status(cloudformation, stack_id) == "DELETE_COMPLETE"
    assert client("dynamodb").list_tables()["TableNames"] == []
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("iam").list_policies(Scope="Local")["Policies"] == []


def test_inline_function_of_a_stack_runs(client: Client) -> None:
    cloudformation = client("cloudformation")
    template = json.dumps(every_type(1))
    cloudformation.create_stack(StackName="all", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    arn = cloudformation.describe_stacks(StackName="all")["Stacks"][0]["Outputs"][0]["OutputValue"]
    assert client("lambda").invoke(FunctionName=arn)["Payload"].read() == b"1"


def test_create_stack_whose_role_may_not_fails_with_the_services_words(client: Client) -> None:
    iam, cloudformation = client("iam"), client("cloudformation")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}}]}
    trust["Statement"][0]["Action"] = "sts:AssumeRole"
    role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    cloudformation.create_stack(StackName="s", TemplateBody=QUEUE, RoleARN=role)
    assert status(cloudformation, "s") == "ROLLBACK_COMPLETE"
    (reason,) = failures(cloudformation, "s")
    assert "assumed-role/deployer/AWSCloudFormation is not authorized to perform: sqs:" in reason
    assert reason.endswith("HandlerErrorCode: AccessDenied)")


def test_create_stack_from_template_in_s3_is_like_one_in_the_request(client: Client, onebox: EngineThread) -> None:
    s3, cloudformation = client("s3"), client("cloudformation")
    bucket = f"templates-{client('sts').get_caller_identity()['Account']}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a/q.json", Body=QUEUE.encode())
    cloudformation.create_stack(StackName="s", TemplateURL=f"{onebox.endpoint_url}/{bucket}/a/q.json")
    assert cloudformation.get_template(StackName="s")["TemplateBody"] == json.loads(QUEUE)
    with pytest.raises(ClientError, match="S3 error: The specified key does not exist"):
        cloudformation.create_stack(StackName="t", TemplateURL=f"https://{bucket}.s3.amazonaws.com/none.json")


def test_stack_of_a_stopped_clock_is_made_at_once(timed: EngineThread) -> None:
    cloudformation = timed.client("cloudformation")
    every = every_type(1)["Resources"]
    some = {name: every[name] for name in ("Table", "Queue", "Dead", "Topic", "Alarm", "Role", "Bucket", "Group")}
    template = json.dumps({"Resources": some})
    cloudformation.create_stack(StackName="s", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    assert status(cloudformation, "s") == "CREATE_COMPLETE"


def test_describe_stack_events_pages_the_newest_first(client: Client) -> None:
    cloudformation = client("cloudformation")
    queues = {f"Q{number}": {"Type": "AWS::SQS::Queue"} for number in range(40)}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": queues}))
    pages = list(cloudformation.get_paginator("describe_stack_events").paginate(StackName="s"))
    events = [event for page in pages for event in page["StackEvents"]]
    assert [len(page["StackEvents"]) for page in pages] == [100, 22]
    assert len({event["EventId"] for event in events}) == 122
    assert (events[0]["ResourceStatus"], events[-1]["ResourceStatusReason"]) == ("CREATE_COMPLETE", "User Initiated")


def test_get_template_summary_tells_what_the_template_needs(client: Client) -> None:
    summary = client("cloudformation").get_template_summary(TemplateBody=ORDER_SYSTEM)
    assert summary["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert "AWS::IAM::Role" in summary["CapabilitiesReason"]
    keys = {parameter["ParameterKey"]: parameter for parameter in summary["Parameters"]}
    assert keys["Runtime"]["ParameterConstraints"]["AllowedValues"][0] == "python3.10"
    assert keys["ArtifactBucket"]["DefaultValue"] == ""
    assert "AWS::SQS::Queue" in summary["ResourceTypes"]


def test_stacks_of_regions_and_accounts_are_apart(client: Client) -> None:
    client("cloudformation").create_stack(StackName="s", TemplateBody=QUEUE)
    other = client("cloudformation", region="eu-west-1")
    assert other.describe_stacks()["Stacks"] == []
    other.create_stack(StackName="s", TemplateBody=QUEUE)
    assert status(other, "s") == "CREATE_COMPLETE"
