"""Which service a request is meant for, as far as its head says: before the body is read, and whatever the service.

The evidence, in this order: X-Amz-Target, the scope of the signature, the host and the path. A service that onebox does
not offer is named too, so that a refusal can name it. Pure.
"""

from __future__ import annotations

import re
from typing import NamedTuple

TARGETS = {
    "AmazonSQS": "sqs",
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "Logs_20140328": "logs",
    "GraniteServiceVersion20100801": "cloudwatch",
    "AmazonSSM": "ssm",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
}
"""The prefixes of X-Amz-Target."""
SIGNING_NAMES = {
    "sqs": "sqs",
    "sns": "sns",
    "dynamodb": "dynamodb",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "iam": "iam",
    "sts": "sts",
    "cloudformation": "cloudformation",
    "s3": "s3",
    "ssm": "ssm",
    "ecr": "ecr",
}
"""The services of signatures' scopes."""
LAMBDA_PATH = re.compile(r"/20\d\d-\d\d-\d\d/")
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^,\s]{1,200}/\d{8}/[\w-]{1,50}/([\w-]{1,50})/aws4_request", re.ASCII)
_QUERY_SCOPE = re.compile(
    r"(?:^|&)X-Amz-Credential=[^&]{1,300}?(?:/|%2[Ff])([\w-]{1,50})(?:/|%2[Ff])aws4_request(?:&|$)", re.ASCII
)


class Destination(NamedTuple):
    """A service by the name it has in a request."""

    service: str | None
    """Its name in the registry; None for a service that onebox does not know."""
    name: str
    """The name in the request: a scope or a target prefix; empty where nothing says it."""


def find_destination(path: str, query: str, headers: dict[str, str]) -> Destination:
    """What the head of a request says."""
    target = headers.get("x-amz-target")
    scope = _find_scope(query, headers)
    if target is not None:
        prefix = target.rpartition(".")[0]
        return Destination(TARGETS.get(prefix), scope or prefix)
    if scope:
        return Destination(SIGNING_NAMES.get(scope), scope)
    if LAMBDA_PATH.match(path) or ".lambda-url." in headers.get("host", ""):
        return Destination("lambda", "")
    if path.startswith("/service/") and "smithy-protocol" in headers:
        return Destination("cloudwatch", "")
    if "AWSAccessKeyId=" in query or headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return Destination("s3", "")
    return Destination(None, "")


def _find_scope(query: str, headers: dict[str, str]) -> str:
    authorization = headers.get("authorization")
    if authorization is not None:
        match = _SCOPE.match(authorization)
        return match[1] if match else ""
    if "X-Amz-Credential=" in query:
        match = _QUERY_SCOPE.search(query)
        return match[1] if match else ""
    return ""
