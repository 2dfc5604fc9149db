"""Goal: what Lambda answers about functions is what AWS answers, member by member."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.functions import Functions
from tests.aws.support import Unique

ECHO = "def handler(event, context):\n    return event\n"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response.get("Type")


def test_empty_environment_is_kept_and_an_absent_one_is_not_shown(functions: Functions, unique: Unique) -> None:
    assert "Environment" not in functions.make(ECHO)
    changed = functions.api.update_function_configuration(FunctionName=functions.name, Environment={"Variables": {}})
    assert changed["Environment"] == {"Variables": {}}
    made = functions.make(ECHO, FunctionName=unique("other"), Environment={"Variables": {}})
    assert made["Environment"] == {"Variables": {}}


def test_publish_version_compares_with_latest_as_it_was(functions: Functions) -> None:
    functions.make(ECHO, Description="first")
    api = functions.api
    publish = api.publish_version
    assert publish(FunctionName=functions.name, Description="mine")["Description"] == "mine"
    assert publish(FunctionName=functions.name, Description="other")["Version"] == "1"
    api.update_function_configuration(FunctionName=functions.name, Description="second")
    functions.settle()
    assert (publish(FunctionName=functions.name)["Version"], publish(FunctionName=functions.name)["Description"]) == (
        "2",
        "second",
    )


def test_failure_while_loading_has_an_empty_request_id_and_paths_of_aws(functions: Functions) -> None:
    functions.make("import json\nraise RuntimeError('broken ' + __file__)\n")
    payload, answer = functions.call()
    assert answer["FunctionError"] == "Unhandled"
    assert payload["requestId"] == ""
    assert payload["errorType"] == "RuntimeError"
    assert payload["errorMessage"] == "broken /var/task/app.py"
    assert '"/var/task/app.py", line 2' in payload["stackTrace"][-1]


def test_failure_of_a_handler_names_paths_of_aws(functions: Functions) -> None:
    functions.make("def handler(event, context):\n    return event['x']\n")
    payload, _ = functions.call({})
    assert '"/var/task/app.py", line 2' in payload["stackTrace"][0]


def test_delete_function_answers_nothing(functions: Functions, unique: Unique) -> None:
    functions.make(ECHO)
    api = functions.api
    assert refusal(api.delete_function, FunctionName=unique("absent"), Qualifier="$LATEST") == (
        "InvalidParameterValueException",
        "$LATEST version cannot be deleted without deleting the function.",
        "User",
    )
    code, message, _ = refusal(api.delete_function, FunctionName=unique("absent"), Qualifier="3")
    assert (code, message.rpartition(":")[2]) == ("ResourceNotFoundException", unique("absent"))
    assert api.delete_function(FunctionName=functions.name)["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_invoke_unknown_function_names_latest(functions: Functions, unique: Unique) -> None:
    assert refusal(functions.api.invoke, FunctionName=unique("absent"))[1].endswith(
        f":function:{unique('absent')}:$LATEST"
    )


def test_list_functions_unknown_function_version_is_refused(functions: Functions) -> None:
    code, message, _ = refusal(functions.api.list_functions, FunctionVersion="some")
    assert code == "ValidationException"
    assert message == (
        "1 validation error detected: Value 'some' at 'functionVersion' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ALL]"
    )


def test_snap_start_is_a_setting(functions: Functions) -> None:
    made = functions.make(ECHO, Runtime="python3.13", SnapStart={"ApplyOn": "PublishedVersions"})
    assert made["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    update = functions.api.update_function_configuration
    assert refusal(update, FunctionName=functions.name, SnapStart={"ApplyOn": "x"})[1].endswith(
        "enum value set: [PublishedVersions, None]"
    )


def test_put_function_concurrency_wants_the_function_itself(functions: Functions, unique: Unique) -> None:
    functions.make(ECHO)
    put = functions.api.put_function_concurrency
    code, message, _ = refusal(put, FunctionName=f"{functions.name}:$LATEST", ReservedConcurrentExecutions=1)
    assert (code, message.partition(".")[0]) == (
        "InvalidParameterValueException",
        "This operation is permitted on Lambda functions only",
    )
    assert refusal(put, FunctionName=unique("absent"), ReservedConcurrentExecutions=1)[1].endswith(
        f":{unique('absent')}:$LATEST"
    )
    assert refusal(put, FunctionName=functions.name, ReservedConcurrentExecutions=901)[2] is None
