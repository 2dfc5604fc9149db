"""What the Lambda tests share: zips, roles, functions and what they leave in log and queue."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
"""The one that runs onebox: no other interpreter has to be found or warmed up."""
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
SQS = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


def zipped(code: str | dict[str, str]) -> bytes:
    """A deployment package with one module, or with the files given."""
    files = {"app.py": code} if isinstance(code, str) else code
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, text in files.items():
            opened.writestr(name, text)
    return archive.getvalue()


def make_role(client: Callable[..., Any], *policies: str, name: str = "role") -> str:
    """A role that Lambda may assume; its ARN."""
    iam = client("iam")
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    for policy in policies or (BASIC, SQS):
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return str(arn)


def make_function(client: Callable[..., Any], code: str | dict[str, str], **overrides: Any) -> Any:
    """CreateFunction with what doesn't matter to the test filled in; None leaves it to AWS's default."""
    role = overrides.pop("Role", None) or make_role(client)
    request = {
        "FunctionName": "function",
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Role": role,
        "Code": {"ZipFile": zipped(code)},
        "Timeout": 30,  # what a queue's visibility timeout allows, and a busy machine never needs
        **overrides,
    }
    request = {name: value for name, value in request.items() if value is not None}
    # What botocore would refuse by itself has to reach onebox.
    return client("lambda", parameter_validation=False).create_function(**request)


def make_queue(client: Callable[..., Any], name: str = "queue", **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, answer["Attributes"]["QueueArn"]


def invoke(client: Callable[..., Any], event: Any = None, **parameters: Any) -> tuple[Any, dict[str, Any]]:
    """The parsed payload and the answer of Invoke."""
    answer = client("lambda").invoke(**{"FunctionName": "function", "Payload": json.dumps(event), **parameters})
    return json.loads(answer["Payload"].read() or "null"), answer


def log_messages(client: Callable[..., Any], group: str = "/aws/lambda/function") -> list[str]:
    """Everything in a log group, in order; nothing if there is no such group."""
    logs = client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        return []
    return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]


def alive(pid: int) -> bool:
    """Whether the process runs; one that is dead and waits to be reaped does not."""
    if sys.platform != "linux":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


def counts(client: Callable[..., Any], url: str) -> tuple[int, int]:
    """How many messages are visible, and how many are in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])
