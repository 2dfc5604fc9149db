"""Goal: the global condition keys are those that the documentation lists, and absent where AWS leaves them out."""

from __future__ import annotations

from typing import Any

import pytest

from onebox.services.context import ANONYMOUS, Principal, RequestContext
from onebox.services.iam.request_keys import GLOBAL_CONDITION_KEYS, find_request_keys

ACCOUNT = "111111111111"
USER = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/x/Ann", "AIDA1")
ROLE = Principal(
    ACCOUNT,
    f"arn:aws:sts::{ACCOUNT}:assumed-role/R/shift",
    "AROA1:shift",
    role_name="R",
    issued_at_ms=1_700_000_000_000,
    source_identity="ann",
)


def keys_of(principal: Any, tags: Any = None, source_ip: str = "127.0.0.9", **members: Any) -> Any:
    context = RequestContext(
        account=principal.account,
        region="us-east-1",
        principal=principal,
        now_ms=1_700_000_001_000,
        request_id="r",
        endpoint_url="http://localhost",
        source_ip=source_ip,
        headers={"user-agent": "ua", "referer": "page"},
        **members,
    )
    return find_request_keys(context, f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", tags or {})


def test_all_keys_together_are_the_documented_ones() -> None:
    found = {**keys_of(USER, {"team": "a"}, called_via="cloudformation.amazonaws.com"), **keys_of(ROLE)}
    assert {key.replace("/team", "/…") for key in found} == set(GLOBAL_CONDITION_KEYS)


@pytest.mark.parametrize(
    ("principal", "kind", "present", "absent"),
    [
        (USER, "User", {"aws:username"}, {"aws:TokenIssueTime", "aws:MultiFactorAuthPresent", "aws:SourceIdentity"}),
        (ROLE, "AssumedRole", {"aws:TokenIssueTime", "aws:SourceIdentity"}, {"aws:username", "aws:CalledVia"}),
        (
            Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:federated-user/g", f"{ACCOUNT}:g"),
            "FederatedUser",
            set(),
            {"aws:username"},
        ),
        (Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT), "Account", set(), {"aws:username"}),
        (ANONYMOUS, "Anonymous", set(), {"aws:PrincipalArn", "aws:PrincipalAccount", "aws:userid"}),
    ],
)
def test_keys_of_each_kind_of_principal(principal: Any, kind: Any, present: Any, absent: Any) -> None:
    keys = keys_of(principal)
    assert keys["aws:PrincipalType"] == kind
    assert present <= keys.keys()
    assert not absent & keys.keys()


def test_user_name_is_the_name_without_its_path() -> None:
    assert keys_of(USER)["aws:username"] == "Ann"
    assert keys_of(USER)["aws:ResourceAccount"] == ACCOUNT
    assert keys_of(ROLE)["aws:TokenIssueTime"] == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(
    ("source_ip", "secure"),
    [
        ("127.0.0.1", "true"),
        ("::1", "true"),
        ("::ffff:127.0.0.1", "true"),
        ("192.168.1.5", "false"),
        ("fe80::1", "false"),
        ("::ffff:10.0.0.1", "false"),
    ],
)
def test_a_request_counts_as_encrypted_only_from_the_machine_itself(source_ip: str, secure: str) -> None:
    assert keys_of(USER, source_ip=source_ip)["aws:SecureTransport"] == secure
