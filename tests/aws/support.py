"""What the tests of several services share: refusals, buckets, roles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Unique = Callable[[str], str]
"""The fixture ``unique``: a name of the test's own for each label."""
Client = Callable[..., Any]
"""The fixture ``client``: boto3 clients of the place where the tests run."""


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and message of the error that the call must raise."""
    error = refused(call, **request)["Error"]
    return error["Code"], error["Message"]


def refused(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    """The whole answer of the error that the call must raise."""
    with pytest.raises(ClientError) as raised:
        call(**request)
    return dict(raised.value.response)


def code_and_status(call: Callable[..., Any], **request: Any) -> tuple[str, int]:
    """Code and HTTP status of the error that the call must raise."""
    answer = refused(call, **request)
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def make_bucket(s3: Any, name: str) -> str:
    """A bucket in the client's region; its name."""
    region = s3.meta.region_name
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **where)
    return name


def trust(principal: Any, **members: Any) -> str:
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def code_of(call: Callable[..., Any], **request: Any) -> str | None:
    """The code of the error that the call raises; None if it succeeds."""
    try:
        call(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None
