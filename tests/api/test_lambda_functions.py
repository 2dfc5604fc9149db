"""Goal: functions are created, shown, changed and deleted as on AWS, and what AWS refuses is refused in its words."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import BASIC, invoke, make_function, make_role, zipped

ECHO = "def handler(event, context):\n    return event\n"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_create_function_answers_pending_and_is_active_afterwards(client: Callable[..., Any], account: str) -> None:
    created = make_function(client, ECHO, Description="d", Environment={"Variables": {"KEY": "v"}}, Timeout=None)
    assert created["State"] == "Pending"
    assert created["StateReasonCode"] == "Creating"
    assert created["FunctionArn"] == f"arn:aws:lambda:us-east-1:{account}:function:function"
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    configuration = client("lambda").get_function(FunctionName="function")["Configuration"]
    assert configuration["State"] == "Active"
    assert configuration["LastUpdateStatus"] == "Successful"
    assert (configuration["Timeout"], configuration["MemorySize"]) == (3, 128)
    assert configuration["PackageType"] == "Zip"
    assert configuration["Environment"] == {"Variables": {"KEY": "v"}}
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/function"}
    client("lambda").get_waiter("function_active_v2").wait(FunctionName="function")


def test_create_function_existing_name_is_conflict(client: Callable[..., Any]) -> None:
    make_function(client, ECHO)
    role = make_role(client, BASIC, name="other")
    with pytest.raises(client("lambda").exceptions.ResourceConflictException, match="already exist: function"):
        make_function(client, ECHO, Role=role)


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
        ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:l:1"]}, "AccessDeniedException", ""),
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
def test_create_function_invalid_parameter_is_refused(
    client: Callable[..., Any], change: Any, code: Any, words: Any
) -> None:
    found_code, message = refusal(make_function, client=client, **{"code": ECHO, **change})
    assert found_code == code
    assert words in message


def test_create_function_zip_leaving_its_folder_is_refused(client: Callable[..., Any]) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("../evil.py", "x = 1")
    code, message = refusal(make_function, client=client, code=ECHO, Code={"ZipFile": archive.getvalue()})
    assert code == "InvalidParameterValueException"
    assert "Could not unzip" in message


def test_create_function_role_missing_or_not_for_lambda_is_refused(client: Callable[..., Any], account: str) -> None:
    words = "The role defined for the function cannot be assumed by Lambda."
    missing = f"arn:aws:iam::{account}:role/missing"
    assert refusal(make_function, client=client, code=ECHO, Role=missing) == (
        "InvalidParameterValueException",
        words,
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
    role = client("iam").create_role(RoleName="ec2", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    assert refusal(make_function, client=client, code=ECHO, Role=role)[1] == words


def test_get_function_unknown_is_not_found(client: Callable[..., Any], account: str) -> None:
    code, message = refusal(client("lambda").get_function, FunctionName="nope")
    assert code == "ResourceNotFoundException"
    assert message == f"Function not found: arn:aws:lambda:us-east-1:{account}:function:nope"


def test_get_function_by_arn_and_partial_arn_finds_it(client: Callable[..., Any], account: str) -> None:
    arn = make_function(client, ECHO)["FunctionArn"]
    for name in (arn, f"{account}:function:function"):
        assert client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"] == arn
    found = client("lambda").get_function_configuration(FunctionName="function:$LATEST")
    assert found["FunctionArn"] == f"{arn}:$LATEST"


def test_update_function_code_runs_the_new_code(client: Callable[..., Any]) -> None:
    make_function(client, "def handler(event, context):\n    return 1\n")
    before = client("lambda").get_function_configuration(FunctionName="function")
    assert invoke(client)[0] == 1
    updated = client("lambda").update_function_code(
        FunctionName="function", ZipFile=zipped("def handler(event, context):\n    return 2\n")
    )
    assert updated["LastUpdateStatus"] == "InProgress"
    assert updated["CodeSha256"] != before["CodeSha256"]
    assert updated["RevisionId"] != before["RevisionId"]
    assert invoke(client)[0] == 2


def test_update_function_configuration_changes_the_environment(client: Callable[..., Any]) -> None:
    make_function(client, "import os\ndef handler(event, context):\n    return os.environ.get('COLOUR')\n")
    assert invoke(client)[0] is None
    client("lambda").update_function_configuration(
        FunctionName="function", Environment={"Variables": {"COLOUR": "red"}}
    )
    assert invoke(client)[0] == "red"


def test_update_function_configuration_old_revision_is_refused(client: Callable[..., Any]) -> None:
    created = make_function(client, ECHO)["RevisionId"]
    update = client("lambda").update_function_configuration
    assert refusal(update, FunctionName="function", RevisionId=created)[0] == "PreconditionFailedException"
    revision = client("lambda").get_function_configuration(FunctionName="function")["RevisionId"]
    update(FunctionName="function", Timeout=5, RevisionId=revision)
    code, message = refusal(update, FunctionName="function", Timeout=6, RevisionId=revision)
    assert code == "PreconditionFailedException"
    assert "does not match the latest Revision Id" in message


def test_delete_function_is_gone_and_name_is_free(client: Callable[..., Any]) -> None:
    role = make_function(client, ECHO)["Role"]
    client("lambda").delete_function(FunctionName="function")
    assert refusal(client("lambda").get_function, FunctionName="function")[0] == "ResourceNotFoundException"
    make_function(client, ECHO, Role=role)


def test_list_functions_pages_in_order_of_names(client: Callable[..., Any]) -> None:
    role = make_role(client)
    for name in ("c", "a", "b"):
        make_function(client, ECHO, FunctionName=name, Role=role)
    first = client("lambda").list_functions(MaxItems=2)
    second = client("lambda").list_functions(MaxItems=2, Marker=first["NextMarker"])
    names = [function["FunctionName"] for function in first["Functions"] + second["Functions"]]
    assert names == ["a", "b", "c"]
    assert "NextMarker" not in second
    assert client("lambda").list_functions()["Functions"][0]["Version"] == "$LATEST"
    assert client("lambda", region="eu-west-1").list_functions()["Functions"] == []


def test_get_account_settings_counts_functions(client: Callable[..., Any]) -> None:
    make_function(client, ECHO)
    settings = client("lambda").get_account_settings()
    assert settings["AccountUsage"]["FunctionCount"] == 1
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000


def test_tags_are_kept_with_the_function(client: Callable[..., Any]) -> None:
    arn = make_function(client, ECHO, Tags={"a": "1"})["FunctionArn"]
    client("lambda").tag_resource(Resource=arn, Tags={"b": "2"})
    assert client("lambda").list_tags(Resource=arn)["Tags"] == {"a": "1", "b": "2"}
    client("lambda").untag_resource(Resource=arn, TagKeys=["a"])
    assert client("lambda").get_function(FunctionName="function")["Tags"] == {"b": "2"}


def test_publish_version_keeps_code_and_number(client: Callable[..., Any]) -> None:
    answer_one = "def handler(event, context):\n    return 1\n"
    arn = make_function(client, answer_one)["FunctionArn"]
    one = client("lambda").publish_version(FunctionName="function")
    assert (one["Version"], one["FunctionArn"]) == ("1", f"{arn}:1")
    assert client("lambda").publish_version(FunctionName="function")["Version"] == "1"
    client("lambda").update_function_code(
        FunctionName="function", ZipFile=zipped(answer_one.replace("1", "2")), Publish=True
    )
    assert [v["Version"] for v in client("lambda").list_versions_by_function(FunctionName="function")["Versions"]] == [
        "$LATEST",
        "1",
        "2",
    ]
    payload, answer = invoke(client, Qualifier="1")
    assert (payload, answer["ExecutedVersion"]) == (1, "1")
    assert invoke(client)[0] == 2


def test_alias_names_a_version_until_it_is_changed(client: Callable[..., Any], account: str) -> None:
    make_function(client, ECHO, Publish=True)
    lambda_ = client("lambda")
    alias = lambda_.create_alias(FunctionName="function", Name="live", FunctionVersion="1")
    assert alias["AliasArn"] == f"arn:aws:lambda:us-east-1:{account}:function:function:live"
    assert invoke(client, {"x": 1}, FunctionName=f"{account}:function:function:live")[1]["ExecutedVersion"] == "1"
    assert refusal(lambda_.create_alias, FunctionName="function", Name="live", FunctionVersion="1")[0] == (
        "ResourceConflictException"
    )
    lambda_.update_alias(FunctionName="function", Name="live", FunctionVersion="$LATEST")
    assert invoke(client, {"x": 1}, Qualifier="live")[1]["ExecutedVersion"] == "$LATEST"
    lambda_.delete_alias(FunctionName="function", Name="live")
    code, message = refusal(lambda_.get_alias, FunctionName="function", Name="live")
    assert code == "ResourceNotFoundException"
    assert message.startswith("Cannot find alias arn:")


def test_add_permission_is_shown_and_removed(client: Callable[..., Any], account: str) -> None:
    arn = make_function(client, ECHO)["FunctionArn"]
    lambda_ = client("lambda")
    permission = {
        "FunctionName": "function",
        "StatementId": "sns",
        "Action": "lambda:InvokeFunction",
        "Principal": "sns.amazonaws.com",
        "SourceArn": f"arn:aws:sns:us-east-1:{account}:topic",
    }
    lambda_.add_permission(**permission)
    assert refusal(lambda_.add_permission, **permission)[0] == "ResourceConflictException"
    policy = json.loads(lambda_.get_policy(FunctionName="function")["Policy"])
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
    lambda_.remove_permission(FunctionName="function", StatementId="sns")
    assert refusal(lambda_.get_policy, FunctionName="function") == (
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )


def test_function_of_another_account_needs_its_permission(client: Callable[..., Any], onebox: EngineThread) -> None:
    arn = make_function(client, ECHO)["FunctionArn"]
    stranger = onebox.client("lambda", account="999988887777")
    assert refusal(stranger.delete_function, FunctionName=arn)[0] == "AccessDeniedException"
    code, message = refusal(stranger.invoke, FunctionName=arn, Payload=b"1")
    assert code == "AccessDeniedException"
    assert "no resource-based policy allows the lambda:InvokeFunction action" in message
    client("lambda").add_permission(
        FunctionName="function", StatementId="s", Action="lambda:InvokeFunction", Principal="999988887777"
    )
    assert stranger.invoke(FunctionName=arn, Payload=b"1")["Payload"].read() == b"1"
    assert refusal(stranger.get_function, FunctionName=arn)[0] == "AccessDeniedException"


def test_create_function_caller_may_not_pass_the_role_is_refused(client: Callable[..., Any], account: str) -> None:
    role = make_role(client, BASIC)
    policy = {"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    iam = client("iam")
    iam.create_role(RoleName="developer", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    iam.put_role_policy(RoleName="developer", PolicyName="p", PolicyDocument=json.dumps({"Statement": [policy]}))
    assumed = client("sts").assume_role(RoleArn=f"arn:aws:iam::{account}:role/developer", RoleSessionName="session")
    keys = assumed["Credentials"]
    developer = boto3.client(
        "lambda",
        endpoint_url=client("sts").meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    code, message = refusal(make_function, client=lambda *_, **__: developer, code=ECHO, Role=role)
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {role}" in message
