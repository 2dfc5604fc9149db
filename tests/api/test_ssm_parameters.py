"""Goal: parameters are kept, versioned, listed and protected as in AWS's Parameter Store."""

from __future__ import annotations

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


def test_pattern_of_a_hostile_client_costs_nothing(ssm: Any) -> None:
    pattern, value = "(a+)+$", "a" * 4_000 + "!"
    assert refused(ssm.put_parameter, Name="p", Value=value, Type="String", AllowedPattern=pattern)[0] == (
        "ParameterPatternMismatchException"
    )


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


def test_old_filters_find_by_the_beginning_of_names(ssm: Any) -> None:
    ssm.put_parameter(Name="/a/1", Value="v", Type="String")
    ssm.put_parameter(Name="b", Value="v", Type="String")
    assert names_of(ssm.describe_parameters(Filters=[{"Key": "Name", "Values": ["/a"]}])) == ["/a/1"]


def test_a_hundred_versions_are_kept_and_a_labelled_one_is_never_dropped(ssm: Any) -> None:
    ssm.put_parameter(Name="p", Value="v", Type="String")
    for _ in range(100):
        ssm.put_parameter(Name="p", Value="v", Overwrite=True)
    assert refused(ssm.get_parameter, Name="p:1")[0] == "ParameterVersionNotFound"
    ssm.label_parameter_version(Name="p", ParameterVersion=2, Labels=["keep"])
    assert refused(ssm.put_parameter, Name="p", Value="v", Overwrite=True)[0] == "ParameterMaxVersionLimitExceeded"
    assert ssm.get_parameter(Name="p")["Parameter"]["Version"] == 101


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
