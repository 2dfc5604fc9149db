"""Goal: filter policies choose messages as AWS documents, and agree with a naive model on random ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sns import filter_policy
from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.filter_policy import FilterPolicy, Verdict, parse_filter_policy
from onebox.services.sns.filter_validation import check_filter_policy
from onebox.services.sns.limits import FILTER_TESTS_MAX
from onebox.services.sns.model import Message


def message(body: Any = "{}", attributes: Any = None) -> Any:
    wire = {}
    for name, value in (attributes or {}).items():
        kind, text = "String", value
        if isinstance(value, (int, float)):
            kind, text = "Number", str(value)
        elif isinstance(value, list):
            kind, text = "String.Array", json.dumps(value)
        elif isinstance(value, bytes):
            wire[name] = {"DataType": "Binary", "BinaryValue": value}
            continue
        wire[name] = {"DataType": kind, "StringValue": text}
    return Message("id", body, {}, None, wire, len(body))


def wants(conditions: Any, value: Any) -> Any:
    """Whether the policy {"key": conditions} wants a message whose attribute ``key`` is ``value`` (None: without)."""
    policy = {"key": conditions}
    check_filter_policy(json.dumps(policy), "MessageAttributes")
    sent = message(attributes={} if value is None else {"key": value})
    return FilterPolicy(policy, "MessageAttributes").decide(sent, sent.body) is Verdict.ACCEPTED


def wants_body(policy: Any, body: Any) -> Any:
    check_filter_policy(json.dumps(policy), "MessageBody")
    text = json.dumps(body)
    return FilterPolicy(policy, "MessageBody").decide(message(text), text) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("conditions", "value", "expected"),
    [
        (["rugby", "tennis"], "tennis", True),
        (["rugby"], "Rugby", False),
        (["rugby"], None, False),
        (["rugby"], ["soccer", "rugby"], True),
        ([100], 100.0, True),
        ([100], "100", False),
        (["100"], 100, False),
        ([True], [True], True),
        ([True], [1], False),
        ([None], None, False),
        ([None], [None], True),
        ([None, {"anything-but": "x"}], None, False),
        ([{"exists": True}], "x", True),
        ([{"exists": True}], None, False),
        ([{"exists": False}], None, True),
        ([{"exists": False}], "x", False),
        ([{"prefix": "bas"}], "baseball", True),
        ([{"prefix": {"equals-ignore-case": "BAS"}}], "baseball", True),
        ([{"suffix": "ball"}], "baseball", True),
        ([{"suffix": {"equals-ignore-case": "BALL"}}], "baseball", True),
        ([{"equals-ignore-case": "TENNIS"}], "tennis", True),
        ([{"wildcard": "b*ll"}], "baseball", True),
        ([{"wildcard": r"b\*ll"}], "baseball", False),
        ([{"wildcard": r"b\*ll"}], "b*ll", True),
        ([{"cidr": "10.0.0.0/24"}], "10.0.0.255", True),
        ([{"cidr": "10.0.0.0/24"}], "10.1.1.0", False),
        ([{"cidr": "10.0.0.0/24"}], "nowhere", False),
        ([{"numeric": ["=", 301.5]}], 301.5, True),
        ([{"numeric": [">", 0, "<=", 150]}], 150, True),
        ([{"numeric": [">", 0, "<=", 150]}], 0, False),
        ([{"numeric": ["<", 10]}], "5", False),
        ([{"anything-but": ["rugby", "tennis"]}], "baseball", True),
        ([{"anything-but": "rugby"}], "rugby", False),
        ([{"anything-but": "rugby"}], None, False),
        ([{"anything-but": ["rugby"]}], ["rugby", "baseball"], True),
        ([{"anything-but": [100, 500]}], 101, True),
        ([{"anything-but": {"prefix": "order-"}}], "data-entry", True),
        ([{"anything-but": {"prefix": "order-"}}], "order-1", False),
        ([{"anything-but": {"prefix": ["ball", "rug"]}}], "rugby", False),
        ([{"prefix": "a"}, {"suffix": "z"}], "xyz", True),
    ],
)
def test_judge_attribute_condition_chooses_as_documented(conditions: Any, value: Any, expected: Any) -> None:
    assert wants(conditions, value) is expected


def test_judge_all_keys_must_fit() -> None:
    policy = FilterPolicy({"a": ["1"], "b": ["2"]}, "MessageAttributes")
    assert policy.decide(message(attributes={"a": "1", "b": "2"}), "") is Verdict.ACCEPTED
    assert policy.decide(message(attributes={"a": "1", "b": "3"}), "") is Verdict.FILTERED_OUT


def test_judge_or_needs_one_alternative_and_the_other_keys() -> None:
    policy = {"source": ["web"], "$or": [{"a": ["1"]}, {"b": [{"numeric": [">", 5]}]}]}
    check_filter_policy(json.dumps(policy), "MessageAttributes")
    compiled = FilterPolicy(policy, "MessageAttributes")
    assert compiled.decide(message(attributes={"source": "web", "b": 6}), "") is Verdict.ACCEPTED
    assert compiled.decide(message(attributes={"source": "web", "b": 5}), "") is Verdict.FILTERED_OUT
    assert compiled.decide(message(attributes={"source": "app", "a": "1"}), "") is Verdict.FILTERED_OUT


def test_judge_says_why_nothing_could_be_compared() -> None:
    policy = FilterPolicy({"a": ["1"]}, "MessageAttributes")
    assert policy.decide(message(), "") is Verdict.NO_ATTRIBUTES
    assert policy.decide(message(attributes={"a": b"1"}), "") is Verdict.NO_ATTRIBUTES
    broken = Message("id", "b", {}, None, {"a": {"DataType": "String.Array", "StringValue": "["}}, 1)
    assert policy.decide(broken, "") is Verdict.INVALID_ATTRIBUTES
    assert FilterPolicy({"a": ["1"]}, "MessageBody").decide(message("no json"), "no json") is Verdict.INVALID_BODY


@pytest.mark.parametrize(
    ("policy", "body", "expected"),
    [
        ({"a": {"b": ["x"]}}, {"a": {"b": "x"}}, True),
        ({"a": {"b": ["x"]}}, {"a": {"b": "y"}}, False),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
        ({"a": {"b": [{"exists": False}]}}, {"c": 1}, True),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 3}, {"b": 9, "c": 2}]}, False),
        ({"a": {"b": [1], "c": [2]}}, {"a": [{"b": 1, "c": 3}, {"b": 1, "c": 2}]}, True),
        ({"a": [None]}, {"a": None}, True),
        ({"a": [True]}, {"a": 1}, False),
        ({"a": ["x"]}, {"a": [["y"], ["x"]]}, True),
        ({"a": [{"numeric": [">=", 1.5]}]}, {"a": 1.5}, True),
        ({"$or": [{"a": {"b": [1]}}, {"c": [2]}]}, {"c": 2}, True),
        ({"a.b.c": ["x"]}, {"a": {"b": {"c": "x"}}}, True),
        ({"a.b.c": ["x"]}, {"a.b.c": "x"}, True),
        ({"a.b.c": ["x"]}, {"a.b": {"c": "x"}}, True),
        ({"a.b.c": ["x"]}, {"a": {"b.c": "x"}}, True),
        ({"a.b.c": ["x"]}, {"a": {"b": {"c": "y"}}, "a.b": {"c": "x"}}, True),
        ({"a.b.c": ["x"]}, {"a.b": "x"}, False),
        ({"a": {"b.c": ["x"]}}, {"a.b": {"c": "x"}}, True),
        ({"a.b": [1], "a.c": [2]}, {"a": {"b": 1}, "a.c": 2}, True),
        ({"a.b": [1], "a.c": [2]}, {"a": [{"b": 1, "c": 3}, {"b": 9, "c": 2}]}, False),
        ({"a.b": {"c": [1]}}, {"a": [{"b.c": 2}, {"b": {"c": 1}}]}, True),
        ({"a.b": [{"exists": False}]}, {"a": 1}, True),
    ],
)
def test_judge_body_policy_reads_nested_json(policy: Any, body: Any, expected: Any) -> None:
    assert wants_body(policy, body) is expected


def test_values_at_which_the_policy_does_not_look_do_not_count() -> None:
    policy = parse_filter_policy(json.dumps({name: ["x"] for name in "abcde"}), "MessageBody")
    assert policy is not None
    body = json.dumps(dict.fromkeys("abcde", "x") | {"text": "," * 50_000, "points": [1] * 50_000})
    assert policy.decide(message(), body) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("policy", "body"),
    [
        ({"a": {"b": ["x"]}}, {"a": [{}] * 5_000, "a.b": [1] * 5_000}),
        ({"a": {"b": {"c": ["x"]}}}, {"a": [{}] * 5_000, "a.b": [{}] * 5_000}),
        ({"a": {"b": {"c": ["y"]}, "z": ["x"]}}, {"a": [{}] * 5_000, "a.b": [{"c": "y"}] + [{}] * 5_000}),
        ({"a": {"b": {"c": ["x"]}}}, {"a": [{"b": [{}] * 200}] * 200, "a.b": [{}] * 200}),
        ({"a": {"$or": [{"b": [n]} for n in range(100)]}}, {"a": [{}] * 5_000, "a.b": [-1] * 5_000}),
        ({"a": ["x", {"numeric": ["=", 2]}]}, {"a": [1] * 20_001}),
    ],
)
def test_what_needs_too_many_tests_is_filtered_out_before_they_are_made(
    policy: Any, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is counted, not timed: values that are looked at."""
    looked_at = 0

    def counting(values: Any) -> Any:
        nonlocal looked_at
        flat = flatten(values)
        looked_at += len(flat)
        return flat

    flatten = filter_policy._flatten
    monkeypatch.setattr(filter_policy, "_flatten", counting)
    compiled = parse_filter_policy(json.dumps(policy), "MessageBody")
    assert compiled is not None
    assert compiled.decide(message(), json.dumps(body)) is Verdict.TOO_MANY_TESTS
    assert looked_at <= 2 * FILTER_TESTS_MAX


def test_parse_empty_policy_filters_nothing() -> None:
    assert parse_filter_policy("{}", "MessageAttributes") is None


@pytest.mark.parametrize(
    ("policy", "scope", "reason"),
    [
        ({"k": "v"}, "MessageAttributes", 'FilterPolicy: "k" must be an object or an array'),
        ({"k": []}, "MessageAttributes", "FilterPolicy: Empty arrays are not allowed"),
        (
            {str(n): ["v"] for n in range(6)},
            "MessageAttributes",
            "FilterPolicy: Filter policy can not have more than 5 keys",
        ),
        ({"k": [str(n) for n in range(151)]}, "MessageAttributes", "FilterPolicy: Filter policy is too complex"),
        (
            {"a": {"b": {"c": ["1", "2", "3", "4"]}}, "d": {"e": ["1", "2", "3"]}, "f": ["1", "2", "3"]},
            "MessageBody",
            "FilterPolicy: Filter policy is too complex",
        ),
        (
            {"a": {"b": ["c"]}},
            "MessageAttributes",
            "Filter policy scope MessageAttributes does not support nested filter policy",
        ),
        ({"k": {"suffix": "v"}}, "MessageAttributes", 'FilterPolicy: "suffix" must be an object or an array'),
        ({"k": [{"cidr": ["x"]}]}, "MessageAttributes", "FilterPolicy: prefix match pattern must be a string"),
        (
            {"k": [{"cidr": "bad-/64filter"}]},
            "MessageAttributes",
            "FilterPolicy: Malformed CIDR, mask bits must be an integer",
        ),
        (
            {"k": [{"anything-but": {"suffix": "v"}}]},
            "MessageAttributes",
            "FilterPolicy: Unsupported anything-but pattern: suffix",
        ),
        (
            {"k": [{"wildcard": "a*b*c*d*"}]},
            "MessageAttributes",
            "FilterPolicy: Too many wildcard characters in wildcard match pattern",
        ),
        (
            {"k": [{"wildcard": f"a*{n}*b"} for n in range(17)]},
            "MessageAttributes",
            "FilterPolicy: Filter policy is too complex",
        ),
        ({".".join("a" * 101): [1]}, "MessageBody", "FilterPolicy: Filter policy is too complex"),
        ({"k": [["v"]]}, "MessageAttributes", "FilterPolicy: Match value must be String, number, true, false, or null"),
        ({"k": [{"near": "x"}]}, "MessageAttributes", "FilterPolicy: Unrecognized match type near"),
        (
            {"k": [{"prefix": "a", "suffix": "b"}]},
            "MessageAttributes",
            "FilterPolicy: Only one key allowed in match expression",
        ),
        ({"k": [{"prefix": 1}]}, "MessageAttributes", "FilterPolicy: prefix match pattern must be a string"),
        (
            {"k": [{"exists": "yes"}]},
            "MessageAttributes",
            "FilterPolicy: exists match pattern must be either true or false.",
        ),
        ({"k": [{"numeric": []}]}, "MessageAttributes", "FilterPolicy: Invalid member in numeric match: ]"),
        ({"k": [{"numeric": ["!=", 1]}]}, "MessageAttributes", "FilterPolicy: Unrecognized numeric range operator: !="),
        ({"k": [{"numeric": ["=", "1"]}]}, "MessageAttributes", "FilterPolicy: Value of equals must be numeric"),
        (
            {"k": [{"numeric": ["<", 1, ">", 0]}]},
            "MessageAttributes",
            "FilterPolicy: Too many elements in numeric expression",
        ),
        ({"k": [{"numeric": [">", 1, ">", 2]}]}, "MessageAttributes", "FilterPolicy: Bad numeric range operator: >"),
        ({"k": [{"numeric": [">", 2, "<", 1]}]}, "MessageAttributes", "FilterPolicy: Bottom must be less than top"),
    ],
)
def test_check_filter_policy_invalid_is_refused_in_aws_words(policy: Any, scope: Any, reason: Any) -> None:
    with pytest.raises(InvalidParameterException) as raised:
        check_filter_policy(json.dumps(policy), scope)
    assert raised.value.message == f"Invalid parameter: {reason}"


def test_check_filter_policy_not_json_is_refused() -> None:
    with pytest.raises(InvalidParameterException, match="FilterPolicy: failed to parse JSON"):
        check_filter_policy("{invalid}", "MessageAttributes")


# The model: JSON values compared one by one, without compiling anything.

_scalars = st.sampled_from(["", "a", "b", "ab", "ba", 0, 1, 2.5, True, False, None])
_conditions = st.one_of(
    _scalars,
    st.fixed_dictionaries({"prefix": st.sampled_from(["", "a", "b"])}),
    st.fixed_dictionaries({"suffix": st.sampled_from(["", "a", "b"])}),
    st.fixed_dictionaries({"exists": st.booleans()}),
    st.fixed_dictionaries({"numeric": st.sampled_from([[">", 0], ["<=", 1], ["=", 2.5], [">=", 0, "<", 2]])}),
    st.fixed_dictionaries({"anything-but": st.lists(st.sampled_from(["a", "ab", 1]), min_size=1, max_size=2)}),
)
_lists = st.lists(_conditions, min_size=1, max_size=3)
_policies = st.recursive(
    st.dictionaries(st.sampled_from("xy"), _lists, min_size=1, max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner | _lists, min_size=1, max_size=2),
    max_leaves=4,
)
_bodies = st.dictionaries(
    st.sampled_from("xyz"),
    st.recursive(
        _scalars,
        lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=2) | st.lists(inner, max_size=2),
        max_leaves=5,
    ),
    max_size=3,
)
_MISSING = object()


def _is_number(value: Any) -> Any:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(wanted: Any, value: Any) -> Any:
    if wanted is None:
        return value is None
    if _is_number(wanted) or _is_number(value):
        return _is_number(wanted) and _is_number(value) and wanted == value
    return type(wanted) is type(value) and wanted == value


def _condition_fits(condition: Any, value: Any) -> Any:
    if not isinstance(condition, dict):
        return _same(condition, value)
    ((operator, operand),) = condition.items()
    if operator == "exists":
        return (value is not _MISSING) == operand
    if operator == "prefix":
        return isinstance(value, str) and value.startswith(operand)
    if operator == "suffix":
        return isinstance(value, str) and value.endswith(operand)
    if operator == "numeric":
        compare = {">": "__gt__", ">=": "__ge__", "<": "__lt__", "<=": "__le__", "=": "__eq__"}
        pairs = list(zip(operand[::2], operand[1::2], strict=True))
        return _is_number(value) and all(getattr(float(value), compare[name])(float(n)) for name, n in pairs)
    return value is not _MISSING and not any(_same(one, value) for one in operand)


def _leaf_values(value: Any) -> Any:
    if not isinstance(value, list):
        return [value]
    return [leaf for element in value for leaf in _leaf_values(element)]


def _model(policy: Any, target: Any) -> Any:
    for key, rule in policy.items():
        value = target.get(key, _MISSING)
        if isinstance(rule, dict):
            candidates = _leaf_values(value) if isinstance(value, list) else [value]
            if not any(_model(rule, one if isinstance(one, dict) else {}) for one in candidates):
                return False
        else:
            values = _leaf_values(value) if isinstance(value, list) else [value]
            if not any(_condition_fits(condition, one) for condition in rule for one in values or [_MISSING]):
                return False
    return True


@given(policy=_policies, body=_bodies)
def test_judge_random_body_policy_agrees_with_the_model(policy: Any, body: Any) -> None:
    text = json.dumps(body)
    verdict = FilterPolicy(policy, "MessageBody").decide(message(text), text)
    assert (verdict is Verdict.ACCEPTED) == _model(policy, body)


@given(policy=_policies)
def test_parse_random_policy_matches_some_body_or_none_without_error(policy: Any) -> None:
    compiled = parse_filter_policy(json.dumps(policy), "MessageBody")
    assert compiled is not None
    assert compiled.decide(message("[]"), "[]") is Verdict.INVALID_BODY
    assert compiled.decide(message("{}"), "{}") in (Verdict.ACCEPTED, Verdict.FILTERED_OUT)
