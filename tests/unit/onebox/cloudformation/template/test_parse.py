"""Goal: template text becomes plain values as AWS reads them, and garbage a ValidationError, never anything else."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import ValidationError
from onebox.services.cloudformation.template.parse import parse_template_text


def test_short_tags_become_functions() -> None:
    text = """
    A: !Ref X
    B: !GetAtt [Q, Arn]
    C: !Sub ["${v}", {v: !Ref X}]
    D: !If [IsProd, 1, !Ref "AWS::NoValue"]
    E: !Condition IsProd
    F: !Join
      - ","
      - [a, !ImportValue b]
    """
    assert parse_template_text(text) == {
        "A": {"Ref": "X"},
        "B": {"Fn::GetAtt": ["Q", "Arn"]},
        "C": {"Fn::Sub": ["${v}", {"v": {"Ref": "X"}}]},
        "D": {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]},
        "E": {"Condition": "IsProd"},
        "F": {"Fn::Join": [",", ["a", {"Fn::ImportValue": "b"}]]},
    }


def test_dates_stay_text_and_keys_become_text() -> None:
    assert parse_template_text("Version: 2012-10-17\n404: {true: yes}\nlater: 2026-01-01 10:00:00") == {
        "Version": "2012-10-17",
        "404": {"true": True},
        "later": "2026-01-01 10:00:00",
    }


def test_scalars_follow_yaml_but_quotes_make_text() -> None:
    assert parse_template_text('a: 010\nb: "010"\nc: 1.5\nd: "yes"\ne: !!str 5\nf: 0o7') == {
        "a": 8,
        "b": "010",
        "c": 1.5,
        "d": "yes",
        "e": "5",
        "f": "0o7",
    }


@pytest.mark.parametrize("text", ["a: 1\na: 2", '{"a": 1, "a": 2}'])
def test_of_a_repeated_key_the_last_counts(text: str) -> None:
    assert parse_template_text(text) == {"a": 2}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Template format error: unsupported structure."),
        ("just text", "Template format error: unsupported structure."),
        ("- a", "Template format error: unsupported structure."),
        ("a: [1", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("a: !Nonsense b", "Template format error: YAML not well-formed. (line 1, column 4)"),
        ("? [a]\n: b", "Template format error: YAML not well-formed. (line 1, column 3)"),
        ("a: 1\n---\nb: 2", "Template format error: YAML not well-formed. (line 2, column 1)"),
        ("a: !!int x", "Template format error: YAML not well-formed."),
        ("a: !!bool x", "Template format error: YAML not well-formed."),
        ('{"a": }', "Template format error: JSON not well-formed. (line 1, column 7)"),
        ('{"a": NaN}', "Template format error: JSON not well-formed."),
        ('{"a": ' + "9" * 5_000 + "}", "Template format error: JSON not well-formed."),
        ("a: &x 1\nb: *x", "Template error: YAML aliases are not allowed in CloudFormation templates"),
        ("a:\n  b:", "Template format error: [/a/b] 'null' values are not allowed in templates"),
        ('{"a": [1, null]}', "Template format error: [/a/1] 'null' values are not allowed in templates"),
    ],
)
def test_what_is_no_template_is_refused_in_aws_words(text: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_template_text(text)
    assert caught.value.message == words


@pytest.mark.parametrize(
    "text", ["[" * 50_000, '{"a":' * 50_000, "- " * 20_000 + "a", '{"a":' * 300 + "1" + "}" * 300, "a: {b: " * 5_000]
)
def test_nesting_without_end_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        parse_template_text(text)


@given(st.text(max_size=60))
def test_any_text_gives_a_mapping_or_a_validation_error(text: str) -> None:
    with contextlib.suppress(ValidationError):
        assert isinstance(parse_template_text(text), dict)


_PLAIN = st.recursive(
    st.text(max_size=10) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), _PLAIN, max_size=5))
def test_json_templates_come_back_as_they_were(value: dict[str, object]) -> None:
    assert parse_template_text(json.dumps(value)) == value
