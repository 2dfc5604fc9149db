"""Goal: Lambda fits its neighbours: SNS invokes what permits it, CloudWatch shows AWS/Lambda, S3 holds code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.lambda_support import invoke, log_messages, make_function, zipped
from tests.polling import until

PRINT = """
import json
def handler(event, context):
    if event == "fail":
        raise ValueError
    print(json.dumps(event))
"""


def statistics(client: Callable[..., Any], metric: Any, statistic: Any, *dimensions: Any) -> Any:
    now = datetime.now(timezone.utc)
    answer = client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=[statistic],
    )
    # A test may run across the border of two periods.
    whole = max if statistic == "Maximum" else sum
    return whole([point[statistic] for point in answer["Datapoints"]] or [0])


def test_metrics_of_invocations_are_those_of_aws(client: Callable[..., Any]) -> None:
    make_function(client, PRINT)
    invoke(client, 1)
    invoke(client, "fail")
    client("lambda").put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
    with contextlib.suppress(ClientError):
        invoke(client, 1)
    name = ("FunctionName", "function")
    until(lambda: statistics(client, "Throttles", "Sum", name) == 1, "the throttled invocation")
    assert statistics(client, "Invocations", "Sum", name) == 2
    assert statistics(client, "Errors", "Sum", name) == 1
    assert statistics(client, "Duration", "SampleCount", name) == 2
    assert statistics(client, "Duration", "Sum", name) > 0
    assert statistics(client, "ConcurrentExecutions", "Maximum", name) == 1
    assert statistics(client, "Invocations", "Sum", name, ("Resource", "function")) == 2
    assert statistics(client, "Invocations", "Sum") == 2
    assert statistics(client, "UnreservedConcurrentExecutions", "Maximum") == 1


def test_metrics_of_an_alias_tell_the_version_that_ran(client: Callable[..., Any]) -> None:
    make_function(client, PRINT)
    lambda_ = client("lambda")
    version = lambda_.publish_version(FunctionName="function")["Version"]
    lambda_.create_alias(FunctionName="function", Name="live", FunctionVersion=version)
    lambda_.invoke(FunctionName="function", Qualifier="live", Payload=b'"fail"')
    of_alias = (("FunctionName", "function"), ("Resource", "function:live"))
    until(lambda: statistics(client, "Errors", "Sum", *of_alias) == 1, "the failed invocation")
    assert statistics(client, "Errors", "Sum", *of_alias, ("ExecutedVersion", version)) == 1
    assert statistics(client, "Errors", "Sum", ("FunctionName", "function")) == 1


def test_topic_invokes_a_function_that_permits_it(client: Callable[..., Any]) -> None:
    function_arn = make_function(client, PRINT)["FunctionArn"]
    topic_arn = client("sns").create_topic(Name="topic")["TopicArn"]
    client("sns").subscribe(TopicArn=topic_arn, Protocol="lambda", Endpoint=function_arn)
    client("lambda").add_permission(
        FunctionName="function",
        StatementId="sns",
        Action="lambda:InvokeFunction",
        Principal="sns.amazonaws.com",
        SourceArn=topic_arn,
    )
    client("sns").publish(TopicArn=topic_arn, Message="hello")
    [line] = until(lambda: [m for m in log_messages(client) if '"Sns"' in m], "the notification in the log")
    assert '"Message": "hello"' in line
    assert statistics(client, "AsyncEventsReceived", "Sum", ("FunctionName", "function")) == 1


def test_topic_does_not_invoke_a_function_that_does_not_permit_it(client: Callable[..., Any]) -> None:
    function_arn = make_function(client, PRINT)["FunctionArn"]
    topic_arn = client("sns").create_topic(Name="topic")["TopicArn"]
    client("sns").subscribe(TopicArn=topic_arn, Protocol="lambda", Endpoint=function_arn)
    client("sns").publish(TopicArn=topic_arn, Message="hello")
    assert statistics(client, "AsyncEventsReceived", "Sum", ("FunctionName", "function")) == 0
    assert log_messages(client) == []


def test_create_function_from_s3_runs_the_object(client: Callable[..., Any]) -> None:
    client("s3").create_bucket(Bucket="code-bucket")
    client("s3").put_object(Bucket="code-bucket", Key="f.zip", Body=zipped(PRINT.replace("print(", "return (")))
    make_function(client, "", Code={"S3Bucket": "code-bucket", "S3Key": "f.zip"})
    assert invoke(client, {"a": 1})[0] == '{"a": 1}'
    with pytest.raises(ClientError, match="S3 Error Code: NoSuchKey"):
        client("lambda").update_function_code(FunctionName="function", S3Bucket="code-bucket", S3Key="nope")
