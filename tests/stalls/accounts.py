"""Accounts full of policies, users and objects, and functions with large payloads."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from urllib.parse import urlencode

import boto3
from botocore.exceptions import ClientError

from tests.stalls.box import Box
from tests.stalls.crowds import exchange
from tests.stalls.row import FORM, Row
from tests.stalls.wire import http

_POLICIES = "arn:aws:iam::000000000000:policy/"
_CONNECTIONS = 10
_TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}


def iam(operation: str, **members: object) -> bytes:
    """A request to IAM."""
    return http("iam", urlencode({"Action": operation, "Version": "2010-05-08", **members}).encode(), Content_Type=FORM)


def members(name: str, values: list[str]) -> dict[str, str]:
    """A list in a query request."""
    return {f"{name}.member.{number}": value for number, value in enumerate(values, 1)}


def long_policy(number: int) -> str:
    """As many statements as a managed policy may have, with wildcards and a variable."""
    resources = [f"arn:aws:s3:::*${{aws:username}}*{number}-{at}*a*b*c" for at in range(42)]
    statements = [{"Effect": "Allow", "Action": "s3:Get*", "Resource": resource} for resource in resources]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def user_of_many_policies(iam_client: Any, policies: int = 100) -> dict[str, str]:
    """The access key of a new user in groups with ten long policies each."""
    iam_client.create_user(UserName="many")
    for number in range(policies):
        group = f"g{number // 10}"
        if number % 10 == 0:
            iam_client.create_group(GroupName=group)
            iam_client.add_user_to_group(GroupName=group, UserName="many")
        iam_client.create_policy(PolicyName=f"long{number}", PolicyDocument=long_policy(number))
        iam_client.attach_group_policy(GroupName=group, PolicyArn=f"{_POLICIES}long{number}")
    key: dict[str, str] = iam_client.create_access_key(UserName="many")["AccessKey"]
    return key


def _many_policies(box: Box) -> int:
    """Requests about other objects each, of a user whose policies were changed before."""
    key = user_of_many_policies(box.client("iam"))
    names: dict[str, Any] = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    s3 = boto3.client("s3", endpoint_url=box.url, region_name="us-east-1", **names)
    return [_status_of_get(s3, f"{number}" + "k" * 900) for number in range(5)][-1]


def _status_of_get(s3: Any, key: str) -> int:
    try:
        answer = s3.get_object(Bucket="absent", Key=key)
    except ClientError as error:
        answer = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _simulate_many(box: Box) -> int:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    asked = members("ActionNames", ["s3:Get"] * 3_000) | members("ResourceArns", ["arn:aws:s3:::b"] * 3_000)
    return box.send(iam("SimulateCustomPolicy", **members("PolicyInputList", [policy]), **asked))


def _simulate_conditions(box: Box) -> int:
    texts = {"StringLike": {"aws:x": ["*a*b*c*d"] * 10_000}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": texts}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    entry = "ContextEntries.member.1"
    asked = {f"{entry}.ContextKeyName": "aws:x", f"{entry}.ContextKeyType": "stringList"}
    asked |= members(f"{entry}.ContextKeyValues", ["abc" * 30] * 1_000)
    asked |= members("PolicyInputList", [policy]) | members("ActionNames", ["s3:Get"])
    return box.send(iam("SimulateCustomPolicy", **asked))


def _many_boundaries(box: Box) -> int:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    requests = [iam("CreatePolicy", PolicyName=f"p{number}", PolicyDocument=document) for number in range(1_400)]
    assert exchange(box, [requests[at::_CONNECTIONS] for at in range(_CONNECTIONS)]) == len(requests)
    boundary = f"{_POLICIES}p1"
    requests = [iam("CreateUser", UserName=f"u{number}", PermissionsBoundary=boundary) for number in range(4_900)]
    assert exchange(box, [requests[at::_CONNECTIONS] for at in range(_CONNECTIONS)]) == len(requests)
    return box.send(iam("ListPolicies", MaxItems=1_000))


def _many_tags(box: Box) -> int:
    numbers = range(1, 15_000)
    tags = {f"Tags.member.{number}.Key": f"k{number}" for number in numbers}
    tags |= {f"Tags.member.{number}.Value": "" for number in numbers}
    return box.send(iam("CreateUser", UserName="tagged", **tags))


def _list_prefixes(box: Box) -> int:
    """Thirty clients list 20,000 objects in 2,000 folders."""
    box.client("s3").create_bucket(Bucket="folders")
    puts = [http("s3", b"x", method="PUT", path=f"/folders/{at % 2_000}/{at}") for at in range(20_000)]
    assert exchange(box, [puts[at::_CONNECTIONS] for at in range(_CONNECTIONS)]) == len(puts)
    listing = http("s3", method="GET", path="/folders?list-type=2&delimiter=/")
    return 200 if exchange(box, [[listing]] * 30) == 30 else 0


def _large_invokes(box: Box) -> int:
    """Ten invokes with as many values as a payload can hold."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "def handler(event, context):\n    return len(event)\n")
    box.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": [_TRUST]}))
    box.client("lambda").create_function(
        FunctionName="f",
        Runtime="python3.12",
        Handler="a.handler",
        Timeout=60,
        Role="arn:aws:iam::000000000000:role/r",
        Code={"ZipFile": packed.getvalue()},
    )
    payload = b"[" + b"{}," * 1_900_000 + b"{}]"
    request = http("lambda", payload, path="/2015-03-31/functions/f/invocations")
    return 200 if exchange(box, [[request]] * 10) == 10 else 0


ACCOUNT_ROWS = [
    Row("IAM: a user with 100 policies of 4,200 statements", _many_policies, (403,), is_long=True),
    Row("IAM: 3,000 actions and 3,000 resources to simulate", _simulate_many, (200,)),
    Row("IAM: 10,000 conditions and 1,000 values to simulate", _simulate_conditions, (400,)),
    Row("IAM: ListPolicies with 1,400 policies and 4,900 users", _many_boundaries, (200,), is_long=True),
    Row("IAM: a user with 15,000 tags", _many_tags, (409, 400)),
    Row("S3: 30 clients list 2,000 folders of 20,000 objects", _list_prefixes, (200,), is_long=True),
    Row("Lambda: 10 invokes with 6 MB of {}", _large_invokes, (200,), is_long=True),
]
