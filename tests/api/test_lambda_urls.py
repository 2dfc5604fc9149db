"""Goal: function URLs are configured and answer as on AWS."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import make_function
from tests.polling import PATIENCE_S, until

ECHO = "def handler(event, context):\n    return event\n"
ANSWER = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def make_url(client: Callable[..., Any], code: Any = ECHO, auth_type: Any = "NONE", **settings: Any) -> Any:
    """A function with a public URL."""
    make_function(client, code, Publish=True)
    client("lambda").add_permission(
        FunctionName="function",
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType=auth_type,
    )
    return client("lambda").create_function_url_config(FunctionName="function", AuthType=auth_type, **settings)


def ask(
    onebox: EngineThread, url: Any, method: Any = "GET", target: Any = "/", body: Any = None, **headers: Any
) -> Any:
    """Status, headers and body; the connection goes to the engine and the host is the URL's."""
    endpoint = urlsplit(onebox.endpoint_url)
    connection = http.client.HTTPConnection(endpoint.netloc, timeout=PATIENCE_S)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in {"Host": urlsplit(url).netloc, **names}.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_configurations_of_functions_and_aliases(client: Callable[..., Any]) -> None:
    api = client("lambda")
    created = make_url(client)
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (created["AuthType"], "InvokeMode" in created) == ("NONE", False)
    api.create_alias(FunctionName="function", Name="live", FunctionVersion="1")
    api.create_function_url_config(
        FunctionName="function", Qualifier="live", AuthType="AWS_IAM", InvokeMode="RESPONSE_STREAM"
    )
    found = api.get_function_url_config(FunctionName="function", Qualifier="live")
    assert (found["AuthType"], found["InvokeMode"]) == ("AWS_IAM", "RESPONSE_STREAM")
    assert found["FunctionArn"].endswith(":function:live")
    changed = api.update_function_url_config(FunctionName="function", AuthType="AWS_IAM", Cors={"AllowOrigins": ["*"]})
    assert (changed["AuthType"], changed["Cors"]) == ("AWS_IAM", {"AllowOrigins": ["*"]})
    assert changed["FunctionUrl"] == created["FunctionUrl"]
    pages = api.get_paginator("list_function_url_configs").paginate(
        FunctionName="function", PaginationConfig={"PageSize": 1}
    )
    arns = [entry["FunctionArn"] for page in pages for entry in page["FunctionUrlConfigs"]]
    assert [arn.rpartition(":")[2] for arn in arns] == ["function", "live"]
    answer = api.delete_function_url_config(FunctionName="function")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204
    api.delete_alias(FunctionName="function", Name="live")
    assert api.list_function_url_configs(FunctionName="function")["FunctionUrlConfigs"] == []


def test_configurations_that_are_refused(client: Callable[..., Any]) -> None:
    api = client("lambda", parameter_validation=False)
    missing = "ResourceNotFoundException"
    assert refusal(api.create_function_url_config, FunctionName="x", AuthType="NONE") == (
        missing,
        "Function does not exist",
    )
    assert refusal(api.list_function_url_configs, FunctionName="x") == (missing, "Function does not exist")
    gone = (missing, "The resource you requested does not exist.")
    assert refusal(api.get_function_url_config, FunctionName="x") == gone
    assert refusal(api.delete_function_url_config, FunctionName="x") == gone
    arn = make_function(client, ECHO)["FunctionArn"]
    assert refusal(api.update_function_url_config, FunctionName="function", AuthType="NONE") == gone
    create = {"FunctionName": "function", "AuthType": "NONE"}
    for qualifier in ("1", "$LATEST"):
        code, message = refusal(api.create_function_url_config, **create, Qualifier=qualifier)
        assert code == "ValidationException"
        assert r"pattern: ((?!^\d+$)^[0-9a-zA-Z-_]+$)" in message
    assert "set: [RESPONSE_STREAM, BUFFERED]" in refusal(api.create_function_url_config, **create, InvokeMode="x")[1]
    api.create_function_url_config(**create)
    assert refusal(api.create_function_url_config, **create) == (
        "ResourceConflictException",
        f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
        "FunctionUrlConfig exists for this Lambda function",
    )


def test_request_becomes_an_event_of_format_2(client: Callable[..., Any], onebox: EngineThread) -> None:
    url = make_url(client)["FunctionUrl"]
    target = "/a%20b/%zz?x=1&x=2&y=%C3%A9&empty="
    status, headers, body = ask(
        onebox, url, "POST", target, b'{"k": 1}', Content_Type="application/json", Cookie="a=1; b=2"
    )
    event = json.loads(body)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert len(headers["x-amzn-RequestId"]) == 36
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a%20b/%zz")
    assert event["rawQueryString"] == "x=1&x=2&y=%C3%A9&empty="
    assert event["queryStringParameters"] == {"x": "1,2", "y": "é", "empty": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    context = event["requestContext"]
    assert context["http"] == {
        "method": "POST",
        "path": "/a%20b/%zz",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "",
    }
    assert context["domainPrefix"] == context["apiId"] == urlsplit(url).netloc.partition(".")[0]
    assert (context["stage"], context["accountId"]) == ("$default", "anonymous")
    assert {"x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"} <= event["headers"].keys()
    binary = json.loads(ask(onebox, url, "POST", "/", b"\xff\x00", Content_Type="application/octet-stream")[2])
    assert (base64.b64decode(binary["body"]), binary["isBase64Encoded"]) == (b"\xff\x00", True)
    assert "body" not in json.loads(ask(onebox, url)[2])


@pytest.mark.parametrize(
    ("result", "status", "body", "kind"),
    [
        ({"statusCode": 201, "body": "made", "headers": {"Content-Type": "text/plain"}}, 201, b"made", "text/plain"),
        ({"statusCode": 200, "body": "AAE=", "isBase64Encoded": True}, 200, b"\x00\x01", "application/json"),
        ({"no": "status"}, 200, b'{"no":"status"}', "application/json"),
        ("text", 200, b"text", "application/json"),
        (["hello", 3, True], 200, b'["hello",3,true]', "application/json"),
        (3.1, 200, b"3.1", "application/json"),
        ({"statusCode": "x"}, 502, b"Internal Server Error", "application/json"),
        ({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}, 502, b"Internal Server Error", "application/json"),
        ({"statusCode": 200, "headers": {"a b": "c"}}, 502, b"Internal Server Error", "application/json"),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, 502, b"Internal Server Error", "application/json"),
    ],
)
def test_result_becomes_an_answer(
    client: Callable[..., Any], onebox: EngineThread, result: Any, status: Any, body: Any, kind: Any
) -> None:
    url = make_url(client, ANSWER)["FunctionUrl"]
    found = ask(onebox, url, "POST", "/", json.dumps(result).encode(), Content_Type="application/json")
    assert (found[0], found[2], found[1]["Content-Type"]) == (status, body, kind)


def test_failed_function_is_502_and_unknown_url_403(client: Callable[..., Any], onebox: EngineThread) -> None:
    url = make_url(client, "def handler(event, context):\n    raise ValueError\n")["FunctionUrl"]
    assert ask(onebox, url)[::2] == (502, b"Internal Server Error")
    other = url.replace(urlsplit(url).netloc[:32], "a" * 32)
    status, headers, body = ask(onebox, other)
    assert (status, headers["x-amzn-ErrorType"], body) == (403, "AccessDeniedException", b'{"Message":null}')


def test_url_without_permission_is_forbidden(client: Callable[..., Any], onebox: EngineThread) -> None:
    url = make_url(client)["FunctionUrl"]
    client("lambda").remove_permission(FunctionName="function", StatementId="public")
    status, _, body = ask(onebox, url)
    assert status == 403
    assert json.loads(body)["Message"].startswith("Forbidden.")


def test_url_with_iam_wants_a_signature(client: Callable[..., Any], onebox: EngineThread, account: str) -> None:
    url = make_url(client, auth_type="AWS_IAM")["FunctionUrl"]
    assert ask(onebox, url)[0] == 403
    request = AWSRequest("GET", url, headers={"Host": urlsplit(url).netloc})
    SigV4Auth(Credentials(account, "secret"), "lambda", "us-east-1").add_auth(request)
    headers = {name.replace("-", "_"): value for name, value in request.headers.items() if name != "Host"}
    status, _, body = ask(onebox, url, **headers)
    assert status == 200
    assert json.loads(body)["requestContext"]["authorizer"]["iam"]["accountId"] == account


def test_cors_of_a_url(client: Callable[..., Any], onebox: EngineThread) -> None:
    cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["POST"], "MaxAge": 60}
    url = make_url(client, Cors=cors)["FunctionUrl"]
    asked = {"Origin": "https://shop.example", "Access_Control_Request_Method": "POST"}
    status, headers, _ = ask(onebox, url, "OPTIONS", **asked)
    assert (status, headers["Access-Control-Allow-Methods"]) == (200, "POST")
    assert ask(onebox, url, Origin="https://shop.example")[1]["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "Access-Control-Allow-Origin" not in ask(onebox, url, Origin="https://other.example")[1]


def test_url_survives_a_restart(tmp_path: Path) -> None:
    with EngineThread(data=tmp_path) as engine:
        url = make_url(engine.client)["FunctionUrl"]
    with EngineThread(data=tmp_path) as engine:
        found = engine.client("lambda").get_function_url_config(FunctionName="function")
        assert found["FunctionUrl"].partition(":")[0] == url.partition(":")[0]
        assert urlsplit(found["FunctionUrl"]).hostname == urlsplit(url).hostname
        assert ask(engine, url)[0] == 200


def test_requests_to_urls_are_counted_by_how_they_were_answered(
    client: Callable[..., Any], onebox: EngineThread
) -> None:
    url = make_url(client, ANSWER)["FunctionUrl"]
    for status in (200, 202, 404, 500):
        ask(onebox, url, "POST", body=json.dumps({"statusCode": status}).encode(), Content_Type="application/json")
    ask(onebox, url, "POST", body=b"no JSON")  # the function fails: 502
    client("lambda").remove_permission(FunctionName="function", StatementId="public")
    assert ask(onebox, url)[0] == 403
    cloudwatch, now = client("cloudwatch"), datetime.now(timezone.utc)
    wanted = {"UrlRequestCount": 6.0, "Url4xxCount": 2.0, "Url5xxCount": 2.0}

    def count(name: str) -> float:
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=name,
            Dimensions=[{"Name": "FunctionName", "Value": "function"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7_200,
            Statistics=["Sum"],
        )
        return float(sum(one["Sum"] for one in found["Datapoints"]))

    until(lambda: count("UrlRequestCount") >= 6, "the counts")
    assert {name: count(name) for name in wanted} == wanted
