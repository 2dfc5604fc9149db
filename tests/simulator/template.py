"""The stack on which the simulated clients work, deployed through CloudFormation as a user's would be."""

from __future__ import annotations

import sys
from typing import Any

import orjson

from tests.simulator.workloads import bank, log_lines, objects, orders, registers, rights
from tests.simulator.workloads.alarm import ALARM, ALARM_QUEUE
from tests.simulator.workloads.queues import RECEIVES_MAX

STANDARD, FIFO = "standard", "fifo.fifo"
FUNCTION_TIMEOUT_S = 3
_CODE = {"ZipFile": "def handler(event, context):\n    return None\n"}


def stack_template() -> str:
    """Queues, tables, topics, functions, their mappings, an alarm, a bucket, a log group and a role."""
    resources: dict[str, Any] = {}
    resources |= _queue_with_dead_letters("Standard", STANDARD, {"VisibilityTimeout": 5})
    resources |= _queue_with_dead_letters("Fifo", FIFO, {"VisibilityTimeout": 5, "FifoQueue": True})
    resources |= _tables() | _order_parts() | _functions() | _alarm() | _bucket_log_and_role()
    return orjson.dumps({"Resources": resources}).decode()


def _resource(kind: str, properties: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties, **others}


def _queue_with_dead_letters(title: str, name: str, properties: dict[str, Any]) -> dict[str, Any]:
    fifo = {"FifoQueue": True} if name.endswith(".fifo") else {}
    dead_name = f"{name.removesuffix('.fifo')}-dead{'.fifo' if fifo else ''}"
    redrive = {"deadLetterTargetArn": _arn(f"{title}Dead"), "maxReceiveCount": RECEIVES_MAX}
    return {
        f"{title}Dead": _resource("SQS::Queue", {"QueueName": dead_name, **fifo}),
        title: _resource("SQS::Queue", {"QueueName": name, "RedrivePolicy": redrive, **properties}),
    }


def _arn(resource: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [resource, "Arn"]}


def _table(name: str, key: str, *, has_stream: bool = False) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}],
    }
    if has_stream:
        properties["StreamSpecification"] = {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    return _resource("DynamoDB::Table", properties)


def _tables() -> dict[str, Any]:
    return {
        "Registers": _table(registers.TABLE, "k", has_stream=True),
        "Bank": _table(bank.TABLE, "account"),
        "Orders": _table(orders.TABLE, "id"),
        "Totals": _table(orders.TOTALS, "k"),
    }


def _order_parts() -> dict[str, Any]:
    properties = {"VisibilityTimeout": 6 * FUNCTION_TIMEOUT_S}
    redrive = {"deadLetterTargetArn": _arn("OrderDLQ"), "maxReceiveCount": 3}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    subscription = {
        "TopicArn": {"Ref": "OrderTopic"},
        "Protocol": "sqs",
        "Endpoint": _arn("OrderQueue"),
        "RawMessageDelivery": True,
    }
    return {
        "OrderTopic": _resource("SNS::Topic", {"TopicName": "OrderTopic"}),
        "OrderDLQ": _resource("SQS::Queue", {"QueueName": orders.DEAD_QUEUE}),
        "OrderQueue": _resource("SQS::Queue", {"QueueName": orders.QUEUE, "RedrivePolicy": redrive, **properties}),
        "OrderSubscription": _resource("SNS::Subscription", subscription),
        "QueuePolicy": _resource(
            "SQS::QueuePolicy",
            {
                "Queues": [{"Ref": "OrderQueue"}, {"Ref": "AlarmQueue"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            },
        ),
    }


def _functions() -> dict[str, Any]:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    rights = {"Effect": "Allow", "Action": ["sqs:*", "dynamodb:*", "logs:*"], "Resource": "*"}
    role = {
        "RoleName": "simulated",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [
            {"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [rights]}},
        ],
    }
    return {
        "Role": _resource("IAM::Role", role),
        "OrderProcessor": _function(orders.FUNCTION),
        "Recorder": _function(registers.FUNCTION),
        "OrderMapping": _resource(
            "Lambda::EventSourceMapping",
            {
                "FunctionName": {"Ref": "OrderProcessor"},
                "EventSourceArn": _arn("OrderQueue"),
                "BatchSize": 10,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        ),
        "StreamMapping": _resource(
            "Lambda::EventSourceMapping",
            {
                "FunctionName": {"Ref": "Recorder"},
                "EventSourceArn": {"Fn::GetAtt": ["Registers", "StreamArn"]},
                "StartingPosition": "TRIM_HORIZON",
                "BatchSize": 20,
            },
        ),
    }


def _function(name: str) -> dict[str, Any]:
    properties = {
        "FunctionName": name,
        "Runtime": f"python3.{sys.version_info.minor}",
        "Handler": "index.handler",
        "Timeout": FUNCTION_TIMEOUT_S,
        "Role": _arn("Role"),
        "Code": _CODE,
    }
    return _resource("Lambda::Function", properties)


def _alarm() -> dict[str, Any]:
    alarm = {
        "AlarmName": ALARM,
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": orders.DEAD_QUEUE}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "AlarmActions": [{"Ref": "AlarmTopic"}],
        "OKActions": [{"Ref": "AlarmTopic"}],
    }
    subscription = {
        "TopicArn": {"Ref": "AlarmTopic"},
        "Protocol": "sqs",
        "Endpoint": _arn("AlarmQueue"),
        "RawMessageDelivery": True,
    }
    return {
        "AlarmTopic": _resource("SNS::Topic", {"TopicName": "AlarmTopic"}),
        "AlarmQueue": _resource("SQS::Queue", {"QueueName": ALARM_QUEUE}),
        "AlarmSubscription": _resource("SNS::Subscription", subscription),
        "Alarm": _resource("CloudWatch::Alarm", alarm, DependsOn=["OrderDLQ"]),
    }


def _bucket_log_and_role() -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"AWS": {"Ref": "AWS::AccountId"}}, "Action": "sts:AssumeRole"}
    role = {
        "RoleName": rights.ROLE,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
    }
    return {
        "Bucket": _resource("S3::Bucket", {"BucketName": objects.BUCKET}),
        "Log": _resource("Logs::LogGroup", {"LogGroupName": log_lines.GROUP}),
        "Tester": _resource("IAM::Role", role),
    }
