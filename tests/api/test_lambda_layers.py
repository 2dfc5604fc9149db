"""Goal: layers are published, shared, shown and deleted as on AWS, and functions import what is in them."""

from __future__ import annotations

import io
import json
import sys
import urllib.request
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import RUNTIME, invoke, make_function, make_role, zipped

Client = Callable[..., Any]
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
NOT_FOUND = ("ResourceNotFoundException", "The resource you requested does not exist.")
USES_LAYER = "import shared\ndef handler(event, context):\n    return [shared.NAME, shared.__file__]\n"
ECHO = "def handler(event, context):\n    return event\n"


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def layer(name: str) -> dict[str, str]:
    return {"python/shared.py": f"NAME = {name!r}\n"}


def publish(client: Client, files: dict[str, str], name: str = "layer", **overrides: Any) -> Any:
    api = client("lambda", parameter_validation=False)
    return api.publish_layer_version(LayerName=name, Content={"ZipFile": zipped(files)}, **overrides)


def test_versions_are_published_and_shown(client: Client) -> None:
    api = client("lambda")
    first = publish(client, layer("one"), CompatibleRuntimes=[RUNTIME], Description="d", LicenseInfo="MIT")
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (first["Version"], first["LayerVersionArn"]) == (1, f"{first['LayerArn']}:1")
    assert (first["CompatibleRuntimes"], first["LicenseInfo"]) == ([RUNTIME], "MIT")
    assert "CompatibleArchitectures" not in first
    with urllib.request.urlopen(first["Content"]["Location"]) as answer:
        archive = answer.read()
    assert len(archive) == first["Content"]["CodeSize"]
    second = publish(client, layer("two"), CompatibleRuntimes=[], CompatibleArchitectures=["arm64"])
    assert (second["Version"], second["Description"], second["CompatibleRuntimes"]) == (2, "", [])
    shown = api.get_layer_version(LayerName="layer", VersionNumber=1)
    assert shown["Content"]["CodeSha256"] == first["Content"]["CodeSha256"]
    assert shown["CreatedDate"] == first["CreatedDate"]
    assert api.get_layer_version_by_arn(Arn=second["LayerVersionArn"])["Version"] == 2
    assert api.get_layer_version(LayerName=first["LayerArn"], VersionNumber=2)["Version"] == 2


def test_lists_are_paged_and_filtered(client: Client) -> None:
    api = client("lambda")
    for name, runtime in (("a", "python3.12"), ("a", "nodejs22.x"), ("b", "python3.12")):
        publish(client, layer(name), name=name, CompatibleRuntimes=[runtime], CompatibleArchitectures=["arm64"])
    newest = [(item["LayerName"], item["LatestMatchingVersion"]["Version"]) for item in api.list_layers()["Layers"]]
    assert newest == [("a", 2), ("b", 1)]
    (found,) = api.list_layers(CompatibleRuntime="nodejs22.x", CompatibleArchitecture="arm64")["Layers"]
    assert found["LatestMatchingVersion"]["Version"] == 2
    assert api.list_layers(CompatibleArchitecture="x86_64")["Layers"] == []
    page = api.list_layers(MaxItems=1)
    assert [item["LayerName"] for item in api.list_layers(Marker=page["NextMarker"])["Layers"]] == ["b"]
    page = api.list_layer_versions(LayerName="a", MaxItems=1)
    assert [version["Version"] for version in page["LayerVersions"]] == [2]
    rest = api.list_layer_versions(LayerName="a", Marker=page["NextMarker"])
    assert ([version["Version"] for version in rest["LayerVersions"]], "NextMarker" in rest) == ([1], False)
    assert api.list_layer_versions(LayerName="unknown")["LayerVersions"] == []


def test_lists_of_layers_give_fifty_at_most(client: Client) -> None:
    api = client("lambda", parameter_validation=False)
    for ask in (api.list_layers, lambda **size: api.list_layer_versions(LayerName="a", **size)):
        assert ask(MaxItems=50)["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert refusal(lambda ask=ask: ask(MaxItems=51)) == (
            "ValidationException",
            "1 validation error detected: Value '51' at 'maxItems' failed to satisfy constraint: "
            "Member must have value less than or equal to 50",
        )


def test_what_is_no_layer_is_refused_in_the_words_of_aws(client: Client) -> None:
    api = client("lambda", parameter_validation=False)
    code, message = refusal(
        lambda: publish(client, layer("x"), CompatibleRuntimes=["cobol"], CompatibleArchitectures=["z80"])
    )
    assert (code, message.startswith("2 validation errors detected: ")) == ("ValidationException", True)
    assert "'compatibleRuntimes'" in message
    assert "'compatibleArchitectures'" in message
    many = [f"python3.{minor}" for minor in range(8, 15)] * 3
    assert "less than or equal to 15" in refusal(lambda: publish(client, layer("x"), CompatibleRuntimes=many))[1]
    assert refusal(lambda: publish(client, layer("x"), name="a.b"))[0] == "ValidationException"
    less = ("InvalidParameterValueException", "Layer Version Cannot be less than 1")
    for call in (api.get_layer_version, api.delete_layer_version, api.get_layer_version_policy):
        assert refusal(call, LayerName="layer", VersionNumber=0) == less
    assert refusal(api.get_layer_version, LayerName="layer", VersionNumber=1) == NOT_FOUND
    assert refusal(api.get_layer_version, LayerName="layer", VersionNumber=10**18 + 7) == NOT_FOUND
    assert refusal(api.get_layer_version_by_arn, Arn="layer:1")[0] == "ValidationException"
    deleted = api.delete_layer_version(LayerName="layer", VersionNumber=1)
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refusal(api.publish_layer_version, LayerName="layer", Content={"ZipFile": b"no zip"})[0] == (
        "InvalidParameterValueException"
    )


def test_numbers_go_on_after_deletions(client: Client) -> None:
    api = client("lambda")
    publish(client, layer("one"))
    api.delete_layer_version(LayerName="layer", VersionNumber=1)
    assert api.list_layers()["Layers"] == []
    assert publish(client, layer("one"))["Version"] == 2


def test_functions_import_their_layers_and_keep_deleted_ones(client: Client) -> None:
    api = client("lambda")
    shared = publish(client, layer("shared"))
    packages = publish(client, {f"python/lib/{VERSION}/site-packages/shared.py": "NAME = 'packages'\n"}, name="other")
    before = api.get_account_settings()["AccountUsage"]["TotalCodeSize"]
    assert before == shared["Content"]["CodeSize"] + packages["Content"]["CodeSize"]
    made = make_function(client, USES_LAYER, Layers=[shared["LayerVersionArn"]])
    assert made["Layers"] == [{"Arn": shared["LayerVersionArn"], "CodeSize": shared["Content"]["CodeSize"]}]
    name, path = invoke(client)[0]
    assert (name, path.endswith("/opt/python/shared.py")) == ("shared", True)
    api.publish_version(FunctionName="function")
    api.delete_layer_version(LayerName="layer", VersionNumber=1)
    api.update_function_configuration(FunctionName="function", MemorySize=256, Layers=[shared["LayerVersionArn"]])
    assert invoke(client)[0][0] == "shared"
    both = [shared["LayerVersionArn"], packages["LayerVersionArn"]]
    api.update_function_configuration(FunctionName="function", Layers=both)
    assert invoke(client)[0][0] == "packages"
    assert invoke(client, Qualifier="1")[0][0] == "shared"
    api.update_function_configuration(FunctionName="function", Layers=[])
    assert "Layers" not in api.get_function_configuration(FunctionName="function")
    assert "No module named" in invoke(client)[0]["errorMessage"]
    assert refusal(api.update_function_configuration, FunctionName="function", Layers=[shared["LayerVersionArn"]]) == (
        "InvalidParameterValueException",
        f"Layer version {shared['LayerVersionArn']} does not exist.",
    )


def test_traces_name_the_layer_as_on_aws(client: Client) -> None:
    arn = publish(client, {"python/shared.py": "def fail():\n    raise ValueError('in the layer')\n"})[
        "LayerVersionArn"
    ]
    make_function(client, "import shared\ndef handler(event, context):\n    shared.fail()\n", Layers=[arn])
    trace = "".join(invoke(client)[0]["stackTrace"])
    assert 'File "/var/task/app.py"' in trace
    assert 'File "/opt/python/shared.py"' in trace


def test_layers_of_a_function_are_checked(client: Client) -> None:
    arn = publish(client, layer("one"))["LayerVersionArn"]
    newer = publish(client, layer("two"))["LayerVersionArn"]
    role = make_role(client)

    def refused(*arns: str) -> Any:
        return refusal(lambda: make_function(client, ECHO, Role=role, Layers=list(arns)))

    assert refused(f"{arn}9") == ("InvalidParameterValueException", f"Layer version {arn}9 does not exist.")
    assert refused(arn, newer)[1] == (
        "Two different versions of the same layer are not allowed to be referenced in the same function. "
        f"{arn} and {newer} are versions of the same layer."
    )
    others = [publish(client, layer("x"), name=f"n{number}")["LayerVersionArn"] for number in range(5)]
    assert refused(arn, *others)[1] == "Cannot reference more than 5 layers."
    assert refused(arn.replace("us-east-1", "eu-west-1"))[1] == (
        "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."
    )
    code, message = refused(arn.rpartition(":")[0])
    assert (code, "at 'layers' failed" in message) == ("ValidationException", True)


def test_code_and_layers_together_have_a_limit(client: Client) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for number in range(14):
            opened.writestr(f"data/{number}", b"\0" * 10_000_000)
    publish_layer = client("lambda").publish_layer_version
    content = {"ZipFile": archive.getvalue()}
    arns = [publish_layer(LayerName=name, Content=content)["LayerVersionArn"] for name in ("a", "b")]
    code, message = refusal(lambda: make_function(client, ECHO, Layers=arns))
    assert code == "InvalidParameterValueException"
    assert message.startswith("Function code combined with layers exceeds the maximum allowed size of 262144000 bytes.")


def test_policies_of_versions(client: Client) -> None:
    api = client("lambda", parameter_validation=False)
    arn = publish(client, layer("one"))["LayerVersionArn"]
    named = {"LayerName": "layer", "VersionNumber": 1}
    granted = {**named, "StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    assert refusal(api.get_layer_version_policy, **named)[1] == "No policy is associated with the given resource."
    assert refusal(api.get_layer_version_policy, LayerName="layer", VersionNumber=7) == (
        "ResourceNotFoundException",
        f"Layer version {arn[:-1]}7 does not exist.",
    )
    assert "lambda:GetLayerVersion" in refusal(api.add_layer_version_permission, **{**granted, "Action": "lambda:*"})[1]
    added = api.add_layer_version_permission(**granted)
    assert json.loads(added["Statement"]) == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "lambda:GetLayerVersion",
        "Resource": arn,
    }
    assert refusal(api.add_layer_version_permission, **granted)[0] == "ResourceConflictException"
    code, message = refusal(api.remove_layer_version_permission, **named, StatementId="s", RevisionId="old")
    assert (code, "Call the GetLayerPolicy API" in message) == ("PreconditionFailedException", True)
    shown = api.get_layer_version_policy(**named)
    assert (len(json.loads(shown["Policy"])["Statement"]), shown["RevisionId"]) == (1, added["RevisionId"])
    assert refusal(api.remove_layer_version_permission, **named, StatementId="x")[1] == (
        "Statement x is not found in resource policy."
    )
    api.remove_layer_version_permission(**named, StatementId="s", RevisionId=added["RevisionId"])
    assert refusal(api.get_layer_version_policy, **named)[0] == "ResourceNotFoundException"


def test_another_account_uses_what_the_policy_gives(client: Client, onebox: EngineThread) -> None:
    def other(service: str) -> Any:
        return onebox.client(service, account="210987654321")

    arn = publish(client, layer("shared"), name="of-the-first")["LayerVersionArn"]
    role = make_role(lambda service, **_: other(service), name="of-the-other")
    request: dict[str, Any] = {
        "FunctionName": "of-the-other",
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Role": role,
    }
    request |= {"Code": {"ZipFile": zipped(USES_LAYER)}, "Layers": [arn], "Timeout": 30}
    for call in (
        lambda: other("lambda").create_function(**request),
        lambda: other("lambda").get_layer_version_by_arn(Arn=arn),
    ):
        code, message = refusal(call)
        assert (code, "lambda:GetLayerVersion" in message) == ("AccessDeniedException", True)
    client("lambda").add_layer_version_permission(
        LayerName="of-the-first",
        VersionNumber=1,
        StatementId="s",
        Action="lambda:GetLayerVersion",
        Principal="210987654321",
    )
    assert other("lambda").get_layer_version_by_arn(Arn=arn)["Version"] == 1
    other("lambda").create_function(**request)
    answer = other("lambda").invoke(FunctionName="of-the-other")
    assert json.loads(answer["Payload"].read())[0] == "shared"
    other("lambda").delete_function(FunctionName="of-the-other")


def test_users_need_the_right_to_a_layer(client: Client) -> None:
    arn = publish(client, layer("shared"))["LayerVersionArn"]
    role, iam = make_role(client), client("iam")
    iam.create_user(UserName="deployer")
    statements = [
        {"Effect": "Allow", "Action": ["lambda:*", "iam:PassRole"], "Resource": "*"},
        {"Effect": "Deny", "Action": "lambda:GetLayerVersion", "Resource": arn},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="deployer", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="deployer")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    endpoint = client("lambda").meta.endpoint_url
    api = boto3.client("lambda", endpoint_url=endpoint, region_name="us-east-1", **keys)
    request = {
        "FunctionName": "f",
        "Runtime": RUNTIME,
        "Handler": "a.b",
        "Role": role,
        "Code": {"ZipFile": zipped(ECHO)},
    }
    code, message = refusal(api.create_function, **request, Layers=[arn])
    assert (code, "lambda:GetLayerVersion" in message) == ("AccessDeniedException", True)
    for spelling in (arn, arn.replace("arn:aws:", "arn:aws-cn:"), arn[:-1] + "0" + arn[-1]):
        assert refusal(api.get_layer_version_by_arn, Arn=spelling)[0] == "AccessDeniedException"
    assert api.list_layer_versions(LayerName="layer")["LayerVersions"]
