"""Goal: every request form that SDKs send reaches its operation, and one that fits none is refused in its service's
words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.message import Request
from onebox.gateway.routing import RoutingError, resolve


def _signed_for(service: str) -> dict[str, str]:
    scope = f"AKIDEXAMPLE/20260102/eu-west-1/{service}/aws4_request"
    return {
        "host": "localhost:4566",
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00",
    }


def _post(headers: dict[str, str], body: bytes = b"", path: str = "/", query: str = "") -> Request:
    return Request("POST", path, query, headers, body)


@pytest.mark.parametrize(
    ("request_", "service", "operation"),
    [
        (_post({"x-amz-target": "AmazonSQS.SendMessage"}), "sqs", "SendMessage"),
        (_post({"x-amz-target": "DynamoDB_20120810.PutItem"}), "dynamodb", "PutItem"),
        (_post({"x-amz-target": "Logs_20140328.PutLogEvents"}), "logs", "PutLogEvents"),
        (_post({"x-amz-target": "GraniteServiceVersion20100801.ListMetrics"}), "cloudwatch", "ListMetrics"),
        (
            _post(
                {"smithy-protocol": "rpc-v2-cbor"}, path="/service/GraniteServiceVersion20100801/operation/ListMetrics"
            ),
            "cloudwatch",
            "ListMetrics",
        ),
        (_post(_signed_for("sns"), b"Action=Publish&Version=2010-03-31"), "sns", "Publish"),
        (_post(_signed_for("sqs"), b"QueueName=q&Action=CreateQueue"), "sqs", "CreateQueue"),
        (_post(_signed_for("monitoring"), b"Action=ListMetrics"), "cloudwatch", "ListMetrics"),
        (_post({}, b"Action=GetCallerIdentity&Version=2011-06-15"), "sts", "GetCallerIdentity"),
        (_post({}, b"Action=SendMessage", "/000000000000/q"), "sqs", "SendMessage"),
        (Request("GET", "/", "Action=ConfirmSubscription&Token=t", {}, b""), "sns", "ConfirmSubscription"),
        (Request("GET", "/2015-03-31/functions/", "", {}, b""), "lambda", "ListFunctions"),
        (Request("POST", "/2015-03-31/functions", "", _signed_for("lambda"), b""), "lambda", "CreateFunction"),
        (Request("POST", "/2015-03-31/functions/f/invocations", "", {}, b""), "lambda", "Invoke"),
        (
            Request("DELETE", "/2015-03-31/functions/f/policy/statement", "", {}, b""),
            "lambda",
            "RemovePermission",
        ),
        (Request("GET", "/2017-03-31/tags/arn%3Aaws%3Alambda", "", {}, b""), "lambda", "ListTags"),
        (Request("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x", {}, b""), "lambda", "GetLayerVersionByArn"),
        (Request("GET", "/", "", _signed_for("s3"), b""), "s3", "ListBuckets"),
        (Request("PUT", "/bucket", "", {}, b""), "s3", "CreateBucket"),
        (Request("GET", "/bucket/", "location", {}, b""), "s3", "GetBucketLocation"),
        (Request("GET", "/bucket", "list-type=2&prefix=a", {}, b""), "s3", "ListObjectsV2"),
        (Request("GET", "/bucket", "prefix=a", {}, b""), "s3", "ListObjects"),
        (Request("GET", "/bucket", "versions", {}, b""), "s3", "ListObjectVersions"),
        (Request("PUT", "/bucket", "policy=", {}, b""), "s3", "PutBucketPolicy"),
        (Request("PUT", "/bucket/a/b", "", {}, b""), "s3", "PutObject"),
        (Request("PUT", "/bucket/a", "", {"x-amz-copy-source": "b/k"}, b""), "s3", "CopyObject"),
        (Request("PUT", "/bucket/a", "partNumber=1&uploadId=u", {}, b""), "s3", "UploadPart"),
        (
            Request("PUT", "/bucket/a", "partNumber=1&uploadId=u", {"x-amz-copy-source": "b/k"}, b""),
            "s3",
            "UploadPartCopy",
        ),
        (Request("POST", "/bucket/a", "uploads", {}, b""), "s3", "CreateMultipartUpload"),
        (Request("POST", "/bucket/a", "uploadId=u", {}, b""), "s3", "CompleteMultipartUpload"),
        (Request("DELETE", "/bucket/a", "uploadId=u", {}, b""), "s3", "AbortMultipartUpload"),
        (Request("POST", "/bucket", "delete", {}, b""), "s3", "DeleteObjects"),
        (Request("HEAD", "/bucket/a", "", {}, b""), "s3", "HeadObject"),
        (Request("GET", "/a/b", "x-id=GetObject", {"host": "bucket.localhost:4566"}, b""), "s3", "GetObject"),
        (Request("GET", "/", "list-type=2", {"host": "bucket.localhost:4566"}, b""), "s3", "ListObjectsV2"),
        (Request("GET", "/bucket/20-01", "", {"host": "127.0.0.1:4566"}, b""), "s3", "GetObject"),
    ],
)
def test_resolve_every_form_of_request_finds_its_operation(request_: Request, service: str, operation: str) -> None:
    route = resolve(request_)

    assert (route.service, route.operation) == (service, operation)


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (_post({"x-amz-target": "AmazonSQS.Nothing"}), 400, b"UnknownOperationException"),
        (_post({"x-amz-target": "Nothing"}), 400, b"UnknownOperationException"),
        (_post(_signed_for("sqs"), b"Action=Nothing"), 400, b"The action Nothing is not valid for this endpoint."),
        (
            _post(_signed_for("iam"), b"Action=Nothing&Version=2010-05-08"),
            400,
            b"Could not find operation Nothing for version 2010-05-08",
        ),
        (_post(_signed_for("sns"), b""), 400, b"MissingAction"),
        (Request("POST", "/2015-03-31/nothing", "", {}, b""), 404, b""),
        (Request("POST", "/", "", {}, b""), 405, b"<Code>MethodNotAllowed</Code>"),
        (_post({"smithy-protocol": "rpc-v2-cbor"}, path="/service/X/operation/Y"), 404, b"UnknownOperationException"),
    ],
)
def test_resolve_what_fits_no_operation_is_refused_in_the_services_words(
    request_: Request, status: int, words: bytes
) -> None:
    with pytest.raises(RoutingError) as caught:
        resolve(request_)
    response = caught.value.response("request-1")

    assert response.status == status
    assert words in response.body
    assert "request-1" in dict(response.headers).values()


HEADERS = st.dictionaries(
    st.sampled_from(["x-amz-target", "authorization", "smithy-protocol", "host", "content-type", "x-amz-copy-source"]),
    st.text(max_size=40) | st.sampled_from(["AmazonSQS.x", "a.localhost", _signed_for("s3")["authorization"]]),
)
PATHS = st.text(max_size=30).map(lambda text: "/" + text) | st.from_regex(
    r"/20\d\d-\d\d-\d\d/[a-z/{}%.-]*", fullmatch=True
)


@given(st.sampled_from(["GET", "PUT", "POST", "HEAD", "PATCH"]), PATHS, st.text(max_size=30), HEADERS, st.binary())
def test_resolve_any_request_gives_a_route_or_a_refusal(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    try:
        route = resolve(Request(method, path, query, headers, body))
    except RoutingError as refusal:
        status = refusal.response("request-1").status
    else:
        status = 400 if route.codec is not None else 0
    assert 400 <= status < 500
