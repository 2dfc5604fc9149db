"""The hostile requests: those that once stopped everything, and their kin."""

from __future__ import annotations

import gzip
import io
import json
import random
import time
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from tests.stalls.accounts import ACCOUNT_ROWS
from tests.stalls.answers import ANSWER_ROWS
from tests.stalls.box import Box
from tests.stalls.crowds import (
    alarms_at_rest,
    print_much,
    publish_by_many,
    search_lines,
    use_every_service,
    wait_by_many,
)
from tests.stalls.dynamodb import DYNAMODB_ROWS
from tests.stalls.queues import (
    delete_full,
    move_many,
    publish_to_costly_filters,
    publish_to_filters,
    publish_to_queues,
    receive_failed,
    receive_old,
)
from tests.stalls.row import FORM, Body, Row, call, form, raw, rpc
from tests.stalls.services import (
    create_stacks,
    filter_items,
    publish_attributes,
    put_lines,
    put_new_metrics,
    read_metrics,
    write_transactions,
)
from tests.stalls.wire import http

ALLOW = {"Effect": "Allow", "Action": "*"}


def _simulate(resource: str, asked: str) -> Callable[[Box], int]:
    bucket = "arn:aws:s3:::"
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**ALLOW, "Resource": bucket + resource}]})
    return call(
        "iam",
        "simulate_custom_policy",
        PolicyInputList=[policy],
        ActionNames=["s3:GetObject"],
        ResourceArns=[bucket + asked],
    )


def _sns_wildcard(box: Box) -> int:
    sns, sqs = box.client("sns"), box.client("sqs")
    topic = sns.create_topic(Name="wild")["TopicArn"]
    sqs.create_queue(QueueName="wild")
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint="arn:aws:sqs:us-east-1:000000000000:wild",
        Attributes={"FilterPolicy": json.dumps({"a": [{"wildcard": "*a*a*b"}]})},
    )
    attributes = {"a": {"DataType": "String", "StringValue": "a" * 20_000}}
    answer = sns.publish(TopicArn=topic, Message="x", MessageAttributes=attributes)
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _logs_pattern(pattern: str, message: str) -> Callable[[Box], int]:
    return call("logs", "test_metric_filter", filterPattern=pattern, logEventMessages=[message])


def _allowed_pattern(box: Box) -> int:
    template = {
        "Parameters": {"P": {"Type": "String", "AllowedPattern": "(a+)+"}},
        "Resources": {"W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}},
    }
    return call(
        "cloudformation",
        "create_stack",
        StackName="pattern",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": "P", "ParameterValue": "a" * 30 + "!"}],
    )(box)


def _sub_bomb() -> str:
    value: Any = "x" * 60
    for _ in range(6):
        value = {"Fn::Sub": ["${a}" * 24, {"a": value}]}
    resources = {"W": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    return json.dumps({"Resources": resources, "Outputs": {"O": {"Value": value}}})


def _zip(names: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(names):
            archive.writestr(f"{number}.py", "")
    return packed.getvalue()


def _large_zip(size_bytes: int) -> bytes:
    """An archive that is about as large as what it holds."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.py", "")
        archive.writestr("data", random.Random(1).randbytes(size_bytes))
    return packed.getvalue()


def _post_form(size_bytes: int) -> Callable[[Box], int]:
    """A form whose file looks like the boundary all the time."""

    def attack(box: Box) -> int:
        client = box.client("s3")
        client.create_bucket(Bucket="forms")
        fields = client.generate_presigned_post("forms", "k")["fields"]
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
        parts.append('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n')
        file = b"\r\n--" * (size_bytes // 4)
        return box.send(_form_request("".join(parts).encode() + file + b"\r\n--b--\r\n"))

    return attack


def _delete_large(parts: int) -> Callable[[Box], int]:
    """An object of parts of 100 MB each, uploaded and deleted."""

    def attack(box: Box) -> int:
        client, key = box.client("s3"), {"Bucket": "large", "Key": "k"}
        client.create_bucket(Bucket="large")
        upload = {**key, "UploadId": client.create_multipart_upload(**key)["UploadId"]}
        body = bytes(100_000_000)
        tags = [client.upload_part(**upload, PartNumber=at, Body=body)["ETag"] for at in range(1, parts + 1)]
        listed = [{"PartNumber": at, "ETag": tag} for at, tag in enumerate(tags, 1)]
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
        return int(client.delete_object(**key)["ResponseMetadata"]["HTTPStatusCode"])

    return attack


def _endless_form(size_bytes: int) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
    return _form_request(part * (size_bytes // len(part)))


def _form_request(body: bytes) -> bytes:
    head = "POST /forms HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _put_lines(box: Box) -> int:
    logs = box.client("logs")
    logs.create_log_group(logGroupName="lines")
    logs.create_log_stream(logGroupName="lines", logStreamName="s")
    now_ms = int(time.time() * 1000)
    events = [{"timestamp": now_ms, "message": f"line {number} of many"} for number in range(10_000)]
    logs.put_log_events(logGroupName="lines", logStreamName="s", logEvents=events)
    return 200


def _create_function(code: Body) -> Callable[[Box], int]:
    principal = {"Service": "lambda.amazonaws.com"}
    trust = {"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    make_role = call("iam", "create_role", RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))

    def attack(box: Box) -> int:
        make_role(box)
        return call(
            "lambda",
            "create_function",
            FunctionName="f",
            Runtime="python3.12",
            Handler="a.b",
            Role="arn:aws:iam::000000000000:role/r",
            Code={"ZipFile": code()},
        )(box)

    return attack


def _chunked_upload(box: Box) -> int:
    call("s3", "create_bucket", Bucket="chunks")(box)
    count = 4_000_000
    body = b"1\r\nx\r\n" * count + b"0\r\n\r\n"
    headers = {
        "X_Amz_Content_Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X_Amz_Decoded_Content_Length": str(count),
        "Content_Encoding": "aws-chunked",
    }
    return box.send(http("s3", body, method="PUT", path="/chunks/key", **headers))


def _xml(body: Body) -> Callable[[Box], int]:
    def attack(box: Box) -> int:
        call("s3", "create_bucket", Bucket="xml")(box)
        return box.send(http("s3", body(), path="/xml?delete", Content_Type="application/xml"))

    return attack


def _put_big_object(box: Box) -> int:
    call("s3", "create_bucket", Bucket="big")(box)
    return box.send(http("s3", b"x" * 100_000_000, method="PUT", path="/big/key"))


def _endless(start: bytes) -> Callable[[Box], int]:
    return raw(lambda: start + b"a" * 200_000_000)


def _sqs(operation: str, body: Body) -> Callable[[Box], int]:
    return rpc(f"AmazonSQS.{operation}", "sqs", body)


_BATCH = b'{"QueueUrl":"http://localhost/000000000000/q","Entries":[%b]}'
_YAML = "\n".join(f"  R{number}: {{Type: AWS::CloudFormation::WaitConditionHandle}}" for number in range(18_000))


def _one_byte_chunks() -> bytes:
    body = b"1\r\n{\r\n" * 2_000_000 + b"0\r\n\r\n"
    return http("sqs", body, X_Amz_Target="AmazonSQS.ListQueues", Transfer_Encoding="chunked")


def _bomb(size: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as stream:
        for _ in range(size // 1_000_000):
            stream.write(b" " * 1_000_000)
    return http("monitoring", packed.getvalue(), Content_Encoding="gzip", Content_Type=FORM)


def _pipelined(count: int) -> bytes:
    target, content_type = "DynamoDB_20120810.ListTables", "application/x-amz-json-1.0"
    return http("dynamodb", b"{}", X_Amz_Target=target, Content_Type=content_type) * count


def _upgrades(count: int) -> bytes:
    return (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n"
        * count
    )


def _long_query() -> bytes:
    return http("s3", method="GET", path="/bucket?" + "&".join(quote(f"k{number}=%") for number in range(2_000)))


ROWS = [
    Row("IAM: resource of 60 characters with 20 `*a`", _simulate("*a" * 20 + "b", "a" * 60), (200,)),
    Row("IAM: resource with 5 stars on 1,600 characters", _simulate("*a*b*c*d*e", "abcd" * 400), (200,)),
    Row("CloudFormation: AllowedPattern (a+)+", _allowed_pattern, (400,)),
    Row("CloudFormation: Sub bomb", call("cloudformation", "validate_template", TemplateBody=_sub_bomb()), (200, 400)),
    Row(
        "CloudFormation: 1 MB of YAML",
        call("cloudformation", "validate_template", TemplateBody="Resources:\n" + _YAML),
        (400,),
    ),
    Row("SNS: filter wildcard with 3 stars on 20,000 characters", _sns_wildcard, (200,)),
    Row("Logs: pattern %.*.*b% on 20 KB", _logs_pattern("%.*.*b%", "a" * 20_000), (200, 400)),
    Row("Logs: pattern *a*a*a*b on 20 KB", _logs_pattern("[x = *a*a*a*b]", "a" * 20_000), (200, 400)),
    Row(
        "SQS: batch of 90 MB of {}",
        _sqs("SendMessageBatch", lambda: _BATCH % (b"{}," * 30_000_000 + b"{}")),
        (413,),
        is_long=True,
    ),
    Row("SQS: batch of 4 MB of {}", _sqs("SendMessageBatch", lambda: _BATCH % (b"{}," * 1_300_000 + b"{}")), (400,)),
    Row(
        "SQS: one message of 3.9 MB",
        _sqs("SendMessageBatch", lambda: _BATCH % (b'"' + b"x" * 3_900_000 + b'"')),
        (400,),
    ),
    Row("Form: 5 M pairs", form("sns", lambda: b"Action=Publish&" + b"a=1&" * 5_000_000), (413,), is_long=True),
    Row("Form: 1 M pairs", form("sns", lambda: b"Action=Publish&" + b"a=1&" * 1_000_000), (400,)),
    Row("Form: 120 MB of &", form("sns", lambda: b"Action=Publish&" + b"&" * 120_000_000), (413,), is_long=True),
    Row("Form: one key of 20,000 dots", form("sns", lambda: b"Action=Publish&" + b"a." * 20_000 + b"=1"), (400,)),
    Row("XML: text of 120 MB", _xml(lambda: b"<Delete>" + b"x" * 120_000_000 + b"</Delete>"), (400, 413), is_long=True),
    Row("XML: text of 4 MB", _xml(lambda: b"<Delete>" + b"x" * 4_000_000 + b"</Delete>"), (400,)),
    Row(
        "XML: 1 M attributes",
        _xml(lambda: b"<Delete " + b" ".join(b'a%d="1"' % number for number in range(1_000_000)) + b"/>"),
        (400,),
    ),
    Row("XML: 1 M elements", _xml(lambda: b"<Delete>" + b"<a/>" * 1_000_000 + b"</Delete>"), (400,)),
    Row("S3: aws-chunked, 4 M chunks of one byte", _chunked_upload, (400,)),
    Row("S3: an object of 100 MB", _put_big_object, (200,), is_long=True),
    Row("HTTP: chunked body of 2 M chunks", raw(_one_byte_chunks), (400, 413)),
    *DYNAMODB_ROWS,
    *ANSWER_ROWS,
    *ACCOUNT_ROWS,
    Row(
        "Gzip bomb of 1 GB",
        raw(lambda: _bomb(1_000_000_000)),
        (400, 413),
        is_long=True,
    ),
    Row("Gzip bomb of 60 MB", raw(lambda: _bomb(60_000_000)), (400, 413)),
    Row("Lambda: zip with 60,000 entries", _create_function(lambda: _zip(60_000)), (201, 409)),
    Row("S3: form with a file of 100 MB", _post_form(100_000_000), (204,), is_long=True),
    Row("S3: an object of 300 MB, deleted", _delete_large(3), (204,), is_long=True),
    Row("S3: form with 2 MB and no file", raw(lambda: _endless_form(2_000_000)), (400,)),
    Row("Lambda: zip of 50 MB", _create_function(lambda: _large_zip(49_000_000)), (201,), is_long=True),
    Row("Lambda: 70 MB of base64", _create_function(lambda: b"x" * 50_000_000), (400, 413), is_long=True),
    Row("HTTP: 200 MB of URL", _endless(b"GET /"), (414, 431, 0)),
    Row("HTTP: 200 MB of one header line", _endless(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "), (431, 0)),
    Row("HTTP: 100,000 headers", raw(lambda: b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 100_000), (431, 0)),
    Row("HTTP: 20,000 pipelined requests", raw(lambda: _pipelined(20_000)), (200,)),
    Row("HTTP: 4,000 pipelined upgrades", raw(lambda: _upgrades(4_000)), (405,)),
    Row("Query string of 30 KB of pairs", raw(_long_query), (404,)),
    Row("All: the first use of each service", use_every_service, (200,), is_long=True),
    Row("SNS: 500 connections publishing", publish_by_many(500, 10), (200,), is_long=True),
    Row("SNS: 200 connections, each with 30 publishes", publish_by_many(200, 60, pipelined=30), (200,), is_long=True),
    Row("SQS: 2,000 long polls when messages come", wait_by_many(2_000), (200,), is_long=True),
    Row("SQS: 300 receives of messages too old, also FIFO", receive_old(20_000, 300), (200,), is_long=True),
    Row("SQS: 300 receives of 20,000 messages that failed", receive_failed(20_000, 300), (200,), is_long=True),
    Row(
        "SQS: the same, FIFO, in 20,000 groups that failed", receive_failed(20_000, 300, ".fifo"), (200,), is_long=True
    ),
    Row("SQS: a queue with 200,000 messages deleted", delete_full(200_000), (200,), is_long=True),
    Row("SQS: 20 move tasks of 2,000 messages", move_many(20, 2_000), (200,), is_long=True),
    Row("SNS: 5 batches of ten 20 KB to 100 queues", publish_to_queues(100, 5, 20_000), (200,), is_long=True),
    Row("SNS: two batches to 12,500 filters", publish_to_filters(12_500), (200,), is_long=True),
    Row(
        "SNS: 2,000 texts for 200 filters of 11 wildcards", publish_to_costly_filters(200, 2_000), (200,), is_long=True
    ),
    Row("CloudWatch: 1,000 queues and 1,000 alarms", alarms_at_rest(1_000), (200,), is_long=True),
    Row("CloudWatch: 30 clients each put 1,000 new metrics", put_new_metrics(30), (200,), is_long=True),
    Row("CloudWatch: 10 GetMetricData of 500 queries", read_metrics(10), (200,), is_long=True),
    Row("CloudFormation: 30 stacks of 500 resources", create_stacks(30), (200,), is_long=True),
    Row("DynamoDB: 30 transactions of 100 items", write_transactions(30), (200,), is_long=True),
    Row("DynamoDB: 30 scans with 145 conditions", filter_items(30, "Scan"), (200,), is_long=True),
    Row("SNS: 300 publishes with 100 attributes", publish_attributes(300), (200,), is_long=True),
    Row("Logs: 30 clients each put 9,000 lines", put_lines(30), (200,), is_long=True),
    Row("Logs: PutLogEvents with 10,000 lines", _put_lines, (200,), is_long=True),
    Row("Logs: FilterLogEvents over 300,000 lines", search_lines(300_000), (200,), is_long=True),
    Row("Lambda: a function that prints 100 MB", print_much(100), (200,), is_long=True),
]
