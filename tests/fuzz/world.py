"""Resources that exist in the fuzzed onebox, and the members of requests that name them."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.stalls.box import Box

ACCOUNT = "000000000000"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_TEMPLATE = {"Resources": {"W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}


def build_world(box: Box) -> dict[str, list[Any]]:
    """Make the resources; values by member name."""
    queue = box.client("sqs").create_queue(QueueName="n0")["QueueUrl"]
    fifo = box.client("sqs").create_queue(QueueName="n0.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    topic = box.client("sns").create_topic(Name="n0")["TopicArn"]
    box.client("dynamodb").create_table(
        TableName="table0",
        KeySchema=[{"AttributeName": "n0", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "n0", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    box.client("s3").create_bucket(Bucket="bucket0")
    box.client("s3").put_object(Bucket="bucket0", Key="n0", Body=b"x")
    role = box.client("iam").create_role(RoleName="n0", AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
    box.client("logs").create_log_group(logGroupName="n0")
    box.client("logs").create_log_stream(logGroupName="n0", logStreamName="n0")
    box.client("cloudformation").create_stack(StackName="n0", TemplateBody=json.dumps(_TEMPLATE))
    _make_function(box, role)
    queue_arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:n0"
    function_arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:n0"
    table_arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/table0"
    arns = [queue_arn, topic, role, function_arn, table_arn]
    return {
        "QueueUrl": [queue, fifo],
        "WaitTimeSeconds": [0],
        "TopicArn": [topic],
        "Endpoint": [queue_arn, "http://127.0.0.1:9/"],
        "Protocol": ["sqs", "http", "email"],
        "TableName": ["table0"],
        "Bucket": ["bucket0"],
        "Key": ["n0", {"n0": {"S": "a"}}],
        "Item": [{"n0": {"S": "a"}, "v": {"N": "1"}}],
        "RoleName": ["n0"],
        "Role": [role],
        "RoleArn": [role],
        "ResourceArn": arns,
        "SourceArn": arns,
        "EventSourceArn": [queue_arn],
        "FunctionName": ["n0", function_arn],
        "logGroupName": ["n0"],
        "logStreamName": ["n0"],
        "StackName": ["n0"],
        "ChangeSetName": ["n0"],
        "PolicyArn": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"],
        "PolicyDocument": [json.dumps(_TRUST)],
        "TemplateBody": [json.dumps(_TEMPLATE)],
        "Namespace": ["n0", "AWS/SQS"],
        "MetricName": ["n0"],
        "AlarmName": ["n0"],
        "Statement": ['SELECT * FROM "table0"'],
    }


def _make_function(box: Box, role: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", "def handler(event, context):\n    return event\n")
    box.client("lambda").create_function(
        FunctionName="n0",
        Role=role,
        Runtime="python3.12",
        Handler="code.handler",
        Code={"ZipFile": packed.getvalue()},
    )
