"""Goal: function URLs, log subscriptions and policies, and global tables work in stacks, across restarts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from onebox.testing import EngineThread

ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
LOG_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"}, "Action": "logs:Put*", "Resource": "*"}
    ],
}


FUNCTION = {"Fn::GetAtt": ["Function", "Arn"]}


def template(version: int) -> str:
    """Version 2 changes what can change in place."""
    resources = {**_functions(version), **_logs(version), **_tables(version)}
    outputs = {"Url": {"Value": {"Fn::GetAtt": ["Url", "FunctionUrl"]}}, "Table": {"Value": {"Ref": "Table"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _functions(version: int) -> dict[str, Any]:
    """A function, its role, URL, permission and code signing."""
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": ASSUME}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": "def handler(event, context): ..."},
            },
        },
        "Url": {
            "Type": "AWS::Lambda::Url",
            "Properties": {
                "TargetFunctionArn": FUNCTION,
                "AuthType": "NONE" if version == 1 else "AWS_IAM",
                "Cors": {"AllowOrigins": ["https://shop.example"], "MaxAge": 60 * version},
            },
        },
        "Signing": {
            "Type": "AWS::Lambda::CodeSigningConfig",
            "Properties": {
                "AllowedPublishers": {
                    "SigningProfileVersionArns": [
                        "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abcdefghij"
                    ]
                },
                "Description": f"version {version}",
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "Action": "lambda:InvokeFunction",
                "FunctionName": FUNCTION,
                "Principal": "logs.amazonaws.com",
            },
        },
    }


def _logs(version: int) -> dict[str, Any]:
    """A log group, its subscription filter and a policy of the account."""
    return {
        "Group": {"Type": "AWS::Logs::LogGroup"},
        "Filter": {
            "Type": "AWS::Logs::SubscriptionFilter",
            "DependsOn": "Permission",
            "Properties": {
                "LogGroupName": {"Ref": "Group"},
                "FilterPattern": f"ERROR {version}",
                "DestinationArn": FUNCTION,
            },
        },
        "LogPolicy": {
            "Type": "AWS::Logs::ResourcePolicy",
            "Properties": {"PolicyName": "p", "PolicyDocument": json.dumps({**LOG_POLICY, "Id": f"v{version}"})},
        },
    }


def _tables(version: int) -> dict[str, Any]:
    """A global table in one Region."""
    return {
        "Table": {
            "Type": "AWS::DynamoDB::GlobalTable",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "Replicas": [
                    {
                        "Region": "us-east-1",
                        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": version == 2},
                        "TableClass": "STANDARD_INFREQUENT_ACCESS",
                        "Tags": [{"Key": "version", "Value": str(version)}],
                    }
                ],
                "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            },
        },
    }


def check(cloudformation: Any) -> dict[str, str]:
    """The stack is complete and in sync. Returns its outputs."""
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    assert [event["ResourceStatusReason"] for event in events if "FAILED" in event["ResourceStatus"]] == []
    cloudformation.detect_stack_drift(StackName="s")
    drifts = cloudformation.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert [one["PropertyDifferences"] for one in drifts if one["StackResourceDriftStatus"] != "IN_SYNC"] == []
    stack = cloudformation.describe_stacks(StackName="s")["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def test_types_are_created_changed_and_deleted_across_restarts(tmp_path: Path) -> None:
    request: dict[str, Any] = {"StackName": "s", "Capabilities": ["CAPABILITY_IAM"]}
    with EngineThread(tmp_path) as engine:
        cloudformation = engine.client("cloudformation")
        stack_id = cloudformation.create_stack(TemplateBody=template(1), **request)["StackId"]
        cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
        outputs = check(cloudformation)
        assert ".lambda-url.us-east-1." in outputs["Url"]
        table = engine.client("dynamodb").describe_table(TableName=outputs["Table"])["Table"]
        assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
        assert table["SSEDescription"]["Status"] == "ENABLED"
        tags = engine.client("dynamodb").list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"]
        assert tags == [{"Key": "version", "Value": "1"}]
    with EngineThread(tmp_path) as engine:
        cloudformation = engine.client("cloudformation")
        check(cloudformation)
        cloudformation.update_stack(TemplateBody=template(2), **request)
        cloudformation.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
        check(cloudformation)
    with EngineThread(tmp_path) as engine:
        cloudformation = engine.client("cloudformation")
        cloudformation.delete_stack(StackName="s")
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack_id, WaiterConfig={"Delay": 1})
        assert engine.client("dynamodb").list_tables()["TableNames"] == []
        assert engine.client("logs").describe_resource_policies()["resourcePolicies"] == []


@pytest.mark.parametrize("regions", [["eu-west-1"], ["us-east-1", "eu-west-1"]])
def test_global_table_with_another_region_is_refused_by_name(
    onebox: EngineThread, account: str, regions: list[str]
) -> None:
    cloudformation = onebox.client("cloudformation", account=account)
    body = json.loads(template(1))["Resources"]["Table"]
    body["Properties"]["Replicas"] = [{"Region": region} for region in regions]
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"T": body}}))
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    (reason,) = [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert reason == "onebox has one copy of a table: Replicas must be one, in the region us-east-1."


def test_queues_and_tables_show_no_tags_of_cloudformation(onebox: EngineThread, account: str) -> None:
    cloudformation = onebox.client("cloudformation", account=account)
    table = json.loads(template(1))["Resources"]["Table"]
    del table["Properties"]["Replicas"][0]["Tags"]
    body = {
        "Resources": {"T": table, "Q": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {"Q": {"Value": {"Ref": "Q"}}, "T": {"Value": {"Fn::GetAtt": ["T", "Arn"]}}},
    }
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(body), Tags=[{"Key": "team", "Value": "shop"}])
    outputs = check(cloudformation)
    queue_tags = onebox.client("sqs", account=account).list_queue_tags(QueueUrl=outputs["Q"])["Tags"]
    assert queue_tags == {"team": "shop"}
    tags = onebox.client("dynamodb", account=account).list_tags_of_resource(ResourceArn=outputs["T"])["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]


def test_subscription_reaches_a_topic_of_another_region(onebox: EngineThread, account: str) -> None:
    topic = onebox.client("sns", account=account, region="eu-west-1").create_topic(Name="far")["TopicArn"]
    subscription = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": topic,
            "Region": "eu-west-1",
            "Protocol": "sqs",
            "Endpoint": {"Fn::GetAtt": ["Q", "Arn"]},
        },
    }
    body = {
        "Resources": {"Q": {"Type": "AWS::SQS::Queue"}, "S": subscription},
        "Outputs": {"S": {"Value": {"Ref": "S"}}},
    }
    cloudformation = onebox.client("cloudformation", account=account)
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(body))
    sns = onebox.client("sns", account=account, region="eu-west-1")
    (live,) = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert live["SubscriptionArn"] == check(cloudformation)["S"]
    cloudformation.delete_stack(StackName="s")
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
