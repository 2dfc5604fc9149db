"""Goal: users and groups live and die as in IAM, with its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.iam_support import document, refused

SQS_FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


@pytest.fixture
def ann(iam: Any) -> Any:
    return iam.create_user(UserName="Ann")["User"]


def test_create_user_with_everything_is_read_back(iam: Any, account: str) -> None:
    boundary = iam.create_policy(PolicyName="Bound", PolicyDocument=document())["Policy"]["Arn"]
    created = iam.create_user(
        UserName="Ann", Path="/team/", PermissionsBoundary=boundary, Tags=[{"Key": "team", "Value": "a"}]
    )["User"]
    assert created["Arn"] == f"arn:aws:iam::{account}:user/team/Ann"
    assert created["UserId"].startswith("AIDA")
    assert created["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": boundary,
    }
    assert iam.get_user(UserName="ann")["User"] == created
    listed = iam.list_users(PathPrefix="/team/")["Users"]
    assert [set(user) for user in listed] == [{"Path", "UserName", "UserId", "Arn", "CreateDate"}]


def test_user_without_tags_and_boundary_shows_neither(ann: Any) -> None:
    assert set(ann) == {"Path", "UserName", "UserId", "Arn", "CreateDate"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"UserName": "a b"}, "ValidationError"),
        ({"UserName": "x" * 65}, "ValidationError"),
        ({"Path": "team"}, "ValidationError"),
        ({"UserName": "ANN"}, "EntityAlreadyExists"),
        ({"UserName": "onebox"}, "EntityAlreadyExists"),
        ({"PermissionsBoundary": "arn:aws:iam::aws:policy/Nothing"}, "NoSuchEntity"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidInput"),
    ],
)
def test_create_user_invalid_parameter_is_refused(iam: Any, ann: Any, change: Any, code: Any) -> None:
    assert refused(iam.create_user, **{"UserName": "Bob", **change})[0] == code


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("get_user", {}),
        ("delete_user", {}),
        ("list_access_keys", {}),
        ("create_access_key", {}),
        ("list_user_policies", {}),
        ("list_groups_for_user", {}),
        ("put_user_permissions_boundary", {"PermissionsBoundary": SQS_FULL}),
        ("attach_user_policy", {"PolicyArn": SQS_FULL}),
    ],
)
def test_missing_user_is_refused(iam: Any, operation: Any, arguments: Any) -> None:
    assert refused(getattr(iam, operation), UserName="Nobody", **arguments) == (
        "NoSuchEntity",
        "The user with name Nobody cannot be found.",
        404,
    )


def test_update_user_renames_and_keeps_policies_and_keys(iam: Any, ann: Any, account: str) -> None:
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document())
    key = iam.create_access_key(UserName="Ann")["AccessKey"]["AccessKeyId"]
    iam.update_user(UserName="Ann", NewUserName="Bea", NewPath="/x/")
    renamed = iam.get_user(UserName="Bea")["User"]
    assert (renamed["Arn"], renamed["UserId"]) == (f"arn:aws:iam::{account}:user/x/Bea", ann["UserId"])
    assert iam.list_user_policies(UserName="Bea")["PolicyNames"] == ["p"]
    assert [found["AccessKeyId"] for found in iam.list_access_keys(UserName="Bea")["AccessKeyMetadata"]] == [key]
    assert refused(iam.get_user, UserName="Ann")[0] == "NoSuchEntity"


def test_inline_policy_is_returned_as_it_was_put(iam: Any, ann: Any) -> None:
    text = document(resource="arn:aws:s3:::100%25-done/*")
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=text)
    got = iam.get_user_policy(UserName="Ann", PolicyName="p")
    assert got["PolicyDocument"]["Statement"][0]["Resource"] == "arn:aws:s3:::100%25-done/*"
    assert refused(iam.get_user_policy, UserName="Ann", PolicyName="q")[1] == (
        "The user policy with name q cannot be found."
    )
    big = document(Sid="x" * 2_100)
    assert refused(iam.put_user_policy, UserName="Ann", PolicyName="q", PolicyDocument=big) == (
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user Ann",
        409,
    )


@pytest.mark.parametrize("entity", ["role", "user", "group"])
def test_attach_what_is_no_arn_is_refused(iam: Any, ann: Any, entity: Any) -> None:
    member = f"{entity.capitalize()}Name"
    attach = getattr(iam, f"attach_{entity}_policy")
    assert refused(attach, **{member: "Ann"}, PolicyArn="longpolicynamebutnoarn") == (
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
        400,
    )


def test_delete_user_with_what_hangs_on_it_is_refused_until_it_is_gone(iam: Any, ann: Any) -> None:
    conflict = ("DeleteConflict", "Cannot delete entity, must remove referenced objects first.", 409)
    iam.attach_user_policy(UserName="Ann", PolicyArn=SQS_FULL)
    assert refused(iam.delete_user, UserName="Ann") == conflict
    iam.detach_user_policy(UserName="Ann", PolicyArn=SQS_FULL)
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document())
    assert refused(iam.delete_user, UserName="Ann") == conflict
    iam.delete_user_policy(UserName="Ann", PolicyName="p")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="Ann")
    assert refused(iam.delete_user, UserName="Ann") == conflict
    iam.remove_user_from_group(GroupName="g", UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]["AccessKeyId"]
    assert refused(iam.delete_user, UserName="Ann")[1] == "Cannot delete entity, must delete access keys first."
    iam.delete_access_key(UserName="Ann", AccessKeyId=key)
    iam.delete_user(UserName="Ann")
    assert refused(iam.get_user, UserName="Ann")[0] == "NoSuchEntity"


def test_boundary_is_put_and_removed(iam: Any, ann: Any) -> None:
    iam.put_user_permissions_boundary(UserName="Ann", PermissionsBoundary=SQS_FULL)
    assert iam.get_user(UserName="Ann")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == SQS_FULL
    iam.delete_user_permissions_boundary(UserName="Ann")
    assert "PermissionsBoundary" not in iam.get_user(UserName="Ann")["User"]
    assert refused(iam.delete_user_permissions_boundary, UserName="Ann")[0] == "NoSuchEntity"


def test_tag_user_adds_replaces_and_removes(iam: Any, ann: Any) -> None:
    iam.tag_user(UserName="Ann", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_user(UserName="Ann", Tags=[{"Key": "a", "Value": "3"}])
    iam.untag_user(UserName="Ann", TagKeys=["b", "c"])
    assert iam.list_user_tags(UserName="Ann")["Tags"] == [{"Key": "a", "Value": "3"}]


def test_list_users_pages_through_all_by_name(iam: Any) -> None:
    for name in ("c", "a", "b"):
        iam.create_user(UserName=name)
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [["a", "b"], ["c"]]


@pytest.mark.parametrize("marker", ["é", "x", "9" * 5_000, "W10", "WzFd", "bnVsbA", "Ww=="])
@pytest.mark.parametrize("operation", ["list_users", "list_roles", "list_groups", "list_policies"])
def test_marker_that_no_answer_gave_is_refused(iam: Any, operation: Any, marker: Any) -> None:
    assert refused(getattr(iam, operation), Marker=marker) == ("ValidationError", "Invalid Marker.", 400)


def test_group_with_members_and_policies(iam: Any, ann: Any, account: str) -> None:
    group = iam.create_group(GroupName="Devs", Path="/x/")["Group"]
    assert group["Arn"] == f"arn:aws:iam::{account}:group/x/Devs"
    assert group["GroupId"].startswith("AGPA")
    iam.add_user_to_group(GroupName="Devs", UserName="Ann")
    iam.add_user_to_group(GroupName="Devs", UserName="Ann")
    iam.put_group_policy(GroupName="Devs", PolicyName="p", PolicyDocument=document())
    iam.attach_group_policy(GroupName="Devs", PolicyArn=SQS_FULL)
    got = iam.get_group(GroupName="Devs")
    assert (got["Group"], [user["UserName"] for user in got["Users"]]) == (group, ["Ann"])
    assert iam.list_groups_for_user(UserName="Ann")["Groups"] == [group]
    assert iam.list_group_policies(GroupName="Devs")["PolicyNames"] == ["p"]
    assert iam.get_group_policy(GroupName="Devs", PolicyName="p")["GroupName"] == "Devs"
    attached = iam.list_attached_group_policies(GroupName="Devs")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [SQS_FULL]
    assert iam.list_groups()["Groups"] == [group]


def test_delete_group_is_refused_until_it_is_empty(iam: Any, ann: Any) -> None:
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="Ann")
    assert refused(iam.delete_group, GroupName="g")[1] == "Cannot delete entity, must remove users from group first."
    iam.remove_user_from_group(GroupName="g", UserName="Ann")
    iam.attach_group_policy(GroupName="g", PolicyArn=SQS_FULL)
    assert refused(iam.delete_group, GroupName="g")[1] == "Cannot delete entity, must detach all policies first."
    iam.detach_group_policy(GroupName="g", PolicyArn=SQS_FULL)
    iam.delete_group(GroupName="g")
    assert refused(iam.get_group, GroupName="g") == (
        "NoSuchEntity",
        "The group with name g cannot be found.",
        404,
    )


def test_update_group_renames(iam: Any) -> None:
    iam.create_group(GroupName="g")
    iam.update_group(GroupName="g", NewGroupName="h", NewPath="/y/")
    assert iam.get_group(GroupName="h")["Group"]["Path"] == "/y/"
    assert refused(iam.create_group, GroupName="H")[:2] == (
        "EntityAlreadyExists",
        "Group with name H already exists.",
    )


def test_list_entities_for_policy_names_all_three_kinds(iam: Any, ann: Any) -> None:
    own = iam.create_policy(PolicyName="P", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_group(GroupName="g")
    iam.attach_user_policy(UserName="Ann", PolicyArn=own)
    iam.attach_group_policy(GroupName="g", PolicyArn=own)
    iam.create_user(UserName="Bob", PermissionsBoundary=own)
    entities = iam.list_entities_for_policy(PolicyArn=own)
    assert [user["UserName"] for user in entities["PolicyUsers"]] == ["Ann", "Bob"]
    assert [group["GroupName"] for group in entities["PolicyGroups"]] == ["g"]
    bounded = iam.list_entities_for_policy(PolicyArn=own, PolicyUsageFilter="PermissionsBoundary")
    assert ([user["UserName"] for user in bounded["PolicyUsers"]], bounded["PolicyGroups"]) == (["Bob"], [])
    users = iam.list_entities_for_policy(PolicyArn=own, EntityFilter="User")
    assert (len(users["PolicyUsers"]), users["PolicyGroups"]) == (2, [])
    policy = iam.get_policy(PolicyArn=own)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (2, 1)


def test_the_built_in_user_is_seen_and_cannot_be_changed(iam: Any, client: Callable[..., Any], account: str) -> None:
    user = iam.get_user()["User"]
    identity = client("sts").get_caller_identity()
    assert (user["Arn"], user["UserId"]) == (identity["Arn"], identity["UserId"])
    assert user == iam.get_user(UserName="onebox")["User"]
    assert iam.list_users()["Users"] == []
    assert refused(iam.delete_user, UserName="onebox")[0] == "UnmodifiableEntity"
    assert refused(iam.put_user_policy, UserName="onebox", PolicyName="p", PolicyDocument=document())[0] == (
        "UnmodifiableEntity"
    )


def test_what_nobody_has_is_answered_as_for_a_user_without(iam: Any, ann: Any) -> None:
    assert refused(iam.get_login_profile, UserName="Ann") == (
        "NoSuchEntity",
        "Login Profile for User Ann cannot be found.",
        404,
    )
    assert iam.list_mfa_devices(UserName="Ann")["MFADevices"] == []
    assert iam.list_ssh_public_keys(UserName="Ann")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="Ann")["Certificates"] == []


@pytest.mark.parametrize("name", ["a b", "\x00", "é", "x/y", "<&>"])
@pytest.mark.parametrize(
    ("operation", "member"),
    [("get_user", "UserName"), ("get_role", "RoleName"), ("get_group", "GroupName"), ("delete_user", "UserName")],
)
def test_a_name_that_nobody_can_have_is_refused_readably(iam: Any, operation: Any, member: Any, name: Any) -> None:
    code, message, status = refused(getattr(iam, operation), **{member: name})
    assert (code, message.startswith("The specified value for"), status) == ("ValidationError", True, 400)


def test_what_xml_cannot_hold_is_replaced_in_a_refusal(iam: Any) -> None:
    assert refused(iam.get_policy, PolicyArn="arn:aws:iam::1:policy/\x00\x1f") == (
        "NoSuchEntity",
        "Policy arn:aws:iam::1:policy/\ufffd\ufffd was not found.",
        404,
    )
