"""Goal: what onebox does otherwise than AWS on purpose is what docs/compatibility.md says. On AWS each of these fails.

Differences within a service's larger tests are in those tests: ``pytest -m differs`` runs all.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.aws.support import Client, Unique, code_and_status, make_bucket, refusal


@pytest.fixture
def bucket(client: Client, unique: Unique) -> str:
    return make_bucket(client("s3"), unique("bucket"))


@pytest.mark.differs("S3", "They cannot be put")
def test_websites_are_not_offered(client: Client, bucket: str) -> None:
    request = {"Bucket": bucket, "WebsiteConfiguration": {"IndexDocument": {"Suffix": "index.html"}}}
    assert code_and_status(client("s3").put_bucket_website, **request) == ("NotImplemented", 501)


@pytest.mark.differs("S3", "a key need not exist")
def test_objects_may_name_a_key_that_is_not_there(client: Client, bucket: str, account: str, region: str) -> None:
    s3 = client("s3")
    key = f"arn:aws:kms:{region}:{account}:key/00000000-0000-4000-8000-000000000000"
    written = s3.put_object(Bucket=bucket, Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    assert (written["ServerSideEncryption"], written["SSEKMSKeyId"]) == ("aws:kms", key)


@pytest.mark.differs("Systems Manager", "`AllowedPattern` uses RE2's syntax")
def test_patterns_of_parameters_have_no_look_around(client: Client, unique: Unique) -> None:
    request = {"Name": unique("p"), "Value": "x", "Type": "String", "AllowedPattern": "(?=x)x"}
    assert refusal(client("ssm").put_parameter, **request)[0] == "InvalidAllowedPatternException"


@pytest.mark.differs("CloudFormation", "AllowedPattern uses RE2's syntax")
def test_patterns_of_template_parameters_have_no_look_around(client: Client, unique: Unique) -> None:
    template = {
        "Parameters": {"Name": {"Type": "String", "Default": "x", "AllowedPattern": "(?=x)x"}},
        "Resources": {"T": {"Type": "AWS::SNS::Topic"}},
    }
    code, words = refusal(
        client("cloudformation").create_stack, StackName=unique("s"), TemplateBody=json.dumps(template)
    )
    assert (code, "look-around" in words) == ("ValidationError", True)


@pytest.mark.differs("CloudWatch", "Metrics Insights (`SELECT …`)")
def test_metrics_insights_is_not_offered(client: Client) -> None:
    now_s = time.time()
    query = {"Id": "q", "Expression": 'SELECT SUM(Invocations) FROM "AWS/Lambda"', "Period": 60}
    request = {"MetricDataQueries": [query], "StartTime": now_s - 600, "EndTime": now_s}
    code, words = refusal(client("cloudwatch").get_metric_data, **request)
    assert (code, "Metrics Insights" in words) == ("ValidationError", True)


@pytest.mark.differs("CloudWatch Logs", "`pattern`, `diff`, `unnest`, `lookup`")
def test_logs_insights_has_no_patterns(client: Client, unique: Unique) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName=unique("group"))
    now_s = int(time.time())
    request: dict[str, Any] = {"logGroupName": unique("group"), "startTime": now_s - 60, "endTime": now_s}
    code, words = refusal(logs.start_query, **request, queryString="pattern @message")
    assert (code, "pattern" in words) == ("MalformedQueryException", True)
