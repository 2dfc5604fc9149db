"""What the tests of IAM share: policy documents, clients of issued keys, refusals."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from onebox.testing import EngineThread


def document(action: Any = "sqs:*", resource: Any = "*", effect: str = "Allow", **members: Any) -> str:
    """A policy of one statement."""
    statement = {"Effect": effect, "Action": action, "Resource": resource, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: Any, action: Any = "sts:AssumeRole", **members: Any) -> str:
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def key_client(engine: Any, service: str, key: dict[str, Any], region: str = "us-east-1") -> Any:
    """A client with a user's access key or a session's credentials."""
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=engine.endpoint_url,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def refused(call: Any, **arguments: Any) -> tuple[str, str, int]:
    """Code, message and status of the error that a call must raise."""
    with pytest.raises(ClientError) as raised:
        call(**arguments)
    error = raised.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


class PolicyUser:
    """Makes clients of the user Ann, whose one inline policy a test sets with ``may``."""

    def __init__(self, iam: Any, onebox: EngineThread) -> None:
        iam.create_user(UserName="Ann")
        self._iam = iam
        self._onebox = onebox
        self._key = iam.create_access_key(UserName="Ann")["AccessKey"]

    def __call__(self, service: str) -> Any:
        return key_client(self._onebox, service, self._key)

    def may(self, *statements: dict[str, Any]) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        self._iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=text)
