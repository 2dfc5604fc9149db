"""Goal: policy documents that AWS refuses are refused in its words, and what is accepted can be evaluated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.iam.aws_policies import find_aws_policy_version, list_aws_policies
from onebox.services.iam.errors import MalformedPolicyDocumentException
from onebox.services.iam.policy import PolicyRequest, compile_policy, evaluate
from onebox.services.iam.policy_grammar import check_identity_policy, check_trust_policy


def document(**statement: Any) -> Any:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def refusal(check: Any, text: Any) -> Any:
    with pytest.raises(MalformedPolicyDocumentException) as raised:
        check(text)
    return raised.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Syntax errors in policy."),
        ("[]", "Syntax errors in policy."),
        (json.dumps({"Version": "2099-01-01", "Statement": []}), "Syntax errors in policy."),
        (document(Resource="*"), "Policy statement must contain actions."),
        (document(Action="sqs:*"), "Policy statement must contain resources."),
        (
            document(Action="SendMessage", Resource="*"),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (
            document(Action="sqs:*", Resource="OrderQueue"),
            'Resource OrderQueue must be in ARN format or "*".',
        ),
        (
            document(Action="sqs:*", Resource="*", Principal="*"),
            "Policy document should not specify a principal.",
        ),
        (document(Action="sqs:*", Resource="*", Condition={"NoSuch": {"a": "b"}}), "Syntax errors in policy."),
        (
            document(Action="sqs:*", Resource="*", Sid="a b"),
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
            " [0-9A-Za-z]*",
        ),
    ],
)
def test_check_identity_policy_malformed_is_refused_in_aws_words(text: Any, message: Any) -> None:
    assert refusal(check_identity_policy, text) == message


def test_check_identity_policy_same_sid_twice_is_refused() -> None:
    statement = {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement, statement]})
    assert refusal(check_identity_policy, text) == "Statement IDs (SID) in a single policy must be unique."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "This policy contains invalid Json"),
        (document(Action="sts:AssumeRole"), "Missing required field Principal"),
        (
            document(Action="sts:AssumeRole", Principal="*", Resource="*"),
            "Has prohibited field Resource",
        ),
        (
            document(Action="sqs:*", Principal="*"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            document(Action="sts:AssumeRole", Principal={"AWS": "nobody"}),
            'Invalid principal in policy: "AWS":"nobody"',
        ),
    ],
)
def test_check_trust_policy_malformed_is_refused_in_aws_words(text: Any, message: Any) -> None:
    assert refusal(check_trust_policy, text) == message


@pytest.mark.parametrize("policy", list_aws_policies(), ids=lambda policy: policy.name)
def test_aws_managed_policy_passes_the_validation_and_compiles(policy: Any) -> None:
    version = find_aws_policy_version(policy.arn)
    assert version is not None
    check_identity_policy(version.document)
    assert compile_policy(version.document)


_leaves = st.sampled_from(["sqs:*", "*", "arn:aws:sqs:*:*:*", "Allow", "${aws:x}", "10.0.0.0/8", "2026-01-01", 5, True])
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_leaves.map(str), inner, max_size=2)
)
_members = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": _values,
        "NotAction": _values,
        "Resource": _values,
        "Sid": st.sampled_from(["A", "", 1]),
        "Condition": st.dictionaries(
            st.sampled_from(["StringLike", "IpAddress", "DateLessThan", "Null", "Bool", "Odd"]),
            st.dictionaries(st.just("aws:k"), _values, max_size=1),
            max_size=2,
        ),
    },
)


@given(statement=_members, value=st.sampled_from(["10.0.0.1", "2026-01-01T00:00:00Z", "true"]))
def test_check_identity_policy_accepted_document_evaluates_without_error(statement: Any, value: Any) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    try:
        check_identity_policy(text)
    except MalformedPolicyDocumentException:
        return
    request = PolicyRequest("sqs:SendMessage", "arn:aws:sqs:us-east-1:1:q", None, {"aws:k": (value,)})
    decision = evaluate(compile_policy(text), request)
    assert not (decision.allowed and decision.explicit)
