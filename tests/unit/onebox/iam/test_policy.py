"""Goal: the evaluator decides as AWS documents it, and agrees with a naive model of its rules on random policies."""

from __future__ import annotations

import fnmatch
import json
import re
import time
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.iam.policy import (
    Answers,
    PolicyRequest,
    PolicySet,
    account_caller,
    compile_policy,
    condition_keys,
    evaluate,
    service_caller,
)

QUEUE = "arn:aws:sqs:us-east-1:111111111111:OrderQueue"


def decide(
    statement: Any,
    action: Any = "sqs:SendMessage",
    resource: Any = QUEUE,
    caller: Any = None,
    version: Any = "2012-10-17",
    **keys: Any,
) -> Any:
    statements = statement if isinstance(statement, list) else [statement]
    document = {"Version": version, "Statement": statements}
    request = PolicyRequest(
        action, resource, caller, condition_keys({k.replace("__", ":"): v for k, v in keys.items()})
    )
    return evaluate(compile_policy(document), request)


def allow(**members: Any) -> Any:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **members}


def test_evaluate_without_statements_denies_implicitly() -> None:
    decision = decide([])
    assert not decision.allowed
    assert not decision.explicit


def test_evaluate_deny_beside_allow_denies_explicitly() -> None:
    decision = decide([allow(), allow(Effect="Deny", Action="sqs:Send*")])
    assert not decision.allowed
    assert decision.explicit


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("sqs:*", "sqs:SendMessage", True),
        ("SQS:sendmessage", "sqs:SendMessage", True),
        ("sqs:Send?essage", "sqs:SendMessage", True),
        ("sqs:Send", "sqs:SendMessage", False),
        ("sns:*", "sqs:SendMessage", False),
    ],
)
def test_evaluate_action_pattern_matches_without_case(pattern: Any, action: Any, expected: Any) -> None:
    assert decide(allow(Action=pattern), action=action).allowed is expected


def test_evaluate_not_action_allows_all_others() -> None:
    statement = {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}
    assert decide(statement).allowed
    assert not decide(statement, action="iam:CreateRole").allowed


def test_evaluate_not_resource_allows_all_others() -> None:
    statement = {"Effect": "Allow", "Action": "*", "NotResource": QUEUE}
    assert not decide(statement).allowed
    assert decide(statement, resource=QUEUE + "2").allowed


def test_evaluate_resource_is_case_sensitive() -> None:
    assert not decide(allow(Resource=QUEUE.lower())).allowed


def test_evaluate_service_principal_matches_that_service_only() -> None:
    statement = allow(Principal={"Service": "sns.amazonaws.com"})
    assert decide(statement, caller=service_caller("sns.amazonaws.com")).allowed
    assert not decide(statement, caller=service_caller("events.amazonaws.com")).allowed
    assert not decide(statement, caller=account_caller("111111111111")).allowed


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}])
def test_evaluate_star_principal_means_services_too(principal: Any) -> None:
    assert decide(allow(Principal=principal), caller=service_caller("sns.amazonaws.com")).allowed


@pytest.mark.parametrize("name", ["111111111111", "arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:role/R"])
def test_evaluate_account_principal_matches_by_each_of_its_names(name: Any) -> None:
    caller = account_caller("111111111111", "arn:aws:iam::111111111111:role/R")
    assert decide(allow(Principal={"AWS": [name]}), caller=caller).allowed
    assert not decide(allow(Principal={"AWS": [name]}), caller=account_caller("222222222222")).allowed


def test_evaluate_not_principal_excludes_the_named() -> None:
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": "111111111111"}}
    assert not decide([allow(Principal="*"), statement], caller=account_caller("222222222222")).allowed
    assert decide([allow(Principal="*"), statement], caller=account_caller("111111111111")).allowed


@pytest.mark.parametrize(
    ("operator", "wanted", "given_value", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a*", "ab", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringEqualsIgnoreCase", "ABC", "abc", True),
        ("StringLike", "a*c", "abbc", True),
        ("StringNotLike", "a*", "b", True),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericGreaterThanEquals", "10", "9.5", False),
        ("NumericNotEquals", "10", "9", True),
        ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-11-23T00:00:00Z", True),
        ("DateLessThan", "1700000000", "2026-11-23T00:00:00Z", False),
        ("Bool", "true", "True", True),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "127.0.0.1", False),
        ("NotIpAddress", "10.0.0.0/8", "127.0.0.1", True),
        ("ArnLike", "arn:aws:sns:*:*:Order*", "arn:aws:sns:us-east-1:111111111111:OrderTopic", True),
        ("ArnEquals", "arn:aws:sns:*:OrderTopic", "arn:aws:sns:us-east-1:111111111111:OrderTopic", False),
        ("ArnNotEquals", "arn:aws:sns:us-east-1:1:T", "arn:aws:sns:us-east-1:1:U", True),
    ],
)
def test_evaluate_condition_operator_compares_as_documented(
    operator: Any, wanted: Any, given_value: Any, expected: Any
) -> None:
    assert decide(allow(Condition={operator: {"aws:Key": wanted}}), aws__Key=given_value).allowed is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("NotIpAddress", True),
    ],
)
def test_evaluate_condition_without_its_key_follows_the_operator(operator: Any, expected: Any) -> None:
    assert decide(allow(Condition={operator: {"aws:Key": "a"}})).allowed is expected


def test_evaluate_null_condition_asks_for_the_key() -> None:
    absent = allow(Condition={"Null": {"aws:Key": "true"}})
    assert decide(absent).allowed
    assert not decide(absent, aws__Key="x").allowed


def test_evaluate_set_operators_quantify_over_the_requests_values() -> None:
    each = allow(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})
    some = allow(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}})
    assert decide(each, aws__TagKeys=["a", "b"]).allowed
    assert not decide(each, aws__TagKeys=["a", "c"]).allowed
    assert decide(some, aws__TagKeys=["a", "c"]).allowed
    assert not decide(some, aws__TagKeys=["c"]).allowed


def test_evaluate_variable_in_resource_takes_the_callers_value_literally() -> None:
    statement = allow(Resource="arn:aws:s3:::bucket/${aws:username}/*")
    assert decide(statement, resource="arn:aws:s3:::bucket/ann/x", aws__username="ann").allowed
    assert not decide(statement, resource="arn:aws:s3:::bucket/bob/x", aws__username="*").allowed
    assert not decide(statement, resource="arn:aws:s3:::bucket//x").allowed


def test_evaluate_variable_in_old_version_is_plain_text() -> None:
    statement = allow(Resource="arn:aws:s3:::${aws:username}")
    assert not decide(statement, resource="arn:aws:s3:::ann", version="2008-10-17", aws__username="ann").allowed


def test_evaluate_variable_with_default_and_escapes() -> None:
    statement = allow(Condition={"StringLike": {"aws:Key": "${aws:team, 'none'}-${*}"}})
    assert decide(statement, aws__Key="none-*").allowed
    assert not decide(statement, aws__Key="none-x").allowed


# The model: the same rules said once more, as simply as possible, for actions, resources and one string condition.

_words = st.sampled_from(["a", "b", "ab", "ba", "abc"])
_patterns = st.sampled_from(["a", "b", "ab", "a*", "*b", "?", "a?", "*", "abc"])
_statements = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "actions": st.lists(_patterns, min_size=1, max_size=2),
            "negate_action": st.booleans(),
            "resources": st.lists(_patterns, min_size=1, max_size=2),
            "negate_resource": st.booleans(),
            "condition": st.none()
            | st.tuples(st.sampled_from(["StringEquals", "StringNotLike", "StringLikeIfExists"]), _patterns),
        }
    ),
    max_size=4,
)


def _document(statements: Any) -> Any:
    written = []
    for index, statement in enumerate(statements):
        one = {"Sid": str(index), "Effect": statement["Effect"]}
        one["NotAction" if statement["negate_action"] else "Action"] = [f"s:{p}" for p in statement["actions"]]
        one["NotResource" if statement["negate_resource"] else "Resource"] = statement["resources"]
        if statement["condition"]:
            operator, value = statement["condition"]
            one["Condition"] = {operator: {"k:Key": value}}
        written.append(one)
    return {"Version": "2012-10-17", "Statement": written}


def _glob(pattern: Any, text: Any) -> Any:
    return re.fullmatch(fnmatch.translate(pattern), text) is not None


def _model(statements: Any, action: Any, resource: Any, key: Any) -> Any:
    outcome = "implicit"
    for statement in statements:
        fits = any(_glob(p, action) for p in statement["actions"]) != statement["negate_action"]
        fits &= any(_glob(p, resource) for p in statement["resources"]) != statement["negate_resource"]
        if statement["condition"]:
            operator, value = statement["condition"]
            if operator == "StringEquals":
                fits &= key == value
            elif operator == "StringNotLike":
                fits &= key is None or not _glob(value, key)
            else:
                fits &= key is None or _glob(value, key)
        if fits and statement["Effect"] == "Deny":
            return "explicit"
        if fits:
            outcome = "allowed"
    return outcome


def _word(decision: Any) -> Any:
    return "allowed" if decision.allowed else "explicit" if decision.explicit else "implicit"


@given(statements=_statements, action=_words, resource=_words, key=st.none() | _words)
def test_evaluate_random_policy_agrees_with_the_model(statements: Any, action: Any, resource: Any, key: Any) -> None:
    keys = condition_keys({} if key is None else {"k:Key": key})
    compiled = compile_policy(_document(statements))
    expected = _model(statements, action, resource, key)
    assert _word(evaluate(compiled, PolicyRequest(f"s:{action}", resource, None, keys))) == expected


@given(statements=_statements, questions=st.lists(st.tuples(_words, _words, st.none() | _words), max_size=12))
def test_policy_set_asked_repeatedly_answers_as_evaluate(statements: Any, questions: Any) -> None:
    compiled = compile_policy(json.dumps(_document(statements)))
    policies = PolicySet(compiled)
    for action, resource, key in questions:
        find_keys = partial(condition_keys, {} if key is None else {"k:Key": key})
        request = PolicyRequest(f"s:{action}", resource, None, find_keys())
        assert policies.decide(f"s:{action}", resource, find_keys) == evaluate(compiled, request)


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("arn:aws:sns:*:${aws:PrincipalAccount}:T", "arn:aws:sns:us-east-1:111111111111:T", True),
        ("arn:aws:sns:*:${aws:PrincipalAccount}:T", "arn:aws:sns:us-east-1:222222222222:T", False),
        # A star must not swallow the account and a forged one behind it.
        ("arn:aws:sns:*:${aws:PrincipalAccount}:T", "arn:aws:sns:us-east-1:999999999999:x:111111111111:T", False),
        ("arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::ann/a:b/c", True),
        ("${aws:PrincipalArn}", "arn:aws:iam::111111111111:user/ann", True),
        ("arn:*", "arn:aws:iam::111111111111:user/ann", False),
        ("*", "anything", True),
    ],
)
def test_arn_like_wildcards_never_cross_a_colon_with_variables_either(pattern: Any, value: Any, expected: Any) -> None:
    statement = allow(Condition={"ArnLike": {"aws:SourceArn": pattern}})
    keys = {
        "aws:PrincipalAccount": "111111111111",
        "aws:username": "ann",
        "aws:PrincipalArn": "arn:aws:iam::111111111111:user/ann",
        "aws:SourceArn": value,
    }
    question = PolicyRequest("sqs:SendMessage", QUEUE, None, condition_keys(keys))
    document = {"Version": "2012-10-17", "Statement": [statement]}
    assert evaluate(compile_policy(document), question).allowed is expected


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({"StringEquals": {"aws:Key": "a"}}, False),
        ({"StringNotEquals": {"aws:Key": "a"}}, True),
        ({"StringEqualsIfExists": {"aws:Key": "a"}}, True),
        ({"StringNotLikeIfExists": {"aws:Key": "a"}}, True),
        ({"Bool": {"aws:Key": "false"}}, False),
        ({"BoolIfExists": {"aws:Key": "false"}}, True),
        ({"Null": {"aws:Key": True}}, True),
        ({"Null": {"aws:Key": "False"}}, False),
        ({"ForAllValues:StringNotEquals": {"aws:Key": "a"}}, True),
        ({"ForAnyValue:StringNotEquals": {"aws:Key": "a"}}, False),
        ({"ForAnyValue:StringLikeIfExists": {"aws:Key": "a"}}, True),
        ({"ArnNotLike": {"aws:Key": "arn:aws:iam::1:user/x"}}, True),
        ({"NumericGreaterThan": {"aws:Key": "1"}}, False),
        ({"NotIpAddress": {"aws:Key": "10.0.0.0/8"}}, True),
    ],
)
def test_deny_on_an_absent_key_counts_as_in_aws(condition: Any, denied: Any) -> None:
    decision = decide([allow(), allow(Effect="Deny", Condition=condition)])
    assert decision.explicit is denied


def hostile_patterns() -> Any:
    return [
        "arn:aws:sqs:*:*:" + "*a" * 20 + "b",
        "arn:aws:sqs:" + "*" * 1_000 + "b",
        "arn:aws:sqs:" + "*a?" * 1_000 + "b",
        "arn:aws:sqs:*:*:" + "?" * 2_000,
        "${" * 3_000,
        "${aws:x}*a" * 300 + "b",
    ]


@pytest.mark.parametrize("pattern", hostile_patterns(), ids=lambda text: text[:24])
def test_no_pattern_delays_a_decision(pattern: Any) -> None:
    resource = "arn:aws:sqs:us-east-1:111111111111:" + "a" * 2_000
    statements = [
        allow(Resource=pattern),
        allow(Condition={"ArnLike": {"aws:Key": pattern}}),
        allow(Condition={"StringLike": {"aws:Key": pattern}}),
    ]
    started = time.process_time()
    decision = decide(statements, resource=resource, aws__Key=resource, aws__x="a")
    assert time.process_time() - started < 0.1
    assert not decision.explicit


def test_huge_resources_are_judged_and_not_remembered() -> None:
    answers = Answers()
    policies = PolicySet(compile_policy({"Version": "2012-10-17", "Statement": [allow(Resource="q*")]}), (), answers)
    for number in range(3):
        assert policies.decide("sqs:SendMessage", f"q{number}" * 10_000, dict).allowed
    assert len(answers) == 0
    assert policies.decide("sqs:SendMessage", "q", dict).allowed
    assert len(answers) == 1
