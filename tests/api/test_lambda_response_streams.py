"""Goal: InvokeWithResponseStream gives the function's result, error and log as a stream of events."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.lambda_support import make_function

CODE = """
def handler(event, context):
    print("ran")
    if event == "fail":
        raise ValueError("no")
    return "x" * event
"""


def stream(client: Callable[..., Any], event: Any, **parameters: Any) -> tuple[bytes, dict[str, Any]]:
    """What came in chunks, and how the invocation ended."""
    request = {"FunctionName": "function", "Payload": json.dumps(event), **parameters}
    answer = client("lambda").invoke_with_response_stream(**request)
    assert answer["StatusCode"] == 200
    *chunks, last = list(answer["EventStream"])
    return b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks), last["InvokeComplete"]


@pytest.mark.parametrize("characters", [0, 1, 200_000])
def test_results_come_in_chunks(client: Callable[..., Any], characters: int) -> None:
    make_function(client, CODE)
    payload, complete = stream(client, characters)
    assert (json.loads(payload), complete) == ("x" * characters, {})


def test_errors_and_logs_come_at_the_end(client: Callable[..., Any]) -> None:
    make_function(client, CODE)
    payload, complete = stream(client, "fail", LogType="Tail")
    assert (payload, complete["ErrorCode"]) == (b"", "Unhandled")
    assert json.loads(complete["ErrorDetails"])["errorMessage"] == "no"
    assert b"ran" in base64.b64decode(complete["LogResult"])


def test_what_cannot_be_invoked_is_refused(client: Callable[..., Any]) -> None:
    call = client("lambda").invoke_with_response_stream
    with pytest.raises(ClientError, match="Function not found"):
        call(FunctionName="absent")
    make_function(client, CODE)
    with pytest.raises(ClientError, match=r"\[RequestResponse, DryRun\]"):
        call(FunctionName="function", InvocationType="Event")
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        call(FunctionName="function", Payload=b"{")
    assert call(FunctionName="function", InvocationType="DryRun")["StatusCode"] == 204
