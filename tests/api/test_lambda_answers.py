"""Goal: what Lambda answers about functions is what AWS answers, member by member."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError

import boto3
import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import BASIC, invoke, make_function, make_role, zipped

ECHO = "def handler(event, context):\n    return event\n"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response.get("Type")


def test_every_configuration_has_the_runtimes_version(client: Callable[..., Any]) -> None:
    created = make_function(client, ECHO, Publish=True)
    api = client("lambda")
    arn = created["RuntimeVersionConfig"]["RuntimeVersionArn"]
    assert re.fullmatch(r"arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}", arn)
    shown = [
        api.get_function(FunctionName="function")["Configuration"],
        api.get_function_configuration(FunctionName="function", Qualifier="1"),
        api.update_function_configuration(FunctionName="function", Timeout=9),
        api.update_function_code(FunctionName="function", ZipFile=zipped(ECHO)),
        api.publish_version(FunctionName="function"),
        *api.list_functions()["Functions"],
        *api.list_versions_by_function(FunctionName="function")["Versions"],
    ]
    assert {entry["RuntimeVersionConfig"]["RuntimeVersionArn"] for entry in shown} == {arn}


def test_code_location_gives_the_zip_for_ten_minutes(timed: EngineThread) -> None:
    archive = zipped(ECHO)
    make_function(timed.client, ECHO, Code={"ZipFile": archive})
    location = timed.client("lambda").get_function(FunctionName="function")["Code"]["Location"]
    with urllib.request.urlopen(location) as answer:
        assert answer.read() == archive
    changed = location.replace("signature=", "signature=0")
    timed.clock.advance(601)
    for link in (location, changed, location.partition("?")[0], location.partition("&")[0]):
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(link)


def test_revision_changes_with_the_state(client: Callable[..., Any]) -> None:
    api = client("lambda")
    revisions = [make_function(client, ECHO)["RevisionId"]]
    revisions.append(api.get_function(FunctionName="function")["Configuration"]["RevisionId"])
    assert api.get_function_configuration(FunctionName="function")["RevisionId"] == revisions[-1]
    revisions.append(api.update_function_configuration(FunctionName="function")["RevisionId"])
    revisions.append(api.get_function_configuration(FunctionName="function")["RevisionId"])
    version = api.publish_version(FunctionName="function")
    revisions.append(version["RevisionId"])
    revisions.append(api.get_function_configuration(FunctionName="function")["RevisionId"])
    assert len(set(revisions)) == len(revisions)
    api.create_alias(FunctionName="function", Name="a", FunctionVersion="1")
    assert api.get_function_configuration(FunctionName="function")["RevisionId"] == revisions[-1]


def test_function_arn_repeats_the_qualifier_that_was_asked_for(client: Callable[..., Any]) -> None:
    created = make_function(client, ECHO, Publish=True)
    arn = created["FunctionArn"]
    assert (arn.rpartition(":")[2], created["Version"], created["State"]) == ("function", "1", "Pending")
    api = client("lambda")
    api.create_alias(FunctionName="function", Name="live", FunctionVersion="1")
    for qualifier, version in (("$LATEST", "$LATEST"), ("live", "1"), ("1", "1")):
        for shown in (
            api.get_function(FunctionName="function", Qualifier=qualifier)["Configuration"],
            api.get_function_configuration(FunctionName="function", Qualifier=qualifier),
        ):
            assert (shown["FunctionArn"], shown["Version"]) == (f"{arn}:{qualifier}", version)
    for shown in (
        *api.list_versions_by_function(FunctionName="function")["Versions"],
        *api.list_functions(FunctionVersion="ALL")["Functions"],
    ):
        assert not {"State", "LastUpdateStatus"} & shown.keys()
        assert shown["FunctionArn"] == f"{arn}:{shown['Version']}"


def test_update_function_code_with_publish_answers_the_new_version_as_created(client: Callable[..., Any]) -> None:
    make_function(client, ECHO)
    answer = client("lambda").update_function_code(FunctionName="function", ZipFile=zipped(ECHO + "\n"), Publish=True)
    assert answer["FunctionArn"].endswith(":function:1")
    assert (answer["State"], answer["StateReasonCode"]) == ("Pending", "Creating")
    assert "LastUpdateStatus" not in answer


def test_list_functions_counts_versions_if_all(client: Callable[..., Any]) -> None:
    make_function(client, ECHO, Publish=True)
    pages = (
        client("lambda")
        .get_paginator("list_functions")
        .paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 1})
    )
    assert [[entry["Version"] for entry in page["Functions"]] for page in pages] == [["$LATEST"], ["1"]]


def test_function_of_any_runtime_can_be_made_and_python_38_runs(client: Callable[..., Any]) -> None:
    role = make_role(client, BASIC)
    for runtime in ("nodejs22.x", "java21", "ruby3.3", "dotnet8", "provided.al2023", "python3.8"):
        name = runtime.replace(".", "-")
        made = make_function(client, ECHO, Role=role, FunctionName=name, Runtime=runtime, Publish=True)
        assert (made["Runtime"], made["Version"]) == (runtime, "1")
    assert invoke(client, 5, FunctionName="python3-8")[0] == 5
    assert "FunctionError" in invoke(client, 5, FunctionName="java21")[1]


def test_invocation_keeps_the_trace_of_its_caller(client: Callable[..., Any]) -> None:
    make_function(client, "import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n")
    root = "1-5f84c7a1-0123456789abcdef01234567"
    api = client("lambda")
    api.meta.events.register(
        "before-sign.lambda.Invoke",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", f"Root={root};Parent=0123;Sampled=1"),
    )
    payload = api.invoke(FunctionName="function", Payload=b"{}")["Payload"].read().decode()
    assert payload.startswith(f'"Root={root};Parent=')
    assert payload.endswith(';Sampled=1"')


def test_other_account_manages_a_function_whose_policy_admits_it(
    client: Callable[..., Any], onebox: EngineThread
) -> None:
    arn = make_function(client, ECHO, FunctionName="shared")["FunctionArn"]
    other = onebox.client("lambda", account="999999999999")
    assert refusal(other.get_function, FunctionName=arn)[0] == "AccessDeniedException"
    client("lambda").add_permission(FunctionName="shared", StatementId="s", Action="lambda:*", Principal="999999999999")
    assert other.get_function(FunctionName=arn)["Configuration"]["FunctionArn"] == arn
    assert other.publish_version(FunctionName=arn)["Version"] == "1"
    assert len(other.list_versions_by_function(FunctionName=arn)["Versions"]) == 2
    assert other.invoke(FunctionName=arn, Payload=b"1")["Payload"].read() == b"1"


def test_permissions_are_checked_in_the_order_of_aws(client: Callable[..., Any]) -> None:
    arn = make_function(client, ECHO, Publish=True)["FunctionArn"]
    api = client("lambda")
    base = {"FunctionName": "function", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "*"}
    add = api.add_permission
    assert "'statementId'" in refusal(add, **{**base, "StatementId": "a b", "FunctionName": "absent"})[1]
    assert refusal(add, **base, Qualifier="$LATEST")[1] == "We currently do not support adding policies for $LATEST."
    assert refusal(add, **{**base, "FunctionName": "absent"})[1].startswith("Function not found: ")
    assert refusal(add, **base, Qualifier="live")[1] == f"Cannot find alias arn: {arn}:live"
    assert refusal(add, **base, Qualifier="42")[1] == f"Function not found: {arn}:42"
    alias = api.create_alias(FunctionName="function", Name="live", FunctionVersion="1")
    statement = add(**base, Qualifier="live", RevisionId=alias["RevisionId"], EventSourceToken="t")["Statement"]
    assert '"lambda:EventSourceToken":"t"' in statement
    assert refusal(api.remove_permission, FunctionName="absent", StatementId="s")[1].startswith("No policy found for: ")
    assert refusal(api.get_policy, FunctionName="absent")[1] == "The resource you requested does not exist."


def test_tags_belong_to_whole_resources(client: Callable[..., Any]) -> None:
    arn = make_function(client, ECHO)["FunctionArn"]
    api = client("lambda")
    assert "'resource' failed to satisfy" in refusal(api.list_tags, Resource="arn:aws:sqs:us-east-1:1:q")[1]
    assert refusal(api.list_tags, Resource=f"{arn}:1")[1].startswith("Tags on function aliases and versions")
    assert refusal(api.list_tags, Resource=f"{arn}x")[1] == f"Function not found: {arn}x"
    assert (
        refusal(api.tag_resource, Resource=arn, Tags={})[1] == "An error occurred and the request cannot be processed."
    )
    api.tag_resource(Resource=arn, Tags={"a": "b"})
    api.untag_resource(Resource=arn, TagKeys=["absent"])
    assert api.list_tags(Resource=arn)["Tags"] == {"a": "b"}


def test_routing_of_aliases_is_checked(client: Callable[..., Any]) -> None:
    arn = make_function(client, ECHO, Publish=True)["FunctionArn"]
    api = client("lambda")

    def create(weights: Any, version: Any = "1") -> Any:
        routing = {"AdditionalVersionWeights": weights}
        request = {"FunctionName": "function", "Name": "live", "FunctionVersion": version, "RoutingConfig": routing}
        return refusal(api.create_alias, **request)

    assert "Value '{$LATEST=0.5}' at 'routingConfig" in create({"$LATEST": 0.5})[1]
    assert "Value '{2=2.0}' at 'routingConfig" in create({"2": 2.0})[1]
    assert create({"1": 0.5})[1].startswith("Invalid function version 1.")
    assert create({"10": 0.5})[1] == f"Function not found: {arn}:10"
    assert create({"1": 0.5}, "$LATEST")[2] is None
    assert "RoutingConfig" not in api.create_alias(
        FunctionName="function", Name="live", FunctionVersion="1", RoutingConfig={}
    )
    update = {"FunctionName": "function", "Name": "absent"}
    assert refusal(api.update_alias, **update)[1] == f"Alias not found: {arn}:absent"


def test_conditions_of_policies_see_tags_principals_and_url_types(client: Callable[..., Any]) -> None:
    """A role may do everything but what its policy's conditions forbid."""
    make_function(client, ECHO, Tags={"team": "a"})
    iam = client("iam")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
        }
    )
    arn = iam.create_role(RoleName="limited", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    denied = [
        ("lambda:GetFunction", {"StringEquals": {"aws:ResourceTag/team": "a"}}),
        ("lambda:AddPermission", {"StringEquals": {"lambda:Principal": "*"}}),
        ("lambda:CreateFunctionUrlConfig", {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}),
        ("lambda:TagResource", {"ForAnyValue:StringEquals": {"aws:TagKeys": ["secret"]}}),
    ]
    statements: list[dict[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [
        {"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition} for action, condition in denied
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="limited", PolicyName="p", PolicyDocument=document)
    session = client("sts").assume_role(RoleArn=arn, RoleSessionName="session")["Credentials"]
    api = boto3.client(
        "lambda",
        endpoint_url=client("lambda").meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    function = api.get_function_configuration(FunctionName="function")["FunctionArn"]
    permission = {"FunctionName": "function", "StatementId": "s", "Action": "lambda:InvokeFunction"}
    for call, parameters in (
        (api.get_function, {"FunctionName": "function"}),
        (api.add_permission, {**permission, "Principal": "*"}),
        (api.create_function_url_config, {"FunctionName": "function", "AuthType": "NONE"}),
        (api.tag_resource, {"Resource": function, "Tags": {"secret": "1"}}),
    ):
        assert refusal(call, **parameters)[0] == "AccessDeniedException"
    api.add_permission(**permission, Principal="sns.amazonaws.com")
    api.create_function_url_config(FunctionName="function", AuthType="AWS_IAM")
    api.tag_resource(Resource=function, Tags={"open": "1"})


def test_a_policy_has_the_revision_of_what_it_belongs_to(client: Callable[..., Any]) -> None:
    make_function(client, ECHO, Publish=True, Tags={"team": "shop"})
    api = client("lambda")
    alias = api.create_alias(FunctionName="function", Name="live", FunctionVersion="1")
    places: tuple[dict[str, str], ...] = ({}, {"Qualifier": "1"}, {"Qualifier": "live"})
    request = {"FunctionName": "function", "StatementId": "s", "Action": "lambda:InvokeFunction"}
    for place in places:
        before = api.get_function_configuration(FunctionName="function", **place)["RevisionId"]
        revision = alias["RevisionId"] if place.get("Qualifier") == "live" else before
        api.add_permission(**request, Principal="s3.amazonaws.com", RevisionId=revision, **place)
        policy = api.get_policy(FunctionName="function", **place)
        if place.get("Qualifier") == "live":
            assert policy["RevisionId"] == api.get_alias(FunctionName="function", Name="live")["RevisionId"]
        else:
            shown = api.get_function_configuration(FunctionName="function", **place)["RevisionId"]
            assert (policy["RevisionId"], shown != before) == (shown, True)
        outdated = refusal(
            api.remove_permission, FunctionName="function", StatementId="s", RevisionId=revision, **place
        )
        assert outdated[0] == "PreconditionFailedException"
        api.remove_permission(FunctionName="function", StatementId="s", RevisionId=policy["RevisionId"], **place)
    assert "Tags" in api.get_function(FunctionName="function")
    assert "Tags" not in api.get_function(FunctionName="function", Qualifier="1")


def test_a_new_revision_alone_ends_no_process(client: Callable[..., Any]) -> None:
    make_function(client, "import os\ndef handler(event, context):\n    return os.getpid()\n")
    first, _ = invoke(client)
    client("lambda").publish_version(FunctionName="function")
    client("lambda").add_permission(
        FunctionName="function", StatementId="s", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    assert invoke(client)[0] == first


def test_other_accounts_reach_the_aliases_that_the_policy_admits_them_to(onebox: EngineThread, account: str) -> None:
    def client(service: str, **config: Any) -> Any:
        return onebox.client(service, account=account, **config)

    arn = make_function(client, ECHO, Publish=True)["FunctionArn"]
    other = onebox.client("lambda", account=f"9{account[1:]}")
    calls: tuple[tuple[str, dict[str, str]], ...] = (
        ("create_alias", {"Name": "live", "FunctionVersion": "1"}),
        ("get_alias", {"Name": "live"}),
        ("list_aliases", {}),
        ("delete_alias", {"Name": "live"}),
    )
    for number, (call, parameters) in enumerate(calls):
        assert refusal(getattr(other, call), FunctionName=arn, **parameters)[0] == "AccessDeniedException"
        action = "".join(part.capitalize() for part in call.split("_"))
        client("lambda").add_permission(
            FunctionName="function", StatementId=str(number), Action=f"lambda:{action}", Principal=f"9{account[1:]}"
        )
        getattr(other, call)(FunctionName=arn, **parameters)
