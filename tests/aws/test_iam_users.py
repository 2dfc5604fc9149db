"""Goal: users and groups live and die as in IAM, with its errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.iam_support import document, refused
from tests.aws.harness.leftovers import pages
from tests.aws.support import Unique

SQS_FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


@pytest.fixture
def ann(iam: Any, unique: Unique) -> Any:
    return iam.create_user(UserName=unique("Ann"))["User"]


def test_create_user_with_everything_is_read_back(iam: Any, account: str, unique: Unique, until: Any) -> None:
    boundary = iam.create_policy(PolicyName=unique("Bound"), PolicyDocument=document())["Policy"]["Arn"]
    created = iam.create_user(
        UserName=unique("Ann"),
        Path=f"/{unique('team')}/",
        PermissionsBoundary=boundary,
        Tags=[{"Key": "team", "Value": "a"}],
    )["User"]
    assert created["Arn"] == f"arn:aws:iam::{account}:user/{unique('team')}/{unique('Ann')}"
    assert created["UserId"].startswith("AIDA")
    assert created["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": boundary,
    }
    assert iam.get_user(UserName=unique("Ann").lower())["User"] == created
    listed = until(lambda: iam.list_users(PathPrefix=f"/{unique('team')}/")["Users"], "the user in the list")
    assert [set(user) for user in listed] == [{"Path", "UserName", "UserId", "Arn", "CreateDate"}]


def test_user_without_tags_and_boundary_shows_neither(ann: Any) -> None:
    assert set(ann) == {"Path", "UserName", "UserId", "Arn", "CreateDate"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"UserName": "a b"}, "ValidationError"),
        ({"UserName": "x" * 65}, "ValidationError"),
        ({"Path": "team"}, "ValidationError"),
        ({"PermissionsBoundary": "arn:aws:iam::aws:policy/Nothing"}, "NoSuchEntity"),
        ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidInput"),
    ],
)
def test_create_user_invalid_parameter_is_refused(iam: Any, ann: Any, change: Any, code: Any, unique: Unique) -> None:
    assert refused(iam.create_user, **{"UserName": unique("Bob"), **change})[0] == code


def test_create_user_name_taken_in_other_case_is_refused(iam: Any, ann: Any, unique: Unique) -> None:
    assert refused(iam.create_user, UserName=unique("Ann").upper())[0] == "EntityAlreadyExists"


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
def test_missing_user_is_refused(iam: Any, operation: Any, arguments: Any, unique: Unique) -> None:
    assert refused(getattr(iam, operation), UserName=unique("Nobody"), **arguments) == (
        "NoSuchEntity",
        f"The user with name {unique('Nobody')} cannot be found.",
        404,
    )


def test_update_user_renames_and_keeps_policies_and_keys(iam: Any, ann: Any, account: str, unique: Unique) -> None:
    iam.put_user_policy(UserName=unique("Ann"), PolicyName="p", PolicyDocument=document())
    key = iam.create_access_key(UserName=unique("Ann"))["AccessKey"]["AccessKeyId"]
    iam.update_user(UserName=unique("Ann"), NewUserName=unique("Bea"), NewPath="/x/")
    renamed = iam.get_user(UserName=unique("Bea"))["User"]
    assert (renamed["Arn"], renamed["UserId"]) == (f"arn:aws:iam::{account}:user/x/{unique('Bea')}", ann["UserId"])
    assert iam.list_user_policies(UserName=unique("Bea"))["PolicyNames"] == ["p"]
    assert [found["AccessKeyId"] for found in iam.list_access_keys(UserName=unique("Bea"))["AccessKeyMetadata"]] == [
        key
    ]
    assert refused(iam.get_user, UserName=unique("Ann"))[0] == "NoSuchEntity"


def test_inline_policy_is_returned_as_it_was_put(iam: Any, ann: Any, unique: Unique) -> None:
    text = document(resource="arn:aws:s3:::100%25-done/*")
    iam.put_user_policy(UserName=unique("Ann"), PolicyName="p", PolicyDocument=text)
    got = iam.get_user_policy(UserName=unique("Ann"), PolicyName="p")
    assert got["PolicyDocument"]["Statement"][0]["Resource"] == "arn:aws:s3:::100%25-done/*"
    assert refused(iam.get_user_policy, UserName=unique("Ann"), PolicyName="q")[1] == (
        "The user policy with name q cannot be found."
    )
    big = document(Sid="x" * 2_100)
    assert refused(iam.put_user_policy, UserName=unique("Ann"), PolicyName="q", PolicyDocument=big) == (
        "LimitExceeded",
        f"Maximum policy size of 2048 bytes exceeded for user {unique('Ann')}",
        409,
    )


@pytest.mark.parametrize("entity", ["role", "user", "group"])
def test_attach_what_is_no_arn_is_refused(iam: Any, ann: Any, entity: Any, unique: Unique) -> None:
    member = f"{entity.capitalize()}Name"
    attach = getattr(iam, f"attach_{entity}_policy")
    assert refused(attach, **{member: unique("Ann")}, PolicyArn="longpolicynamebutnoarn") == (
        "ValidationError",
        "Invalid ARN:  Could not be parsed!",
        400,
    )


def test_delete_user_with_what_hangs_on_it_is_refused_until_it_is_gone(iam: Any, ann: Any, unique: Unique) -> None:
    conflict = ("DeleteConflict", "Cannot delete entity, must remove referenced objects first.", 409)
    iam.attach_user_policy(UserName=unique("Ann"), PolicyArn=SQS_FULL)
    assert refused(iam.delete_user, UserName=unique("Ann")) == conflict
    iam.detach_user_policy(UserName=unique("Ann"), PolicyArn=SQS_FULL)
    iam.put_user_policy(UserName=unique("Ann"), PolicyName="p", PolicyDocument=document())
    assert refused(iam.delete_user, UserName=unique("Ann")) == conflict
    iam.delete_user_policy(UserName=unique("Ann"), PolicyName="p")
    iam.create_group(GroupName=unique("g"))
    iam.add_user_to_group(GroupName=unique("g"), UserName=unique("Ann"))
    assert refused(iam.delete_user, UserName=unique("Ann")) == conflict
    iam.remove_user_from_group(GroupName=unique("g"), UserName=unique("Ann"))
    key = iam.create_access_key(UserName=unique("Ann"))["AccessKey"]["AccessKeyId"]
    assert refused(iam.delete_user, UserName=unique("Ann"))[1] == "Cannot delete entity, must delete access keys first."
    iam.delete_access_key(UserName=unique("Ann"), AccessKeyId=key)
    iam.delete_user(UserName=unique("Ann"))
    assert refused(iam.get_user, UserName=unique("Ann"))[0] == "NoSuchEntity"


def test_boundary_is_put_and_removed(iam: Any, ann: Any, unique: Unique) -> None:
    iam.put_user_permissions_boundary(UserName=unique("Ann"), PermissionsBoundary=SQS_FULL)
    assert iam.get_user(UserName=unique("Ann"))["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == SQS_FULL
    iam.delete_user_permissions_boundary(UserName=unique("Ann"))
    assert "PermissionsBoundary" not in iam.get_user(UserName=unique("Ann"))["User"]
    assert refused(iam.delete_user_permissions_boundary, UserName=unique("Ann"))[0] == "NoSuchEntity"


def test_tag_user_adds_replaces_and_removes(iam: Any, ann: Any, unique: Unique) -> None:
    iam.tag_user(UserName=unique("Ann"), Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.tag_user(UserName=unique("Ann"), Tags=[{"Key": "a", "Value": "3"}])
    iam.untag_user(UserName=unique("Ann"), TagKeys=["b", "c"])
    assert iam.list_user_tags(UserName=unique("Ann"))["Tags"] == [{"Key": "a", "Value": "3"}]


def test_list_users_pages_through_all_by_name(iam: Any, unique: Unique, until: Any) -> None:
    path = f"/{unique('p')}/"
    for name in ("c", "a", "b"):
        iam.create_user(UserName=unique(name), Path=path)

    def names() -> list[list[str]]:
        answers = iam.get_paginator("list_users").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
        return [[user["UserName"] for user in answer["Users"]] for answer in answers]

    until(lambda: names() == [[unique("a"), unique("b")], [unique("c")]], "the three users in the list")


@pytest.mark.parametrize("marker", ["é", "x", "9" * 5_000, "W10", "WzFd", "bnVsbA", "Ww=="])
@pytest.mark.parametrize("operation", ["list_users", "list_roles", "list_groups", "list_policies"])
def test_marker_that_no_answer_gave_is_refused(iam: Any, operation: Any, marker: Any) -> None:
    assert refused(getattr(iam, operation), Marker=marker) == ("ValidationError", "Invalid Marker.", 400)


def test_group_with_members_and_policies(iam: Any, ann: Any, account: str, unique: Unique, until: Any) -> None:
    group = iam.create_group(GroupName=unique("Devs"), Path="/x/")["Group"]
    assert group["Arn"] == f"arn:aws:iam::{account}:group/x/{unique('Devs')}"
    assert group["GroupId"].startswith("AGPA")
    iam.add_user_to_group(GroupName=unique("Devs"), UserName=unique("Ann"))
    iam.add_user_to_group(GroupName=unique("Devs"), UserName=unique("Ann"))
    iam.put_group_policy(GroupName=unique("Devs"), PolicyName="p", PolicyDocument=document())
    iam.attach_group_policy(GroupName=unique("Devs"), PolicyArn=SQS_FULL)
    got = iam.get_group(GroupName=unique("Devs"))
    assert (got["Group"], [user["UserName"] for user in got["Users"]]) == (group, [unique("Ann")])
    assert iam.list_groups_for_user(UserName=unique("Ann"))["Groups"] == [group]
    assert iam.list_group_policies(GroupName=unique("Devs"))["PolicyNames"] == ["p"]
    assert iam.get_group_policy(GroupName=unique("Devs"), PolicyName="p")["GroupName"] == unique("Devs")
    attached = iam.list_attached_group_policies(GroupName=unique("Devs"))["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [SQS_FULL]
    until(lambda: group in list(pages(iam, "list_groups", "Groups")), "the group in the list")


def test_delete_group_is_refused_until_it_is_empty(iam: Any, ann: Any, unique: Unique) -> None:
    iam.create_group(GroupName=unique("g"))
    iam.add_user_to_group(GroupName=unique("g"), UserName=unique("Ann"))
    assert (
        refused(iam.delete_group, GroupName=unique("g"))[1]
        == "Cannot delete entity, must remove users from group first."
    )
    iam.remove_user_from_group(GroupName=unique("g"), UserName=unique("Ann"))
    iam.attach_group_policy(GroupName=unique("g"), PolicyArn=SQS_FULL)
    assert (
        refused(iam.delete_group, GroupName=unique("g"))[1] == "Cannot delete entity, must detach all policies first."
    )
    iam.detach_group_policy(GroupName=unique("g"), PolicyArn=SQS_FULL)
    iam.delete_group(GroupName=unique("g"))
    assert refused(iam.get_group, GroupName=unique("g")) == (
        "NoSuchEntity",
        f"The group with name {unique('g')} cannot be found.",
        404,
    )


def test_update_group_renames(iam: Any, unique: Unique) -> None:
    iam.create_group(GroupName=unique("g"))
    iam.update_group(GroupName=unique("g"), NewGroupName=unique("h"), NewPath="/y/")
    assert iam.get_group(GroupName=unique("h"))["Group"]["Path"] == "/y/"
    assert refused(iam.create_group, GroupName=unique("h").upper())[:2] == (
        "EntityAlreadyExists",
        f"Group with name {unique('h').upper()} already exists.",
    )


def test_list_entities_for_policy_names_all_three_kinds(iam: Any, ann: Any, unique: Unique) -> None:
    own = iam.create_policy(PolicyName=unique("P"), PolicyDocument=document())["Policy"]["Arn"]
    iam.create_group(GroupName=unique("g"))
    iam.attach_user_policy(UserName=unique("Ann"), PolicyArn=own)
    iam.attach_group_policy(GroupName=unique("g"), PolicyArn=own)
    iam.create_user(UserName=unique("Bob"), PermissionsBoundary=own)
    entities = iam.list_entities_for_policy(PolicyArn=own)
    assert [user["UserName"] for user in entities["PolicyUsers"]] == [unique("Ann"), unique("Bob")]
    assert [group["GroupName"] for group in entities["PolicyGroups"]] == [unique("g")]
    bounded = iam.list_entities_for_policy(PolicyArn=own, PolicyUsageFilter="PermissionsBoundary")
    assert ([user["UserName"] for user in bounded["PolicyUsers"]], bounded["PolicyGroups"]) == ([unique("Bob")], [])
    users = iam.list_entities_for_policy(PolicyArn=own, EntityFilter="User")
    assert (len(users["PolicyUsers"]), users["PolicyGroups"]) == (2, [])
    policy = iam.get_policy(PolicyArn=own)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (2, 1)


def test_what_nobody_has_is_answered_as_for_a_user_without(iam: Any, ann: Any, unique: Unique) -> None:
    assert refused(iam.get_login_profile, UserName=unique("Ann")) == (
        "NoSuchEntity",
        f"Login Profile for User {unique('Ann')} cannot be found.",
        404,
    )
    assert iam.list_mfa_devices(UserName=unique("Ann"))["MFADevices"] == []
    assert iam.list_ssh_public_keys(UserName=unique("Ann"))["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName=unique("Ann"))["Certificates"] == []


@pytest.mark.parametrize("name", ["a b", "\x00", "é", "x/y", "<&>"])
@pytest.mark.parametrize(
    ("operation", "member"),
    [("get_user", "UserName"), ("get_role", "RoleName"), ("get_group", "GroupName"), ("delete_user", "UserName")],
)
def test_a_name_that_nobody_can_have_is_refused_readably(iam: Any, operation: Any, member: Any, name: Any) -> None:
    code, message, status = refused(getattr(iam, operation), **{member: name})
    assert (code, message.startswith("The specified value for"), status) == ("ValidationError", True, 400)
