"""Goal: an invocation answers as on AWS. How processes start, end and are limited is tested in tests/api."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.aws.functions import Functions


def test_invoke_response_too_large_is_an_error_and_the_child_lives_on(functions: Functions) -> None:
    code = "def handler(event, context):\n    return 'x' * event\n"
    functions.make(code)
    payload, answer = functions.call(6 * 1024 * 1024 + 200)
    assert answer["FunctionError"] == "Unhandled"
    assert payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert functions.call(3)[0] == "xxx"


def test_invoke_event_not_json_is_refused(functions: Functions) -> None:
    functions.make("def handler(event, context):\n    pass\n")
    with pytest.raises(ClientError) as caught:
        functions.api.invoke(FunctionName=functions.name, Payload=b"{nope")
    assert caught.value.response["Error"]["Code"] == "InvalidRequestContentException"
    assert caught.value.response["Error"]["Message"].startswith("Could not parse request body into json")


def test_invoke_dry_run_answers_without_running(functions: Functions) -> None:
    functions.make("1 / 0")
    answer = functions.api.invoke(FunctionName=functions.name, InvocationType="DryRun")
    assert answer["StatusCode"] == 204


def test_invoke_unknown_qualifier_is_not_found(functions: Functions, account: str) -> None:
    functions.make("def handler(event, context):\n    pass\n")
    with pytest.raises(functions.api.exceptions.ResourceNotFoundException, match=f"{functions.name}:7"):
        functions.api.invoke(FunctionName=functions.name, Qualifier="7")
