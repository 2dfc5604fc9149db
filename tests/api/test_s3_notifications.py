"""Goal: a change of an object is told to the queue, topic or function that its bucket names, in AWS's words and once;
what S3 cannot deliver to is refused, and what fails later delays nobody else and is tried again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import make_function, make_queue
from tests.polling import until

Make = Callable[..., Any]
CREATED = ["s3:ObjectCreated:*"]


@pytest.fixture
def bucket(client: Make, account: str) -> str:
    name = f"told-{account}"
    client("s3").create_bucket(Bucket=name)
    return name


def policy(arn: str, bucket: str, account: str, action: str) -> str:
    """What AWS's guide tells one to give a queue or topic."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": action,
        "Resource": arn,
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": account},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def open_queue(client: Make, bucket: str, account: str, name: str = "queue", **attributes: str) -> tuple[str, str]:
    """A queue that S3 may send to for a bucket."""
    arn = f"arn:aws:sqs:us-east-1:{account}:{name}"
    return make_queue(client, name, Policy=policy(arn, bucket, account, "sqs:SendMessage"), **attributes)


def put(client: Make, bucket: str, **configuration: Any) -> None:
    client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def to_queue(arn: str, events: list[str] | None = None, **filters: str) -> dict[str, Any]:
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    more = {"Filter": {"Key": {"FilterRules": rules}}} if rules else {}
    return {"QueueArn": arn, "Events": events or CREATED, **more}


def received(client: Make, url: str, number: int = 1) -> list[dict[str, Any]]:
    """So many messages of a queue, in the order in which they came."""
    found: list[dict[str, Any]] = []

    def all_there() -> bool:
        answer = client("sqs").receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageSystemAttributeNames=["All"]
        )
        for message in answer.get("Messages", ()):
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(message)
        return len(found) >= number

    until(all_there, f"{number} messages in {url}")
    assert len(found) == number
    return found


def records(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [record for message in messages for record in json.loads(message["Body"])["Records"]]


def error_of(call: Callable[..., Any], *args: Any, **parameters: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(*args, **parameters)
    error = caught.value.response["Error"]
    return {name: value for name, value in error.items() if name not in ("RequestId", "HostId")}


def test_every_change_of_an_object_comes_in_order(client: Make, bucket: str, account: str) -> None:
    s3 = client("s3")
    url, arn = open_queue(client, bucket, account)
    events = [*CREATED, "s3:ObjectRemoved:*", "s3:ObjectTagging:*"]
    put(client, bucket, QueueConfigurations=[{**to_queue(arn, events), "Id": "changes"}])
    (test,) = received(client, url)
    put_answer = s3.put_object(Bucket=bucket, Key="a b/ü+@.txt", Body=b"12345")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b/ü+@.txt"})
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    s3.put_object_tagging(Bucket=bucket, Key="copy", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    s3.delete_object_tagging(Bucket=bucket, Key="copy")
    s3.delete_object(Bucket=bucket, Key="copy")
    s3.delete_object(Bucket=bucket, Key="was never there")
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "parts"}, {"Key": "nor this"}]})

    told = records(received(client, url, 7))

    assert {name: json.loads(test["Body"])[name] for name in ("Service", "Event", "Bucket")} == {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Bucket": bucket,
    }
    assert [(record["eventName"], record["eventVersion"]) for record in told] == [
        ("ObjectCreated:Put", "2.1"),
        ("ObjectCreated:Copy", "2.1"),
        ("ObjectCreated:CompleteMultipartUpload", "2.1"),
        ("ObjectTagging:Put", "2.3"),
        ("ObjectTagging:Delete", "2.3"),
        ("ObjectRemoved:Delete", "2.1"),
        ("ObjectRemoved:Delete", "2.1"),
    ]
    first, removed = told[0], told[5]
    assert (first["eventSource"], first["awsRegion"]) == ("aws:s3", "us-east-1")
    assert first["userIdentity"]["principalId"].startswith("AWS:")
    assert first["requestParameters"] == {"sourceIPAddress": "127.0.0.1"}
    assert first["responseElements"]["x-amz-request-id"] == put_answer["ResponseMetadata"]["RequestId"]
    assert first["s3"]["configurationId"] == "changes"
    assert (first["s3"]["bucket"]["name"], first["s3"]["bucket"]["arn"]) == (bucket, f"arn:aws:s3:::{bucket}")
    described = first["s3"]["object"]
    assert unquote_plus(described.pop("key")) == "a b/ü+@.txt"
    assert int(described.pop("sequencer"), 16) < int(removed["s3"]["object"].pop("sequencer"), 16)
    assert described == {"size": 5, "eTag": "827ccb0eea8a706c4c34a16891f84e7b"}
    assert removed["s3"]["object"] == {"key": "copy"}
    assert set(told[3]["s3"]["object"]) == {"key", "eTag"}


def test_versions_have_their_ids_in_events(client: Make, bucket: str, account: str) -> None:
    s3 = client("s3")
    url, arn = open_queue(client, bucket, account)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put(client, bucket, QueueConfigurations=[to_queue(arn, [*CREATED, "s3:ObjectRemoved:*"])])
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)

    _, *messages = received(client, url, 4)

    assert [(record["eventName"], record["s3"]["object"]["versionId"]) for record in records(messages)] == [
        ("ObjectCreated:Put", version),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", version),
    ]


def test_topic_gets_the_same_under_a_subject(client: Make, bucket: str, account: str) -> None:
    sns, (url, queue_arn) = client("sns"), make_queue(client)
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=policy(topic, bucket, account, "sns:Publish")
    )
    client("sqs").set_queue_attributes(
        QueueUrl=url,
        Attributes={
            "Policy": json.dumps(
                {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}}
            )
        },
    )
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    put(client, bucket, TopicConfigurations=[{"TopicArn": topic, "Events": CREATED}])
    client("s3").put_object(Bucket=bucket, Key="k")

    test, told = (json.loads(message["Body"]) for message in received(client, url, 2))

    assert (test["Subject"], told["Subject"]) == ("Amazon S3 Notification", "Amazon S3 Notification")
    assert json.loads(test["Message"])["Event"] == "s3:TestEvent"
    assert json.loads(told["Message"])["Records"][0]["s3"]["object"]["key"] == "k"


def test_function_is_invoked_if_its_policy_lets_s3(client: Make, bucket: str, account: str) -> None:
    url, queue_arn = make_queue(client)
    make_function(client, "def handler(event, context):\n    return event['Records'][0]['s3']['object']['key']\n")
    function = f"arn:aws:lambda:us-east-1:{account}:function:function"
    configuration = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": function, "Events": CREATED}]}
    client("lambda").put_function_event_invoke_config(
        FunctionName="function", DestinationConfig={"OnSuccess": {"Destination": queue_arn}}
    )

    assert error_of(put, client, bucket, **configuration) == {
        "Code": "InvalidArgument",
        "Message": "Unable to validate the following destination configurations",
        "ArgumentName1": f"{function}, null",
        "ArgumentValue1": f"Not authorized to invoke function [{function}]",
    }
    client("lambda").add_permission(
        FunctionName="function",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn=f"arn:aws:s3:::{bucket}",
        SourceAccount=account,
    )
    put(client, bucket, **configuration)
    client("s3").put_object(Bucket=bucket, Key="k")

    (message,) = received(client, url)
    assert json.loads(message["Body"])["responsePayload"] == "k"


def test_configuration_comes_back_as_aws_writes_it(client: Make, bucket: str, account: str) -> None:
    _, arn = open_queue(client, bucket, account)
    s3 = client("s3")
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)

    put(
        client,
        bucket,
        QueueConfigurations=[
            to_queue(arn, [*CREATED, "s3:ObjectRemoved:Delete"], prefix="in/", SUFFIX=".csv"),
            {**to_queue(arn, ["s3:ObjectTagging:*"], prefix="in/"), "Id": "mine"},
        ],
    )
    first, second = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]

    assert first.pop("Id")
    assert first == {
        "QueueArn": arn,
        "Events": [*CREATED, "s3:ObjectRemoved:Delete"],
        "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".csv"}]}},
    }
    assert second["Id"] == "mine"
    put(client, bucket)
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)


def test_filters_and_trace_reach_the_message(client: Make, bucket: str, account: str) -> None:
    url, arn = open_queue(client, bucket, account)
    put(client, bucket, QueueConfigurations=[to_queue(arn, prefix="in/", suffix=".csv")])
    s3 = client("s3")
    trace = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1"

    def add_trace(request: Any, **_: Any) -> None:
        request.headers["X-Amzn-Trace-Id"] = trace

    for key in ("in/1.txt", "out/1.csv", "in/1.csv.gz"):
        s3.put_object(Bucket=bucket, Key=key)
    s3.meta.events.register("before-send.s3.PutObject", add_trace)
    s3.put_object(Bucket=bucket, Key="in/1.csv")
    s3.meta.events.unregister("before-send.s3.PutObject", add_trace)

    _, message = received(client, url, 2)

    assert records([message])[0]["s3"]["object"]["key"] == "in/1.csv"
    assert message["Attributes"]["AWSTraceHeader"] == trace


def bad(**configuration: Any) -> dict[str, Any]:
    return configuration


ARN = "arn:aws:sqs:us-east-1:111122223333:queue"
WRONG_REGION = "The notification destination service region is not valid for the bucket location constraint"
COMMON_EVENT = "Configurations overlap. Configurations on the same bucket cannot share a common event type."
AMBIGUOUS = (
    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are "
    "overlapping for the same event type."
)


@pytest.mark.parametrize(
    ("configuration", "error"),
    [
        (
            bad(QueueConfigurations=[to_queue("queue")]),
            {"Message": "The ARN could not be parsed", "ArgumentName": "Queue", "ArgumentValue": "queue"},
        ),
        (
            bad(TopicConfigurations=[{"TopicArn": ARN, "Events": CREATED}]),
            {"Message": "The ARN could not be parsed", "ArgumentName": "Topic", "ArgumentValue": ARN},
        ),
        (
            bad(QueueConfigurations=[to_queue(ARN.replace("us-east-1", "eu-west-1"))]),
            {
                "Message": WRONG_REGION,
                "ArgumentName": "Queue",
                "ArgumentValue": ARN.replace("us-east-1", "eu-west-1"),
            },
        ),
        (
            bad(QueueConfigurations=[to_queue(ARN, ["s3:ObjectRead:*"])]),
            {
                "Message": "A specified event is not supported for notifications.",
                "ArgumentName": "Event",
                "ArgumentValue": "s3:ObjectRead:*",
            },
        ),
        (
            bad(QueueConfigurations=[to_queue(ARN, infix="x")]),
            {
                "Message": "filter rule name must be either prefix or suffix",
                "ArgumentName": "FilterRule.Name",
                "ArgumentValue": "infix",
            },
        ),
        (
            bad(QueueConfigurations=[to_queue(ARN), to_queue(ARN, ["s3:ObjectCreated:Put"])]),
            {
                "Message": COMMON_EVENT,
                "ArgumentName": "Event",
                "ArgumentValue": "s3:ObjectCreated:*, s3:ObjectCreated:Put",
            },
        ),
        (
            bad(QueueConfigurations=[to_queue(ARN, prefix="a", suffix="x"), to_queue(ARN, prefix="ab", suffix="yx")]),
            {"Message": AMBIGUOUS},
        ),
        (
            bad(QueueConfigurations=[to_queue(ARN), to_queue(f"{ARN}2", ["s3:ObjectRemoved:*"])]),
            {
                "Message": "Unable to validate the following destination configurations",
                "ArgumentName1": ARN,
                "ArgumentValue1": "The destination queue does not exist",
                "ArgumentName2": f"{ARN}2",
                "ArgumentValue2": "The destination queue does not exist",
            },
        ),
    ],
    ids=["no-arn", "wrong-service", "region", "event", "filter", "same-event", "overlap", "no-queues"],
)
def test_what_aws_refuses_is_refused(
    client: Make, bucket: str, configuration: dict[str, Any], error: dict[str, str]
) -> None:
    assert error_of(put, client, bucket, **configuration) == {"Code": "InvalidArgument", **error}
    assert "QueueConfigurations" not in client("s3").get_bucket_notification_configuration(Bucket=bucket)


def test_queue_must_let_s3_in_for_this_bucket(client: Make, bucket: str, account: str) -> None:
    reasons = []
    for name, attributes in (
        ("closed", {}),
        ("of-another-bucket", {"Policy": policy("*", "another", account, "sqs:SendMessage")}),
        ("of-another-account", {"Policy": policy("*", bucket, "999999999999", "sqs:SendMessage")}),
        ("first.fifo", {"FifoQueue": "true"}),
    ):
        _, arn = make_queue(client, name, **attributes)
        reasons.append(error_of(put, client, bucket, QueueConfigurations=[to_queue(arn)])["ArgumentValue1"])

    denied = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket"
    assert reasons == [denied, denied, denied, "FIFO SQS queues are not supported."]
    client("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={"QueueConfigurations": [to_queue(arn)]},
        SkipDestinationValidation=True,
    )


def test_event_bridge_is_refused_in_words(client: Make, bucket: str) -> None:
    error = error_of(put, client, bucket, EventBridgeConfiguration={})

    assert error["Code"] == "NotImplemented"
    assert "onebox has no EventBridge" in error["Message"]


def test_destination_that_is_gone_delays_no_other_and_is_tried_again(timed: EngineThread) -> None:
    account = "000000000000"
    s3, sqs = timed.client("s3"), timed.client("sqs")
    queues = {}
    for name in ("gone", "there"):
        s3.create_bucket(Bucket=f"bucket-{name}")
        queues[name] = open_queue(timed.client, f"bucket-{name}", account, name)
        put(timed.client, f"bucket-{name}", QueueConfigurations=[to_queue(queues[name][1])])
    timed.clock.advance(1)
    for url, _ in queues.values():
        sqs.purge_queue(QueueUrl=url)
    timed.clock.advance(61)
    sqs.delete_queue(QueueUrl=queues["gone"][0])
    for number in range(30):  # more than one piece
        s3.put_object(Bucket="bucket-gone", Key=f"{number:02}")
    s3.put_object(Bucket="bucket-there", Key="k")
    timed.clock.advance(61)

    def count(name: str) -> int:
        answer = sqs.get_queue_attributes(QueueUrl=queues[name][0], AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    assert count("there") == 1
    open_queue(timed.client, "bucket-gone", account, "gone")
    timed.clock.advance(61)
    assert count("gone") == 30
    first = sqs.receive_message(QueueUrl=queues["gone"][0])["Messages"]
    assert records(first)[0]["s3"]["object"]["key"] == "00"


def test_bucket_that_a_queue_refuses_holds_up_no_other_bucket(timed: EngineThread) -> None:
    s3, sqs = timed.client("s3"), timed.client("sqs")
    url, arn = open_queue(timed.client, "let-in", "000000000000")
    for name in ("refused", "let-in"):
        s3.create_bucket(Bucket=name)
        configuration = {"QueueConfigurations": [to_queue(arn)]}
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration=configuration, SkipDestinationValidation=True
        )
        for number in range(12):  # more than one piece
            s3.put_object(Bucket=name, Key=f"{number:02}")

    timed.clock.advance(1)

    found = [
        record["s3"]["bucket"]["name"]
        for _ in range(2)
        for record in records(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"])
    ]
    assert found == ["let-in"] * 12


def test_events_for_a_destination_that_stays_away_end_after_six_hours(timed: EngineThread) -> None:
    s3, sqs = timed.client("s3"), timed.client("sqs")
    s3.create_bucket(Bucket="bucket")
    url, arn = open_queue(timed.client, "bucket", "000000000000")
    put(timed.client, "bucket", QueueConfigurations=[to_queue(arn)])
    sqs.delete_queue(QueueUrl=url)
    s3.put_object(Bucket="bucket", Key="old")
    timed.clock.advance(6 * 3600)
    s3.put_object(Bucket="bucket", Key="young")
    timed.clock.advance(120)
    open_queue(timed.client, "bucket", "000000000000")
    timed.clock.advance(61)

    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert [record["s3"]["object"]["key"] for record in records(messages)] == ["young"]


def test_message_that_a_queue_never_takes_holds_up_nothing(client: Make, bucket: str, account: str) -> None:
    url, arn = open_queue(client, bucket, account, MaximumMessageSize="1024")
    put(client, bucket, QueueConfigurations=[to_queue(arn)])
    client("s3").put_object(Bucket=bucket, Key="long" * 200)
    client("s3").put_object(Bucket=bucket, Key="short")

    _, message = received(client, url, 2)

    assert records([message])[0]["s3"]["object"]["key"] == "short"


def stack(bucket: str, *, suffix: str | None, event_bridge: bool = False) -> str:
    """A bucket that tells a queue of its new objects, or no longer."""
    configuration: dict[str, Any] = {}
    if suffix is not None:
        rules = [{"Name": "suffix", "Value": suffix}]
        queue = {"Event": CREATED[0], "Queue": {"Fn::GetAtt": "Queue.Arn"}, "Filter": {"S3Key": {"Rules": rules}}}
        configuration = {"QueueConfigurations": [queue]}
    if event_bridge:
        configuration["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    properties = {"BucketName": bucket, **({"NotificationConfiguration": configuration} if configuration else {})}
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "stack-queue"}},
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Statement": [statement]}},
        },
        "Bucket": {"Type": "AWS::S3::Bucket", "DependsOn": "Policy", "Properties": properties},
    }
    return json.dumps({"Resources": resources})


def test_stack_configures_changes_and_ends_notifications(client: Make, account: str) -> None:
    cloudformation, s3, bucket = client("cloudformation"), client("s3"), f"stack-{account}"
    name = {"StackName": "stack"}
    cloudformation.create_stack(**name, TemplateBody=stack(bucket, suffix=".csv"))
    cloudformation.get_waiter("stack_create_complete").wait(**name, WaiterConfig={"Delay": 0.1})

    (created,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert created["Events"] == CREATED
    assert created["Filter"]["Key"]["FilterRules"] == [{"Name": "Suffix", "Value": ".csv"}]

    cloudformation.update_stack(**name, TemplateBody=stack(bucket, suffix=".json", event_bridge=True))
    cloudformation.get_waiter("stack_rollback_complete").wait(**name, WaiterConfig={"Delay": 0.1})
    (kept,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert kept["Filter"]["Key"]["FilterRules"] == [{"Name": "Suffix", "Value": ".csv"}]

    cloudformation.update_stack(**name, TemplateBody=stack(bucket, suffix=None))
    cloudformation.get_waiter("stack_update_complete").wait(**name, WaiterConfig={"Delay": 0.1})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
