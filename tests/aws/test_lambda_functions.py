"""Goal: functions are created, shown, changed and deleted as on AWS, and what AWS refuses is refused in its words."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.api.lambda_support import zipped
from tests.aws.functions import Functions, make_role
from tests.aws.support import Client, Unique, refusal

ECHO = "def handler(event, context):\n    return event\n"


def test_create_function_answers_pending_and_is_active_afterwards(
    functions: Functions, account: str, region: str
) -> None:
    created = functions.make(ECHO, Description="d", Environment={"Variables": {"KEY": "v"}}, Timeout=None)
    assert created["State"] == "Pending"
    assert created["StateReasonCode"] == "Creating"
    assert created["FunctionArn"] == f"arn:aws:lambda:{region}:{account}:function:{functions.name}"
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    configuration = functions.api.get_function(FunctionName=functions.name)["Configuration"]
    assert configuration["State"] == "Active"
    assert configuration["LastUpdateStatus"] == "Successful"
    assert (configuration["Timeout"], configuration["MemorySize"]) == (3, 128)
    assert configuration["PackageType"] == "Zip"
    assert configuration["Environment"] == {"Variables": {"KEY": "v"}}
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{functions.name}"}
    functions.api.get_waiter("function_active_v2").wait(FunctionName=functions.name)


def test_create_function_existing_name_is_conflict(functions: Functions) -> None:
    functions.make(ECHO)
    words = f"already exist: {functions.name}"
    with pytest.raises(functions.api.exceptions.ResourceConflictException, match=words):
        functions.make(ECHO)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"Timeout": 901}, "ValidationException", "Value '901' at 'timeout'"),
        ({"Timeout": 0}, "ValidationException", "greater than or equal to 1"),
        ({"MemorySize": 127}, "ValidationException", "Value '127' at 'memorySize'"),
        ({"MemorySize": 10241}, "ValidationException", "less than or equal to 10240"),
        ({"Runtime": "cobol85"}, "InvalidParameterValueException", "Value cobol85 at 'runtime'"),
        ({"Handler": "a b"}, "ValidationException", "'handler'"),
        ({"Code": {"ZipFile": b"no zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file"),
        ({"Code": {}}, "InvalidParameterValueException", "Please provide a source for function code."),
        ({"FunctionName": "no:such:name!"}, "ValidationException", "'functionName'"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            {"Environment": {"Variables": {"BIG": "x" * 4096}}},
            "InvalidParameterValueException",
            "exceeded the 4KB limit",
        ),
        ({"Environment": {"Variables": {"1X": "v"}}}, "ValidationException", "'environment.variables'"),
    ],
)
def test_create_function_invalid_parameter_is_refused(functions: Functions, change: Any, code: Any, words: Any) -> None:
    found_code, message = refusal(functions.api.create_function, **functions.request(ECHO, **change))
    assert found_code == code
    assert words in message


def test_create_function_zip_leaving_its_folder_is_refused(functions: Functions) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("../evil.py", "x = 1")
    code, message = refusal(functions.make, code=ECHO, Code={"ZipFile": archive.getvalue()})
    assert code == "InvalidParameterValueException"
    assert "Could not unzip" in message


def test_create_function_role_missing_or_not_for_lambda_is_refused(
    functions: Functions, client: Client, account: str, unique: Unique
) -> None:
    words = "The role defined for the function cannot be assumed by Lambda."
    missing = f"arn:aws:iam::{account}:role/{unique('missing')}"
    assert refusal(functions.api.create_function, **functions.request(ECHO, Role=missing)) == (
        "InvalidParameterValueException",
        words,
    )
    role = make_role(client("iam"), unique("ec2"), {"Service": "ec2.amazonaws.com"})
    assert refusal(functions.api.create_function, **functions.request(ECHO, Role=role))[1] == words


def test_get_function_unknown_is_not_found(functions: Functions, account: str, unique: Unique, region: str) -> None:
    code, message = refusal(functions.api.get_function, FunctionName=unique("nope"))
    assert code == "ResourceNotFoundException"
    assert message == f"Function not found: arn:aws:lambda:{region}:{account}:function:{unique('nope')}"


def test_get_function_by_arn_and_partial_arn_finds_it(functions: Functions, account: str) -> None:
    arn = functions.make(ECHO)["FunctionArn"]
    for name in (arn, f"{account}:function:{functions.name}"):
        assert functions.api.get_function_configuration(FunctionName=name)["FunctionArn"] == arn
    found = functions.api.get_function_configuration(FunctionName=f"{functions.name}:$LATEST")
    assert found["FunctionArn"] == f"{arn}:$LATEST"


def test_update_function_code_runs_the_new_code(functions: Functions) -> None:
    functions.make("def handler(event, context):\n    return 1\n")
    before = functions.api.get_function_configuration(FunctionName=functions.name)
    assert functions.call()[0] == 1
    updated = functions.api.update_function_code(
        FunctionName=functions.name, ZipFile=zipped("def handler(event, context):\n    return 2\n")
    )
    assert updated["LastUpdateStatus"] == "InProgress"
    assert updated["CodeSha256"] != before["CodeSha256"]
    assert updated["RevisionId"] != before["RevisionId"]
    functions.settle()
    assert functions.call()[0] == 2


def test_update_function_configuration_changes_the_environment(functions: Functions) -> None:
    functions.make("import os\ndef handler(event, context):\n    return os.environ.get('COLOUR')\n")
    assert functions.call()[0] is None
    functions.api.update_function_configuration(
        FunctionName=functions.name, Environment={"Variables": {"COLOUR": "red"}}
    )
    functions.settle()
    assert functions.call()[0] == "red"


def test_update_function_configuration_old_revision_is_refused(functions: Functions) -> None:
    created = functions.make(ECHO)["RevisionId"]
    update = functions.api.update_function_configuration
    assert refusal(update, FunctionName=functions.name, RevisionId=created)[0] == "PreconditionFailedException"
    revision = functions.api.get_function_configuration(FunctionName=functions.name)["RevisionId"]
    update(FunctionName=functions.name, Timeout=5, RevisionId=revision)
    functions.settle()
    code, message = refusal(update, FunctionName=functions.name, Timeout=6, RevisionId=revision)
    assert code == "PreconditionFailedException"
    assert "does not match the latest Revision Id" in message


def test_delete_function_is_gone_and_name_is_free(functions: Functions) -> None:
    functions.make(ECHO)
    functions.api.delete_function(FunctionName=functions.name)
    assert refusal(functions.api.get_function, FunctionName=functions.name)[0] == "ResourceNotFoundException"
    functions.make(ECHO)


def test_tags_are_kept_with_the_function(functions: Functions) -> None:
    arn = functions.make(ECHO, Tags={"a": "1"})["FunctionArn"]
    functions.api.tag_resource(Resource=arn, Tags={"b": "2"})
    assert functions.api.list_tags(Resource=arn)["Tags"] == {"a": "1", "b": "2"}
    functions.api.untag_resource(Resource=arn, TagKeys=["a"])
    assert functions.api.get_function(FunctionName=functions.name)["Tags"] == {"b": "2"}


def test_publish_version_keeps_code_and_number(functions: Functions) -> None:
    answer_one = "def handler(event, context):\n    return 1\n"
    arn = functions.make(answer_one)["FunctionArn"]
    one = functions.api.publish_version(FunctionName=functions.name)
    assert (one["Version"], one["FunctionArn"]) == ("1", f"{arn}:1")
    assert functions.api.publish_version(FunctionName=functions.name)["Version"] == "1"
    functions.api.update_function_code(
        FunctionName=functions.name, ZipFile=zipped(answer_one.replace("1", "2")), Publish=True
    )
    functions.settle()
    assert [v["Version"] for v in functions.api.list_versions_by_function(FunctionName=functions.name)["Versions"]] == [
        "$LATEST",
        "1",
        "2",
    ]
    payload, answer = functions.call(Qualifier="1")
    assert (payload, answer["ExecutedVersion"]) == (1, "1")
    assert functions.call()[0] == 2


def test_alias_names_a_version_until_it_is_changed(functions: Functions, account: str, region: str) -> None:
    functions.make(ECHO, Publish=True)
    lambda_ = functions.api
    alias = lambda_.create_alias(FunctionName=functions.name, Name="live", FunctionVersion="1")
    assert alias["AliasArn"] == f"arn:aws:lambda:{region}:{account}:function:{functions.name}:live"
    assert (
        functions.call({"x": 1}, FunctionName=f"{account}:function:{functions.name}:live")[1]["ExecutedVersion"] == "1"
    )
    assert refusal(lambda_.create_alias, FunctionName=functions.name, Name="live", FunctionVersion="1")[0] == (
        "ResourceConflictException"
    )
    lambda_.update_alias(FunctionName=functions.name, Name="live", FunctionVersion="$LATEST")
    assert functions.call({"x": 1}, Qualifier="live")[1]["ExecutedVersion"] == "$LATEST"
    lambda_.delete_alias(FunctionName=functions.name, Name="live")
    code, message = refusal(lambda_.get_alias, FunctionName=functions.name, Name="live")
    assert code == "ResourceNotFoundException"
    assert message.startswith("Cannot find alias arn:")


def test_add_permission_is_shown_and_removed(functions: Functions, account: str, region: str) -> None:
    arn = functions.make(ECHO)["FunctionArn"]
    lambda_ = functions.api
    permission = {
        "FunctionName": functions.name,
        "StatementId": "sns",
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": f"arn:aws:sns:{region}:{account}:topic",
    }
    lambda_.add_permission(**permission)
    assert refusal(lambda_.add_permission, **permission)[0] == "ResourceConflictException"
    policy = json.loads(lambda_.get_policy(FunctionName=functions.name)["Policy"])
    assert policy["Statement"] == [
        {
            "Sid": "sns",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "lambda:InvokeFunction",
            "Resource": arn,
            "Condition": {"ArnLike": {"AWS:SourceArn": permission["SourceArn"]}},
        }
    ]
    lambda_.remove_permission(FunctionName=functions.name, StatementId="sns")
    assert refusal(lambda_.get_policy, FunctionName=functions.name) == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
