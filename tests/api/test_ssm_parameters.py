"""Goal: parameters are kept, versioned, listed and protected as in AWS's Parameter Store."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused
from tests.api.test_onebox_serve import serving


@pytest.fixture
def ssm(client: Callable[..., Any]) -> Any:
    return client("ssm", parameter_validation=False)


def names_of(page: Any) -> Any:
    return [parameter["Name"] for parameter in page["Parameters"]]


def test_put_and_get_a_string(ssm: Any, account: str) -> None:
    assert ssm.put_parameter(Name="/app/url", Value="https://x", Type="String", Description="d")["Version"] == 1
    got = ssm.get_parameter(Name="/app/url")["Parameter"]
    assert got.pop("LastModifiedDate")
    assert got == {
        "Name": "/app/url",
        "Type": "String",
        "Value": "https://x",
        "Version": 1,
        "ARN": f"arn:aws:ssm:us-east-1:{account}:parameter/app/url",
        "DataType": "text",
    }
    assert ssm.get_parameter(Name=got["ARN"])["Parameter"]["Value"] == "https://x"


def test_overwriting_adds_a_version_and_old_ones_stay(ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="1", Type="String", Description="d")
    assert refused(ssm.put_parameter, Name="p", Value="2", Type="String")[:2] == (
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    )
    assert ssm.put_parameter(Name="p", Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name="p")["Parameter"]["Value"] == "2"
    first = ssm.get_parameter(Name="p:1")["Parameter"]
    assert (first["Value"], first["Selector"]) == ("1", ":1")
    assert refused(ssm.get_parameter, Name="p:9")[0] == "ParameterVersionNotFound"
    history = ssm.get_parameter_history(Name="p", MaxResults=1)
    assert [(v["Version"], v["Value"], v["Description"]) for v in history["Parameters"]] == [(1, "1", "d")]
    rest = ssm.get_parameter_history(Name="p", NextToken=history["NextToken"])
    assert [version["Version"] for version in rest["Parameters"]] == [2]


def test_secure_string_is_shown_only_decrypted(ssm: Any) -> None:
    ssm.put_parameter(Name="/app/password", Value="secret", Type="SecureString")
    sealed = ssm.get_parameter(Name="/app/password")["Parameter"]["Value"]
    assert "secret" not in sealed
    assert ssm.get_parameter(Name="/app/password")["Parameter"]["Value"] == sealed
    assert ssm.get_parameter(Name="/app/password", WithDecryption=True)["Parameter"]["Value"] == "secret"
    by_path = ssm.get_parameters_by_path(Path="/app", WithDecryption=True)["Parameters"]
    assert [parameter["Value"] for parameter in by_path] == ["secret"]
    (described,) = ssm.describe_parameters()["Parameters"]
    assert described["KeyId"] == "alias/aws/ssm"
    assert "Value" not in described


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Value": ""}, "ValidationException"),
        ({"Value": "x" * 4_097}, "ValidationException"),
        ({"Value": "x" * 8_193, "Tier": "Advanced"}, "ValidationException"),
        ({"Type": None}, "ValidationException"),
        ({"Type": "Number"}, "UnsupportedParameterType"),
        ({"Name": "a/b"}, "ValidationException"),
        ({"Name": "/aws/x"}, "AccessDeniedException"),
        ({"AllowedPattern": "^\\d+$"}, "ParameterPatternMismatchException"),
        ({"AllowedPattern": "("}, "InvalidAllowedPatternException"),
        ({"AllowedPattern": "(?=x)x"}, "InvalidAllowedPatternException"),
        ({"DataType": "Text"}, "ValidationException"),
        ({"Tier": "Gold"}, "ValidationException"),
        ({"KeyId": "alias/x"}, "ValidationException"),
        ({"Policies": '[{"Type": "Expiration"}]'}, "ValidationException"),
        ({"Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException"),
    ],
)
def test_put_parameter_invalid_is_refused(ssm: Any, change: Any, code: Any) -> None:
    arguments = {"Name": "p", "Value": "text", "Type": "String", **change}
    given = {name: value for name, value in arguments.items() if value is not None}
    assert refused(ssm.put_parameter, **given)[0] == code


def test_pattern_of_a_hostile_client_costs_nothing(ssm: Any) -> None:
    pattern, value = "(a+)+$", "a" * 4_000 + "!"
    assert refused(ssm.put_parameter, Name="p", Value=value, Type="String", AllowedPattern=pattern)[0] == (
        "ParameterPatternMismatchException"
    )


def test_type_stays_and_long_values_need_the_advanced_tier(ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="1", Type="String")
    assert refused(ssm.put_parameter, Name="p", Value="2", Type="StringList", Overwrite=True)[0] == (
        "HierarchyTypeMismatchException"
    )
    long = {"Name": "long", "Value": "x" * 5_000, "Type": "String"}
    assert ssm.put_parameter(**long, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert ssm.put_parameter(**{**long, "Value": "short"}, Overwrite=True)["Tier"] == "Advanced"


def test_missing_parameter_is_refused(ssm: Any) -> None:
    for call in (ssm.get_parameter, ssm.delete_parameter, ssm.get_parameter_history):
        assert refused(call, Name="nothing")[::2] == ("ParameterNotFound", 400)


def test_get_and_delete_several_tell_which_are_missing(ssm: Any) -> None:
    for name in ("b", "a"):
        ssm.put_parameter(Name=name, Value=name, Type="String")
    got = ssm.get_parameters(Names=["b", "nothing", "a:1", "a:9"])
    assert (names_of(got), got["InvalidParameters"]) == (["a", "b"], ["nothing", "a:9"])
    assert refused(ssm.get_parameters, Names=list("abcdefghijk"))[0] == "ValidationException"
    deleted = ssm.delete_parameters(Names=["a", "nothing"])
    assert (deleted["DeletedParameters"], deleted["InvalidParameters"]) == (["a"], ["nothing"])
    ssm.delete_parameter(Name="b")
    assert ssm.describe_parameters()["Parameters"] == []


def test_by_path_pages_below_the_path_only(ssm: Any) -> None:
    for name in ("/a/1", "/a/2", "/a/b/3", "/ab/4", "plain"):
        ssm.put_parameter(Name=name, Value=name, Type="String")
    assert names_of(ssm.get_parameters_by_path(Path="/a")) == ["/a/1", "/a/2"]
    assert names_of(ssm.get_parameters_by_path(Path="/a/", Recursive=True)) == ["/a/1", "/a/2", "/a/b/3"]
    pages = ssm.get_paginator("get_parameters_by_path").paginate(
        Path="/", Recursive=True, PaginationConfig={"PageSize": 3}
    )
    assert [names_of(page) for page in pages] == [["/a/1", "/a/2", "/a/b/3"], ["/ab/4"]]
    assert refused(ssm.get_parameters_by_path, Path="a")[0] == "ValidationException"
    assert refused(ssm.get_parameters_by_path, Path="/a", MaxResults=11)[0] == "ValidationException"


def string_filter(key: Any, *values: Any, option: Any = None) -> Any:
    written = {"Key": key, "Values": list(values)}
    return {**written, "Option": option} if option else written


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], ["/a/1", "/a/b/2", "other"]),
        ([string_filter("Name", "a/1")], ["/a/1"]),
        ([string_filter("Name", "/a", option="BeginsWith")], ["/a/1", "/a/b/2"]),
        ([string_filter("Name", "the", option="Contains")], ["other"]),
        ([string_filter("Path", "/a")], ["/a/1"]),
        ([string_filter("Path", "/a", option="Recursive")], ["/a/1", "/a/b/2"]),
        ([string_filter("Type", "StringList")], ["other"]),
        ([string_filter("tag:team", "x")], ["/a/1"]),
        ([{"Key": "tag:team"}], ["/a/1", "other"]),
        ([string_filter("Label", "prod")], ["/a/b/2"]),
        ([string_filter("Tier", "Standard"), string_filter("tag:team", "y")], ["other"]),
    ],
)
def test_describe_parameters_filters(ssm: Any, filters: Any, expected: Any) -> None:
    ssm.put_parameter(Name="/a/1", Value="v", Type="String", Tags=[{"Key": "team", "Value": "x"}])
    ssm.put_parameter(Name="/a/b/2", Value="v", Type="String")
    ssm.put_parameter(Name="other", Value="v,w", Type="StringList", Tags=[{"Key": "team", "Value": "y"}])
    ssm.label_parameter_version(Name="/a/b/2", Labels=["prod"])
    assert names_of(ssm.describe_parameters(ParameterFilters=filters)) == expected


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"ParameterFilters": [string_filter("Colour", "x")]}, "InvalidFilterKey"),
        ({"ParameterFilters": [string_filter("Type", "String", option="BeginsWith")]}, "InvalidFilterOption"),
        ({"ParameterFilters": [{"Key": "Name"}]}, "InvalidFilterValue"),
        ({"NextToken": "é"}, "InvalidNextToken"),
        ({"NextToken": "9" * 5_000}, "InvalidNextToken"),
        ({"MaxResults": 51}, "ValidationException"),
    ],
)
def test_describe_parameters_invalid_is_refused(ssm: Any, arguments: Any, code: Any) -> None:
    assert refused(ssm.describe_parameters, **arguments)[0] == code


def test_old_filters_find_by_the_beginning_of_names(ssm: Any) -> None:
    ssm.put_parameter(Name="/a/1", Value="v", Type="String")
    ssm.put_parameter(Name="b", Value="v", Type="String")
    assert names_of(ssm.describe_parameters(Filters=[{"Key": "Name", "Values": ["/a"]}])) == ["/a/1"]


def test_labels_move_between_versions(ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="1", Type="String")
    ssm.put_parameter(Name="p", Value="2", Overwrite=True)
    answer = ssm.label_parameter_version(Name="p", ParameterVersion=1, Labels=["prod", "1st", "aws-x"])
    assert (answer["InvalidLabels"], answer["ParameterVersion"]) == (["1st", "aws-x"], 1)
    assert ssm.get_parameter(Name="p:prod")["Parameter"]["Value"] == "1"
    ssm.label_parameter_version(Name="p", Labels=["prod"])
    assert ssm.get_parameter(Name="p:prod")["Parameter"]["Value"] == "2"
    gone = ssm.unlabel_parameter_version(Name="p", ParameterVersion=2, Labels=["prod", "other"])
    assert (gone["RemovedLabels"], gone["InvalidLabels"]) == (["prod"], ["other"])
    assert refused(ssm.get_parameter, Name="p:prod")[0] == "ParameterVersionNotFound"


def test_a_hundred_versions_are_kept_and_a_labelled_one_is_never_dropped(ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="v", Type="String")
    for _ in range(100):
        ssm.put_parameter(Name="p", Value="v", Overwrite=True)
    assert refused(ssm.get_parameter, Name="p:1")[0] == "ParameterVersionNotFound"
    ssm.label_parameter_version(Name="p", ParameterVersion=2, Labels=["keep"])
    assert refused(ssm.put_parameter, Name="p", Value="v", Overwrite=True)[0] == "ParameterMaxVersionLimitExceeded"
    assert ssm.get_parameter(Name="p")["Parameter"]["Version"] == 101


def test_tags(ssm: Any) -> None:
    ssm.put_parameter(Name="/a/p", Value="v", Type="String", Tags=[{"Key": "a", "Value": "1"}])
    which = {"ResourceType": "Parameter", "ResourceId": "/a/p"}
    ssm.add_tags_to_resource(**which, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**which, TagKeys=["a", "c"])
    assert ssm.list_tags_for_resource(**which)["TagList"] == [{"Key": "b", "Value": "2"}]
    assert refused(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="x")[0] == "InvalidResourceId"
    assert refused(ssm.list_tags_for_resource, ResourceType="Document", ResourceId="x")[0] == "InvalidResourceType"


def test_regions_and_accounts_have_their_own(client: Callable[..., Any], onebox: EngineThread, ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="v", Type="String")
    assert refused(client("ssm", region="eu-west-1").get_parameter, Name="p")[0] == "ParameterNotFound"
    assert refused(onebox.client("ssm", account="222222222222").get_parameter, Name="p")[0] == "ParameterNotFound"


def test_rights_on_names_paths_and_tags_are_enforced(
    client: Callable[..., Any], onebox: EngineThread, ssm: Any, account: str
) -> None:
    iam = client("iam")
    iam.create_user(UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    for name in ("/mine/p", "/other/p"):
        ssm.put_parameter(Name=name, Value="v", Type="String", Tags=[{"Key": "of", "Value": name[1:-2]}])
    arn = f"arn:aws:ssm:*:{account}:parameter/mine"
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("ssm:Get*", [arn, f"{arn}/*"]))
    own = key_client(onebox, "ssm", key)
    assert own.get_parameter(Name="/mine/p")["Parameter"]["Value"] == "v"
    assert own.get_parameters_by_path(Path="/mine")["Parameters"]
    assert refused(own.get_parameter, Name="/other/p")[::2] == ("AccessDeniedException", 400)
    assert refused(own.get_parameters, Names=["/mine/p", "/other/p"])[0] == "AccessDeniedException"
    assert refused(own.get_parameters_by_path, Path="/")[0] == "AccessDeniedException"
    tagged = {"StringEquals": {"aws:ResourceTag/of": "other"}}
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("ssm:*", Condition=tagged))
    assert own.get_parameter(Name="/other/p")["Parameter"]["Value"] == "v"
    assert refused(own.get_parameter, Name="/mine/p")[0] == "AccessDeniedException"


def test_what_is_not_offered_says_so(ssm: Any) -> None:
    code, message, _ = refused(ssm.describe_instance_information)
    assert (code, "DescribeInstanceInformation" in message) == ("UnknownOperationException", True)


def test_parameters_survive_sigkill(tmp_path: Path) -> None:
    plain: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    with serving("--data", str(tmp_path)) as (process, url):
        ssm = boto3.client("ssm", endpoint_url=url, **plain)
        ssm.put_parameter(Name="p", Value="1", Type="String")
        ssm.put_parameter(Name="p", Value="2", Overwrite=True)
        ssm.label_parameter_version(Name="p", ParameterVersion=1, Labels=["prod"])
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with EngineThread(tmp_path) as engine:
        ssm = engine.client("ssm")
        assert ssm.get_parameter(Name="p")["Parameter"]["Value"] == "2"
        assert ssm.get_parameter(Name="p:prod")["Parameter"]["Value"] == "1"


def test_documents_of_values_are_kept_as_they_are(ssm: Any) -> None:
    text = json.dumps({"a": "ü\n\u2028", "b": [1, 2.50]})
    ssm.put_parameter(Name="json", Value=text, Type="String")
    assert ssm.get_parameter(Name="json")["Parameter"]["Value"] == text
