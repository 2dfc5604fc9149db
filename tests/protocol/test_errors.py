"""Goal: every error that a model lists reaches botocore's caller with AWS's code, status, message and members; and
what is wrong with a request as such is said in the words of its service."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from botocore.model import StructureShape

from onebox.errors import AccessDeniedException, AwsError, SerializationException, ValidationException
from onebox.gateway.message import Request
from onebox.gateway.protocols.protocols import find_codec, find_error_encoder
from onebox.ids import long_request_id
from onebox.services.context import IncompleteWire
from tests.protocol.peer import SERVICE_PROTOCOLS, operation_models, parsed, parsed_members, raw_shape, service_model
from tests.protocol.values import Values

ERRORS = [
    pytest.param(service, protocol, shape.name, id=f"{service}-{protocol}-{shape.name}")
    for service, protocol in SERVICE_PROTOCOLS
    for shape in service_model(service).error_shapes
]

# The codes of SQS's query protocol, from the Errors section of each operation's page.
_SQS = "AWS.SimpleQueueService."
SQS_CODES = {
    **{
        name: _SQS + name
        for name in (
            "BatchEntryIdsNotDistinct",
            "BatchRequestTooLong",
            "EmptyBatchRequest",
            "InvalidBatchEntryId",
            "MessageNotInflight",
            "PurgeQueueInProgress",
            "QueueDeletedRecently",
            "TooManyEntriesInBatchRequest",
            "UnsupportedOperation",
        )
    },
    "QueueDoesNotExist": _SQS + "NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "KmsAccessDenied": "KMS.AccessDeniedException",
    "KmsDisabled": "KMS.DisabledException",
    "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
    "KmsInvalidState": "KMS.InvalidStateException",
    "KmsNotFound": "KMS.NotFoundException",
    "KmsOptInRequired": "KMS.OptInRequired",
    "KmsThrottled": "KMS.ThrottlingException",
}


@pytest.mark.parametrize(("service", "protocol", "shape_name"), ERRORS)
def test_encode_error_modelled_reaches_the_caller_whole(service: str, protocol: str, shape_name: str) -> None:
    shape = service_model(service).shape_for(shape_name)
    assert isinstance(shape, StructureShape)
    ours, theirs = Values(3).structure(shape)
    drop = {"message", "Message", "code", "Code", "Type"} | {
        name for name, member in shape.members.items() if member.serialization.get("location")
    }
    members = {name: value for name, value in ours.items() if name not in drop}
    error = type(shape_name, (AwsError,), {})('It went <wrong> & "so".', **members)

    response = find_error_encoder(service, protocol)(error, "request-1")
    operation = next(item for item in operation_models(service) if item.error_shapes and item.output_shape)
    seen = parsed(protocol, operation, response)

    listed = raw_shape(service, shape_name)
    traits = listed.get("error", {})
    expected_code = traits.get("code", shape_name) if service != "sqs" else SQS_CODES.get(shape_name, shape_name)
    assert seen["Error"]["Code"] in {expected_code, shape_name if service != "sqs" else expected_code}
    assert seen["Error"]["Message"] == 'It went <wrong> & "so".'
    shown = long_request_id("request-1") if service == "dynamodb" else "request-1"
    assert seen["ResponseMetadata"]["RequestId"] == shown
    status = traits.get("httpStatusCode", 500 if listed.get("fault") else 400)
    # CloudWatch says 404 and 409 in its query protocol, and to clients that ask for that protocol's statuses.
    is_cloudwatch = service == "cloudwatch" and protocol in ("json", "cbor") and status < 500
    assert response.status == (400 if is_cloudwatch else status)
    if is_cloudwatch:
        assert find_error_encoder(service, f"{protocol}-query-mode")(error, "request-1").status == status
    if protocol != "rest-xml":
        seen_members = parsed_members(protocol, shape, response)
        assert {name: seen_members.get(name) for name in members} == {name: theirs[name] for name in members}


def _json_request(body: bytes) -> Request:
    return Request("POST", "/", "", {"host": "localhost"}, body)


def _json_refusal(service: str, operation: str, body: bytes) -> dict[str, Any]:
    codec = find_codec(service, "json", operation)
    assert codec is not None
    with pytest.raises(AwsError) as caught:
        codec.decode(_json_request(body))
    response = codec.encode_error(caught.value, "request-1")
    assert response.status == 400
    content: dict[str, Any] = orjson.loads(response.body)
    return content


@pytest.mark.parametrize("body", [b"{", b"null", b'"x"', b"\xff", b'{"a":1,}', b"[" * 5000])
def test_json_body_that_is_no_object_gives_serialization_exception(body: bytes) -> None:
    content = _json_refusal("dynamodb", "GetItem", body)

    assert content == {"__type": "com.amazon.coral.service#SerializationException"}


def test_json_list_for_the_whole_body_says_so() -> None:
    content = _json_refusal("logs", "DescribeLogGroups", b"[]")

    assert content == {"__type": "SerializationException", "Message": "Start of list found where not expected"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"limit": "1"}, "STRING_VALUE can not be converted to an Integer"),
        ({"limit": True}, "TRUE_VALUE can not be converted to an Integer"),
        ({"limit": {"a": 1}}, "Start of structure or map found where not expected."),
        ({"nextToken": 1}, "NUMBER_VALUE can not be converted to a String"),
        ({"nextToken": ["x"]}, "Start of list found where not expected"),
        ({"logGroupIdentifiers": "x"}, "Expected list or null"),
        ({"limit": 1.5}, None),
    ],
)
def test_json_member_of_another_type_gives_the_frameworks_words(body: dict[str, Any], message: str | None) -> None:
    content = _json_refusal("logs", "DescribeLogGroups", orjson.dumps(body))

    assert content.get("Message") == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"TableName": 23}, "NUMBER_VALUE cannot be converted to String"),
        ({"TableName": True}, "TRUE_VALUE cannot be converted to String"),
        ({"TableName": []}, "Unrecognized collection type class java.lang.String"),
        ({"TableName": {}}, "Start of structure or map found where not expected"),
        ({"Key": "x"}, "Unexpected field type"),
        ({"ConsistentRead": "x"}, "Unexpected token received from parser"),
    ],
)
def test_dynamodb_member_of_another_type_gives_its_own_words(body: dict[str, Any], message: str) -> None:
    content = _json_refusal("dynamodb", "GetItem", orjson.dumps(body))

    assert content == {"__type": "com.amazon.coral.service#SerializationException", "Message": message}


def test_dynamodb_missing_members_are_left_to_the_service() -> None:
    codec = find_codec("dynamodb", "json", "PutItem")
    assert codec is not None
    decoded = codec.decode(Request("POST", "/", "", {}, b"{}", "127.0.0.1"))
    assert isinstance(decoded, IncompleteWire)
    assert decoded == {}


def test_logs_missing_member_inside_a_list_names_its_place() -> None:
    body = {
        "logGroupName": "g",
        "logStreamName": "s",
        "logEvents": [{"timestamp": 1, "message": "m"}, {"message": "m"}],
    }
    content = _json_refusal("logs", "PutLogEvents", orjson.dumps(body))

    assert content == {
        "__type": "InvalidParameterException",
        "message": "1 validation error detected: Value null at 'logEvents.2.member.timestamp' "
        "failed to satisfy constraint: Member must not be null",
    }


def test_sqs_missing_member_names_it_and_the_older_code() -> None:
    codec = find_codec("sqs", "json", "SendMessage")
    assert codec is not None
    with pytest.raises(AwsError) as caught:
        codec.decode(_json_request(b'{"MessageBody":"x"}'))

    response = codec.encode_error(caught.value, "request-1")

    assert orjson.loads(response.body)["message"] == "The request must contain the parameter QueueUrl."
    assert ("x-amzn-query-error", "MissingParameter;Sender") in response.headers


def test_cloudwatch_missing_members_have_a_line_each() -> None:
    codec = find_codec("cloudwatch", "query", "PutMetricData")
    assert codec is not None
    body = b"Action=PutMetricData&Namespace=N&MetricData.member.1.Dimensions.member.1.Name=a"
    with pytest.raises(AwsError) as caught:
        codec.decode(Request("POST", "/", "", {}, body))

    assert caught.value.message == (
        "The parameter MetricData.member.1.MetricName is required.\n"
        "The parameter MetricData.member.1.Dimensions.member.1.Value is required."
    )


def test_dynamodb_errors_carry_the_namespace_of_their_origin() -> None:
    encode_error = find_error_encoder("dynamodb", "json")

    def type_of(error: AwsError) -> str:
        name: str = orjson.loads(encode_error(error, "r").body)["__type"]
        return name

    assert type_of(ValidationException("x")) == "com.amazon.coral.validate#ValidationException"
    assert type_of(SerializationException("x")) == "com.amazon.coral.service#SerializationException"
    assert type_of(AccessDeniedException("x")) == "com.amazon.coral.service#AccessDeniedException"
    modelled = type("ResourceNotFoundException", (AwsError,), {})("x")
    assert type_of(modelled) == "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"


@pytest.mark.parametrize(
    ("service", "protocol", "operation", "status", "code"),
    [
        ("sqs", "query", "AddPermission", 400, b"<Code>InvalidAction</Code>"),
        ("s3", "rest-xml", "GetBucketWebsite", 501, b"<Code>NotImplemented</Code>"),
        ("dynamodb", "json", "CreateGlobalTable", 400, b"UnknownOperationException"),
        ("cloudwatch", "cbor", "PutInsightRule", 404, b"UnknownOperationException"),
        ("lambda", "rest-json", "AddLayerVersionPermission", 404, b"onebox does not offer"),
    ],
)
def test_operation_that_is_not_offered_names_service_and_operation(
    service: str, protocol: str, operation: str, status: int, code: bytes
) -> None:
    codec = find_codec(service, protocol, operation)
    assert codec is not None
    answer = codec.not_offered("r")
    assert answer.status == status
    assert code in answer.body
    assert f"onebox does not offer the operation {operation} of {service}.".encode() in answer.body
    assert b"docs/compatibility.md" in answer.body
