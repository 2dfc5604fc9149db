"""Goal: parameters are kept, versioned, listed and protected as in AWS's Parameter Store."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.api.iam_support import refused
from tests.aws.support import Unique


@pytest.fixture
def root(unique: Unique) -> str:
    """A path of the test's own."""
    return f"/{unique('app')}"


@pytest.fixture
def ssm(client: Callable[..., Any]) -> Any:
    return client("ssm", parameter_validation=False)


def names_of(page: Any) -> Any:
    return [parameter["Name"] for parameter in page["Parameters"]]


def test_put_and_get_a_string(ssm: Any, account: str, root: str, region: str) -> None:
    assert ssm.put_parameter(Name=f"{root}/url", Value="https://x", Type="String", Description="d")["Version"] == 1
    got = ssm.get_parameter(Name=f"{root}/url")["Parameter"]
    assert got.pop("LastModifiedDate")
    assert got == {
        "Name": f"{root}/url",
        "Type": "String",
        "Value": "https://x",
        "Version": 1,
        "ARN": f"arn:aws:ssm:{region}:{account}:parameter{root}/url",
        "DataType": "text",
    }
    assert ssm.get_parameter(Name=got["ARN"])["Parameter"]["Value"] == "https://x"


def test_overwriting_adds_a_version_and_old_ones_stay(ssm: Any, unique: Unique) -> None:
    ssm.put_parameter(Name=unique("p"), Value="1", Type="String", Description="d")
    assert refused(ssm.put_parameter, Name=unique("p"), Value="2", Type="String")[:2] == (
        "ParameterAlreadyExists",
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    )
    assert ssm.put_parameter(Name=unique("p"), Value="2", Overwrite=True)["Version"] == 2
    assert ssm.get_parameter(Name=unique("p"))["Parameter"]["Value"] == "2"
    first = ssm.get_parameter(Name=unique("p") + ":1")["Parameter"]
    assert (first["Value"], first["Selector"]) == ("1", ":1")
    assert refused(ssm.get_parameter, Name=unique("p") + ":9")[0] == "ParameterVersionNotFound"
    history = ssm.get_parameter_history(Name=unique("p"), MaxResults=1)
    assert [(v["Version"], v["Value"], v["Description"]) for v in history["Parameters"]] == [(1, "1", "d")]
    rest = ssm.get_parameter_history(Name=unique("p"), NextToken=history["NextToken"])
    assert [version["Version"] for version in rest["Parameters"]] == [2]


def test_secure_string_is_shown_only_decrypted(ssm: Any, root: str, until: Any) -> None:
    ssm.put_parameter(Name=f"{root}/password", Value="secret", Type="SecureString")
    sealed = ssm.get_parameter(Name=f"{root}/password")["Parameter"]["Value"]
    assert "secret" not in sealed
    assert ssm.get_parameter(Name=f"{root}/password")["Parameter"]["Value"] == sealed
    assert ssm.get_parameter(Name=f"{root}/password", WithDecryption=True)["Parameter"]["Value"] == "secret"
    by_path = ssm.get_parameters_by_path(Path=root, WithDecryption=True)["Parameters"]
    assert [parameter["Value"] for parameter in by_path] == ["secret"]
    named = {"Key": "Name", "Values": [f"{root}/password"]}
    (described,) = until(lambda: ssm.describe_parameters(ParameterFilters=[named])["Parameters"], "it in the list")
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
        ({"DataType": "Text"}, "ValidationException"),
        ({"Tier": "Gold"}, "ValidationException"),
        ({"KeyId": "alias/x"}, "ValidationException"),
        ({"Policies": '[{"Type": "Expiration"}]'}, "ValidationException"),
        ({"Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}, "ValidationException"),
    ],
)
def test_put_parameter_invalid_is_refused(ssm: Any, change: Any, code: Any, unique: Unique) -> None:
    arguments = {"Name": unique("p"), "Value": "text", "Type": "String", **change}
    given = {name: value for name, value in arguments.items() if value is not None}
    assert refused(ssm.put_parameter, **given)[0] == code


def test_type_stays_and_long_values_need_the_advanced_tier(ssm: Any, unique: Unique) -> None:
    ssm.put_parameter(Name=unique("p"), Value="1", Type="String")
    assert refused(ssm.put_parameter, Name=unique("p"), Value="2", Type="StringList", Overwrite=True)[0] == (
        "HierarchyTypeMismatchException"
    )
    long = {"Name": unique("long"), "Value": "x" * 5_000, "Type": "String"}
    assert ssm.put_parameter(**long, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert ssm.put_parameter(**{**long, "Value": "short"}, Overwrite=True)["Tier"] == "Advanced"


def test_missing_parameter_is_refused(ssm: Any, unique: Unique) -> None:
    for call in (ssm.get_parameter, ssm.delete_parameter, ssm.get_parameter_history):
        assert refused(call, Name=unique("nothing"))[::2] == ("ParameterNotFound", 400)


def test_get_and_delete_several_tell_which_are_missing(ssm: Any, unique: Unique) -> None:
    a, b, nothing = unique("a"), unique("b"), unique("nothing")
    for name in (b, a):
        ssm.put_parameter(Name=name, Value=name, Type="String")
    got = ssm.get_parameters(Names=[b, nothing, f"{a}:1", f"{a}:9"])
    assert (names_of(got), got["InvalidParameters"]) == ([a, b], [nothing, f"{a}:9"])
    assert refused(ssm.get_parameters, Names=list("abcdefghijk"))[0] == "ValidationException"
    deleted = ssm.delete_parameters(Names=[a, nothing])
    assert (deleted["DeletedParameters"], deleted["InvalidParameters"]) == ([a], [nothing])
    ssm.delete_parameter(Name=b)
    assert refused(ssm.get_parameter, Name=b)[0] == "ParameterNotFound"


def string_filter(key: Any, *values: Any, option: Any = None) -> Any:
    written = {"Key": key, "Values": list(values)}
    return {**written, "Option": option} if option else written


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


def test_labels_move_between_versions(ssm: Any, unique: Unique) -> None:
    ssm.put_parameter(Name=unique("p"), Value="1", Type="String")
    ssm.put_parameter(Name=unique("p"), Value="2", Overwrite=True)
    answer = ssm.label_parameter_version(Name=unique("p"), ParameterVersion=1, Labels=["prod", "1st", "aws-x"])
    assert (answer["InvalidLabels"], answer["ParameterVersion"]) == (["1st", "aws-x"], 1)
    assert ssm.get_parameter(Name=unique("p") + ":prod")["Parameter"]["Value"] == "1"
    ssm.label_parameter_version(Name=unique("p"), Labels=["prod"])
    assert ssm.get_parameter(Name=unique("p") + ":prod")["Parameter"]["Value"] == "2"
    gone = ssm.unlabel_parameter_version(Name=unique("p"), ParameterVersion=2, Labels=["prod", "other"])
    assert (gone["RemovedLabels"], gone["InvalidLabels"]) == (["prod"], ["other"])
    assert refused(ssm.get_parameter, Name=unique("p") + ":prod")[0] == "ParameterVersionNotFound"


def test_tags(ssm: Any, root: str) -> None:
    ssm.put_parameter(Name=f"{root}/p", Value="v", Type="String", Tags=[{"Key": "a", "Value": "1"}])
    which = {"ResourceType": "Parameter", "ResourceId": f"{root}/p"}
    ssm.add_tags_to_resource(**which, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**which, TagKeys=["a", "c"])
    assert ssm.list_tags_for_resource(**which)["TagList"] == [{"Key": "b", "Value": "2"}]
    assert refused(ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="x")[0] == "InvalidResourceId"
    assert refused(ssm.list_tags_for_resource, ResourceType="Document", ResourceId="x")[0] == "InvalidResourceType"


def test_documents_of_values_are_kept_as_they_are(ssm: Any, unique: Unique) -> None:
    text = json.dumps({"a": "ü\n\u2028", "b": [1, 2.50]})
    ssm.put_parameter(Name=unique("json"), Value=text, Type="String")
    assert ssm.get_parameter(Name=unique("json"))["Parameter"]["Value"] == text
