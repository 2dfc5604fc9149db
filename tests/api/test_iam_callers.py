"""Goal: nobody gets rights by a key that was not issued: unknown, misspelt, expired, or plain where that is off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused, trust
from tests.polling import PATIENCE_S

UNKNOWN = [
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "akiaiosfodnn7example",
    "asiaiosfodnn7example",
    "AkIaIOSFODNN7EXAMPLE",
    "AISAIOSFODNN7EXAMPLE",
    "ASLAIOSFODNN7EXAMPLE",
    "AKLAIOSFODNN7EXAMPLE",
    "KAIAIOSFODNN7EXAMPLE",
    "AKIA",
    "ASIA1",
]
CODES = {
    "sts": "InvalidClientTokenId",
    "sqs": "InvalidClientTokenId",
    "dynamodb": "UnrecognizedClientException",
    "lambda": "UnrecognizedClientException",
    "s3": "InvalidAccessKeyId",
}
CALLS = {
    "sts": "get_caller_identity",
    "sqs": "list_queues",
    "dynamodb": "list_tables",
    "lambda": "list_functions",
    "s3": "list_buckets",
}


def call(engine: Any, service: Any, key_id: Any, token: Any = None) -> Any:
    key = {"AccessKeyId": key_id, "SecretAccessKey": "x", "SessionToken": token}
    return getattr(key_client(engine, service, key), CALLS[service])


@pytest.mark.parametrize("key_id", UNKNOWN)
def test_unknown_key_that_looks_issued_is_refused(onebox: EngineThread, key_id: Any) -> None:
    assert refused(call(onebox, "sts", key_id))[0] == "InvalidClientTokenId"


@pytest.mark.parametrize("service", CODES)
def test_unknown_key_is_refused_in_each_services_words(onebox: EngineThread, service: Any) -> None:
    assert refused(call(onebox, service, "ASIAIOSFODNN7EXAMPLE", "token"))[0] == CODES[service]


@pytest.mark.parametrize("key_id", ["test", "123456789012", "x", "local", "mock_access_key", "minioadmin", "AK"])
def test_plain_key_is_accepted_by_default(onebox: EngineThread, key_id: Any) -> None:
    assert call(onebox, "sts", key_id)()["Arn"].endswith(":user/onebox")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An engine that requires credentials, and its administrator's key, made by the command."""
    folder = tmp_path_factory.mktemp("strict")
    command = [sys.executable, "-m", "onebox", "iam", "create-admin", "--data", str(folder), "--json"]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    with EngineThread(folder, credentials_required=True) as engine:
        yield engine, json.loads(made.stdout)


@pytest.mark.parametrize("key_id", ["test", "123456789012", *UNKNOWN])
def test_required_credentials_refuse_every_key_that_was_not_issued(strict: Any, key_id: Any) -> None:
    engine, _ = strict
    assert refused(call(engine, "sts", key_id))[0] == "InvalidClientTokenId"


def test_required_credentials_admit_the_first_administrator(strict: Any) -> None:
    engine, key = strict
    iam = key_client(engine, "iam", key)
    assert iam.get_user()["User"]["UserName"] == "admin"
    iam.create_user(UserName="Bob")
    bob = iam.create_access_key(UserName="Bob")["AccessKey"]
    assert refused(key_client(engine, "iam", bob).list_users)[0] == "AccessDenied"


def test_create_admin_on_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    with EngineThread(tmp_path):
        command = [sys.executable, "-m", "onebox", "iam", "create-admin", "--data", str(tmp_path)]
        made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert made.returncode == 1
    assert "another onebox" in made.stderr


@pytest.mark.parametrize(
    ("options", "text"), [(["--account", "12"], "12 digits"), (["--name", "a b"], "invalid")], ids=["account", "name"]
)
def test_create_admin_invalid_option_is_refused(tmp_path: Path, options: Any, text: Any) -> None:
    command = [sys.executable, "-m", "onebox", "iam", "create-admin", "--data", str(tmp_path), *options]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert made.returncode in (1, 2)
    assert text in made.stderr


def test_required_credentials_without_a_kept_database_are_refused() -> None:
    command = [sys.executable, "-m", "onebox", "serve", "--ephemeral", "--credentials", "required"]
    started = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    assert (started.returncode, "create-admin" in started.stderr) == (2, True)


def test_session_of_a_role_made_anew_gives_nothing(
    client: Callable[..., Any], onebox: EngineThread, account: str
) -> None:
    iam, sts = client("iam"), client("sts")
    role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]
    old = sts.assume_role(RoleArn=role, RoleSessionName="shift")["Credentials"]
    iam.delete_role(RoleName="R")
    sqs = key_client(onebox, "sqs", old)
    assert refused(sqs.list_queues)[0] == "InvalidClientTokenId"
    iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": account}))
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=document("*"))
    assert refused(sqs.list_queues)[0] == "InvalidClientTokenId"
    new = sts.assume_role(RoleArn=role, RoleSessionName="shift")["Credentials"]
    assert "QueueUrls" not in key_client(onebox, "sqs", new).list_queues()


def test_expired_session_stays_refused_after_it_was_tidied_away(timed: EngineThread) -> None:
    iam, sts = timed.client("iam"), timed.client("sts")
    role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"AWS": "000000000000"}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=document("*"))
    old = sts.assume_role(RoleArn=role, RoleSessionName="shift", DurationSeconds=900)["Credentials"]
    sqs = key_client(timed, "sqs", old)
    timed.clock.advance(901)
    assert refused(sqs.list_queues)[0] == "ExpiredToken"
    timed.clock.advance(86_400)
    sts.assume_role(RoleArn=role, RoleSessionName="shift")  # tidies up
    with pytest.raises(Exception, match=r"ExpiredToken|InvalidClientTokenId"):
        sqs.list_queues()


def explain(engine: Any, *arguments: Any) -> Any:
    command = [sys.executable, "-m", "onebox", "iam", "explain", "--url", engine.endpoint_url, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE_S, env={**os.environ, "NO_PROXY": "*"}
    )


def request_id(call: Any, **arguments: Any) -> Any:
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["RequestId"]
    raise AssertionError("not refused")


def test_explain_names_the_statement_that_denied(client: Callable[..., Any], onebox: EngineThread) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    iam.put_user_policy(UserName="Ann", PolicyName="all", PolicyDocument=document("*"))
    iam.put_user_policy(UserName="Ann", PolicyName="no", PolicyDocument=document(effect="Deny", Sid="NoQueues"))
    told = explain(onebox, request_id(key_client(onebox, "sqs", key).list_queues))
    assert told.returncode == 0
    assert "denied by statement 1 (NoQueues) of inline policy no of user Ann" in told.stdout


def test_explain_names_the_condition_that_was_missed(client: Callable[..., Any], onebox: EngineThread) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    elsewhere = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    iam.put_user_policy(UserName="Ann", PolicyName="there", PolicyDocument=document(Sid="There", Condition=elsewhere))
    told = explain(onebox, request_id(key_client(onebox, "sqs", key).list_queues), "--json")
    refusal = json.loads(told.stdout)
    assert (refusal["decided_by"], refusal["kind"]) == (None, "identity-based")
    assert refusal["near_misses"][0]["failed_conditions"] == ["aws:requestedregion"]


def test_explain_of_an_unknown_request_says_so(onebox: EngineThread) -> None:
    told = explain(onebox, "../health")
    assert (told.returncode, "no refused request" in told.stderr) == (1, True)
