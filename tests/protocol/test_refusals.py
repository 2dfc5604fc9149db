"""Goal: what is not offered is refused by name, in a form that the client of that service reads."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as running:
        yield running


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("scheduler", "list_schedules", {}, "UnknownOperationException"),
        ("apigatewayv2", "get_apis", {}, "UnknownOperationException"),
        ("kms", "list_keys", {}, "UnknownOperationException"),
        ("secretsmanager", "list_secrets", {}, "UnknownOperationException"),
        ("ec2", "describe_instances", {}, "InvalidAction"),
        ("rds", "describe_db_instances", {}, "InvalidAction"),
    ],
)
def test_a_service_that_is_not_offered_is_named(
    engine: EngineThread, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    client = engine.client(service)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code
    message = str(caught.value)
    assert (
        f"onebox does not offer the service {client.meta.service_model.signing_name}" in message
        or code == "InvalidAction"
    )
    assert "docs/compatibility.md" in message or code == "InvalidAction"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "name"),
    [
        ("sqs", "create_queue", {"QueueName": "q"}, None),
        ("iam", "create_account_alias", {"AccountAlias": "abc"}, "CreateAccountAlias of iam"),
        ("dynamodb", "list_bulk_operations", {}, "ListBulkOperations of dynamodb"),
        ("s3", "delete_bucket_website", {"Bucket": "abc"}, "DeleteBucketWebsite of s3"),
    ],
)
def test_an_operation_that_is_not_offered_is_named(
    engine: EngineThread, service: str, operation: str, parameters: dict[str, Any], name: str | None
) -> None:
    call = getattr(engine.client(service), operation)
    if name is None:
        call(**parameters)
        return
    with pytest.raises(ClientError, match=f"onebox does not offer the operation {name}"):
        call(**parameters)


def test_a_body_beyond_the_services_limit_is_refused_in_its_words(engine: EngineThread) -> None:
    with pytest.raises(ClientError, match="the service takes at most") as caught:
        engine.client("sqs").send_message(QueueUrl="x", MessageBody="x" * 5_000_000)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    # DynamoDB says nothing.
    with pytest.raises(ClientError) as caught:
        engine.client("dynamodb").put_item(TableName="abc", Item={"k": {"S": "x" * 17_000_000}})
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_unknown_host_is_refused_in_the_services_words(engine: EngineThread) -> None:
    connection = http.client.HTTPConnection(engine.endpoint_url.removeprefix("http://"))
    scope = "test/20260101/us-east-1/sns/aws4_request"
    headers = {
        "Host": "container:4566",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    connection.request("POST", "/", "Action=ListTopics&Version=2010-03-31", headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 403
    assert "<ErrorResponse" in text
    assert "container:4566" in text
    assert "--allow-host" in text


@pytest.mark.parametrize("service", ["iam", "sqs", "lambda", "cloudformation"])
def test_links_carry_no_credentials_but_for_s3_and_the_callers_identity(engine: EngineThread, service: str) -> None:
    calls = {
        "iam": "list_roles",
        "sqs": "list_queues",
        "lambda": "list_functions",
        "cloudformation": "list_stacks",
    }
    link = engine.client(service).generate_presigned_url(calls[service], HttpMethod="GET")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link)
    assert caught.value.code in (400, 403, 404)
    for allowed, operation in (("sts", "get_caller_identity"), ("s3", "list_buckets")):
        link = engine.client(allowed).generate_presigned_url(operation, HttpMethod="GET")
        with urllib.request.urlopen(link) as answer:
            assert answer.status == 200
