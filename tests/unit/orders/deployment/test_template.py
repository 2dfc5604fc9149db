"""Goal: a wrong parameter is answered with the right ones, whatever the template and whatever was typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.deployment.stack import TEMPLATE_BODY_BYTES_MAX, load_template
from orders.deployment.template import check_given, describe, read_parameters
from orders.errors import OperatorError

PARAMETERS = read_parameters(load_template())


def test_the_packaged_template_s_parameters_are_read_with_their_defaults() -> None:
    assert PARAMETERS["MemorySize"].default == "512"
    assert PARAMETERS["MemorySize"].is_number
    assert "python3.13" in PARAMETERS["Runtime"].allowed
    assert "MemorySize" in describe(PARAMETERS)
    assert all(one.default is not None for one in PARAMETERS.values()), "sam deploy asks for none"


def test_template_fits_into_a_request() -> None:
    """So `aws cloudformation deploy` needs no bucket."""
    assert len(load_template().encode()) <= TEMPLATE_BODY_BYTES_MAX


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Foo", "1", "no parameter Foo"),
        ("memorysize", "1", "did you mean MemorySize?"),
        ("MemorySze", "256", "did you mean MemorySize?"),
        ("MemorySize", "many", "expected a number"),
        ("MemorySize", "64", "at least 128"),
        ("MemorySize", "99999", "at most 10240"),
        ("Runtime", "python3.12x", "did you mean python3.12?"),
        ("Alias", "dead", "expected one of live, none"),
    ],
)
def test_what_the_template_does_not_take_is_refused_in_words(name: str, value: str, told: str) -> None:
    with pytest.raises(OperatorError) as refused:
        check_given(PARAMETERS, {name: value})
    assert told in refused.value.reason
    assert refused.value.advice


def test_a_wrong_name_lists_every_parameter_with_its_default() -> None:
    with pytest.raises(OperatorError) as refused:
        check_given(PARAMETERS, {"Foo": "1"})
    lines = refused.value.advice.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(PARAMETERS)
    assert any(line.split()[:2] == ["MemorySize", "512"] for line in lines)


@given(st.dictionaries(st.text(max_size=40), st.text(max_size=40), min_size=1, max_size=3))
def test_whatever_is_typed_is_taken_or_refused_in_words(given_: dict[str, str]) -> None:
    unknown = [name for name in given_ if name not in PARAMETERS]
    if not unknown:
        return
    with pytest.raises(OperatorError) as refused:
        check_given(PARAMETERS, given_)
    assert len(refused.value.reason) < 1_200


@pytest.mark.parametrize("text", ["[", "a: [", "- 1", "5", "Parameters: 5", "\x00", "{" * 5_000])
def test_what_is_no_template_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="template"):
        read_parameters(text)


def test_a_json_template_and_one_with_short_forms_are_read() -> None:
    assert list(read_parameters('{"Parameters": {"A": {"Type": "String"}}}')) == ["A"]
    assert list(read_parameters("Parameters:\n  A: {Type: String}\nResources:\n  Q: !Sub [a, {b: !Ref A}]")) == ["A"]
