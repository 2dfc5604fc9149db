"""Goal: an invocation runs real code in a real process, and every way it can end looks as on AWS."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import BASIC, RUNTIME, SQS, alive, invoke, log_messages, make_function, make_role
from tests.polling import PATIENCE_S, until


def test_invoke_returns_the_result_and_logs_start_end_report(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    print('hello')\n    return {'got': event}\n")
    payload, answer = invoke(client, {"ä": 1}, LogType="Tail")
    assert payload == {"got": {"ä": 1}}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    request_id = answer["ResponseMetadata"]["RequestId"]
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert tail[1:3] == ["hello", f"END RequestId: {request_id}"]
    assert re.fullmatch(
        rf"REPORT RequestId: {request_id}\tDuration: [0-9.]+ ms\tBilled Duration: [0-9]+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: [1-9][0-9]* MB\tInit Duration: [0-9.]+ ms\t",
        tail[3],
    )
    messages = until(lambda: [m for m in log_messages(client) if "REPORT" in m] and log_messages(client), "REPORT")
    assert messages[0].startswith(f"INIT_START Runtime Version: {RUNTIME.replace('python', 'python:')}")
    assert "hello\n" in messages


def test_invoke_warm_child_is_reused(client: Callable[..., Any]) -> None:
    make_function(client, "import os\ndef handler(event, context):\n    return os.getpid()\n")
    first, _ = invoke(client)
    second, answer = invoke(client, LogType="Tail")
    assert first == second
    assert b"Init Duration" not in base64.b64decode(answer["LogResult"])


def test_invoke_context_and_environment_are_those_of_aws(client: Callable[..., Any], account: str) -> None:
    code = """
import os
def handler(event, context):
    return {
        "environment": dict(os.environ),
        "context": [context.function_name, context.function_version, context.memory_limit_in_mb,
                    context.invoked_function_arn, context.log_group_name, context.aws_request_id],
        "left": context.get_remaining_time_in_millis(),
        "folder": os.getcwd(),
        "files": os.listdir("."),
    }
"""
    arn = make_function(client, code, MemorySize=256, Timeout=60)["FunctionArn"]
    os.environ["ONEBOX_SECRET_OF_THE_TEST"] = "1"
    payload, answer = invoke(client)
    del os.environ["ONEBOX_SECRET_OF_THE_TEST"]
    environment = payload["environment"]
    assert payload["context"] == [
        *("function", "$LATEST", "256", arn, "/aws/lambda/function"),
        answer["ResponseMetadata"]["RequestId"],
    ]
    assert 30_000 < payload["left"] <= 60_000
    assert payload["folder"] == environment["LAMBDA_TASK_ROOT"]
    assert "app.py" in payload["files"]
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environment["AWS_EXECUTION_ENV"] == f"AWS_Lambda_{RUNTIME}"
    assert environment["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert environment["_HANDLER"] == "app.handler"
    assert environment["TZ"] == ":UTC"
    assert "ONEBOX_SECRET_OF_THE_TEST" not in environment
    assert "VIRTUAL_ENV" not in environment


def test_invoke_function_acts_as_its_role(client: Callable[..., Any], account: str) -> None:
    code = """
import boto3
def handler(event, context):
    arn = boto3.client("sts").get_caller_identity()["Arn"]
    try:
        boto3.client("sqs").list_queues()
    except Exception as error:
        return arn, error.response["Error"]["Code"]
    return arn, None
"""
    make_function(client, code, Role=make_role(client, BASIC))
    arn, code = invoke(client)[0]
    assert arn == f"arn:aws:sts::{account}:assumed-role/role/function"
    assert "AccessDenied" in code


def test_invoke_handler_raises_answers_unhandled_and_logs_the_traceback(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    raise ValueError('no\\nway')\n")
    payload, answer = invoke(client)
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "no\nway")
    assert payload["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "app.py" in payload["stackTrace"][0]
    [error] = until(
        lambda: [m for m in log_messages(client) if m.startswith("[ERROR] ValueError: no\nway")], "the traceback"
    )
    assert "Traceback" in error


def test_invoke_past_the_time_out_kills_the_child(timed: EngineThread) -> None:
    code = """
import os, socket
def handler(event, context):
    print(os.getpid())
    with socket.create_connection(("127.0.0.1", event)) as meeting:
        meeting.recv(1)
"""
    make_function(timed.client, code, Timeout=1)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:
        server.settimeout(PATIENCE_S)
        run = threads.submit(invoke, timed.client, server.getsockname()[1], LogType="Tail")
        guest, _ = server.accept()
        with guest:
            timed.clock.advance(0.999)
            assert not run.done()
            timed.clock.advance(0.001)
            payload, answer = run.result(PATIENCE_S)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert payload == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {request_id} Error: Task timed out after 1.00 seconds",
    }
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert f"{request_id} Task timed out after 1.00 seconds" in tail
    assert "Duration: 1000.00 ms" in tail
    assert "Status: timeout" in tail
    pid = int(tail.splitlines()[1])
    until(lambda: not alive(pid), "the child's end")


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("sys.exit(3)", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime exited with error: signal: killed"),
    ],
)
def test_invoke_process_ends_answers_exit_error(client: Callable[..., Any], statement: Any, reason: Any) -> None:
    make_function(client, f"import os, sys\ndef handler(event, context):\n    {statement}\n")
    payload, answer = invoke(client)
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert payload == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: {reason}",
    }
    assert answer["FunctionError"] == "Unhandled"


@pytest.mark.parametrize(
    ("change", "error_type", "message"),
    [
        ({"Handler": "nope.handler"}, "Runtime.ImportModuleError", "Unable to import module 'nope'"),
        ({"Handler": "app.nope"}, "Runtime.HandlerNotFound", "Handler 'nope' missing on module 'app'"),
        ({"code": "def"}, "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ({"code": "1 / 0"}, "ZeroDivisionError", "division by zero"),
        ({"code": "import sys; sys.exit(4)"}, "Runtime.ExitError", "exit status 4"),
    ],
)
def test_invoke_module_cannot_be_loaded_answers_its_error(
    client: Callable[..., Any], change: Any, error_type: Any, message: Any
) -> None:
    make_function(client, **{"code": "def handler(event, context):\n    pass\n", **change})
    payload, answer = invoke(client)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == error_type
    assert message in payload["errorMessage"]


def test_invoke_concurrently_runs_in_several_children(client: Callable[..., Any]) -> None:
    code = """
import os, socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event)) as meeting:
        meeting.recv(1)
    return os.getpid()
"""
    make_function(client, code)

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(3) as threads:
        server.settimeout(PATIENCE_S)
        port = server.getsockname()[1]
        runs = [threads.submit(invoke, client, port) for _ in range(3)]
        # All three are inside their handlers at once before any may go on.
        guests = [server.accept()[0] for _ in runs]
        for guest in guests:
            guest.sendall(b"!")
            guest.close()
        assert len({run.result()[0] for run in runs}) == 3


def test_invoke_beyond_reserved_concurrency_is_throttled(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    pass\n")
    client("lambda").put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
    with pytest.raises(client("lambda").exceptions.TooManyRequestsException) as caught:
        client("lambda").invoke(FunctionName="function")
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    client("lambda").delete_function_concurrency(FunctionName="function")
    assert client("lambda").invoke(FunctionName="function")["StatusCode"] == 200


def test_put_function_concurrency_leaving_too_little_is_refused(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    pass\n")
    with pytest.raises(ClientError, match=r"below its minimum value of \[100\]"):
        client("lambda").put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=901)


@pytest.mark.parametrize("runtime", ["python3.10", "python3.12", "python3.13", "python3.14"])
def test_invoke_any_runtime_runs_or_says_who_stands_in(client: Callable[..., Any], runtime: Any) -> None:
    code = "import sys, boto3\ndef handler(event, context):\n    return 'python%d.%d' % sys.version_info[:2]\n"
    make_function(client, code, Runtime=runtime)
    version, answer = invoke(client)
    assert "FunctionError" not in answer
    [line] = until(lambda: [m for m in log_messages(client) if m.startswith("INIT_START")], "INIT_START")
    if version != runtime:
        assert version == RUNTIME
        assert f"This machine has no {runtime}" in line


def test_invoke_json_log_format_writes_json_lines(client: Callable[..., Any]) -> None:
    code = "import logging\ndef handler(event, context):\n    logging.getLogger().warning('look\\nhere')\n"
    make_function(client, code, LoggingConfig={"LogFormat": "JSON"})
    invoke(client)
    lines = until(
        lambda: (
            (found := [json.loads(m) for m in log_messages(client)])
            and found[-1].get("type") == "platform.report"
            and found
        ),
        "the report",
    )
    types = [line.get("type", line.get("message")) for line in lines]
    assert types == ["platform.initStart", "platform.start", "look\nhere", "platform.report"]
    assert lines[-1]["record"]["status"] == "success"


def test_invoke_print_of_several_lines_is_one_event_a_line_and_a_log_record_stays_whole(
    client: Callable[..., Any],
) -> None:
    code = """
import logging
def handler(event, context):
    print("one\\ntwo")
    logging.getLogger().warning("three\\nfour")
    print("five", end="")
"""
    make_function(client, code)
    invoke(client)
    messages = until(lambda: m if (m := log_messages(client)) and m[-1].startswith("REPORT") else None, "REPORT")
    assert messages[2:4] == ["one\n", "two\n"]
    assert messages[4].startswith("[WARNING]")
    assert messages[4].endswith("three\nfour\n")
    assert messages[5] == "five"


def test_invoke_role_without_rights_to_logs_leaves_no_log(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    print('hello')\n", Role=make_role(client, SQS))
    _, answer = invoke(client, LogType="Tail")
    assert b"hello" in base64.b64decode(answer["LogResult"])
    make_function(
        client,
        "def handler(event, context):\n    pass\n",
        FunctionName="other",
        Role=make_role(client, BASIC, name="other"),
    )
    invoke(client, FunctionName="other")
    until(lambda: log_messages(client, "/aws/lambda/other"), "the other's log")
    assert log_messages(client) == []


def test_invoke_role_that_may_not_create_the_group_logs_only_once_it_is_there(client: Callable[..., Any]) -> None:
    statement = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = make_role(client, SQS, name="writes")
    client("iam").put_role_policy(RoleName="writes", PolicyName="logs", PolicyDocument=policy)
    code = "def handler(event, context):\n    print('heard', event)\n"
    make_function(client, code, Role=role)
    make_function(client, code, FunctionName="neighbour", Role=make_role(client, BASIC, name="creates"))
    invoke(client, 1)
    client("lambda").invoke(FunctionName="neighbour", Payload=b"1")
    until(lambda: "heard 1\n" in log_messages(client, "/aws/lambda/neighbour"), "the neighbour's line, written later")
    assert client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/function")["logGroups"] == []
    client("logs").create_log_group(logGroupName="/aws/lambda/function")
    invoke(client, 2)
    until(lambda: "heard 2\n" in log_messages(client), "a line in the group that is there now")
    assert "heard 1\n" not in log_messages(client)
