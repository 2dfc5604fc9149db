"""Goal: numbers are exact, canonical, ordered by their encoding and refused beyond DynamoDB's limits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onebox.errors import ValidationException
from onebox.services.dynamodb.values.numbers import (
    add_numbers,
    canonical_number,
    encode_number,
    measure_number,
    measure_numbers,
    subtract_numbers,
)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Any valid number, written in any way."""
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    point = draw(st.integers(0, len(digits)))
    exponent = draw(st.integers(-85, 80))
    sign = draw(st.sampled_from(["", "-", "+"]))
    text = f"{sign}{digits[:point]}.{digits[point:]}" if point < len(digits) else f"{sign}{digits}"
    return f"{text}e{exponent}" if exponent or draw(st.booleans()) else text


@given(numbers())
def test_canonical_number_any_text_keeps_the_value_in_plain_digits(text: str) -> None:
    canonical = canonical_number(text)
    assert Decimal(canonical) == Decimal(text)
    assert set(canonical) <= set("0123456789.-")
    assert canonical_number(canonical) == canonical


@given(numbers() | st.from_regex(r"-?[0-9]{0,3}0{0,36}(\.0{0,36}[0-9]{0,3})?", fullmatch=True))
def test_measure_number_canonical_text_has_the_size_of_any_other_text_of_the_number(text: str) -> None:
    try:
        canonical, size = measure_number(text)
    except ValidationException:
        return
    assert measure_number(canonical) == (canonical, size)
    assert measure_number(f"{canonical}e0") == (canonical, size)


written = st.one_of(
    numbers(),
    st.integers(-(10**40), 10**40).map(str),
    st.decimals(-(10**9), 10**9, allow_nan=False, places=3).map(str),
    st.from_regex(r"-?[0-9]{0,3}0{0,36}(\.0{0,36}[0-9]{0,3})?", fullmatch=True),
    st.text("0123456789+-.eE,_ n٣", max_size=6),
)


def outcome(measure: Callable[[], object]) -> object:
    try:
        return measure()
    except ValidationException as error:
        return error.message


@given(st.lists(written, max_size=6))
@example(["1,2"])
@example(["0", "-0", "0e99999999999999999999", "-0.0", "1e125", "9e-130", "1." + "0" * 60])
@example(["1", "x", "1e126"])
def test_measure_numbers_of_many_as_one_by_one(texts: list[str]) -> None:
    def one_by_one() -> object:
        measured = [measure_number(text) for text in texts]
        return [text for text, _ in measured], sum(size for _, size in measured)

    assert outcome(lambda: measure_numbers(texts)) == outcome(one_by_one)


@given(numbers(), numbers())
def test_encode_number_any_two_has_the_order_of_the_values(left: str, right: str) -> None:
    one, two = Decimal(left), Decimal(right)
    assert (encode_number(left) < encode_number(right)) == (one < two)
    assert (encode_number(left) == encode_number(right)) == (one == two)
    assert (canonical_number(left) == canonical_number(right)) == (one == two)


@given(numbers(), numbers())
def test_sum_any_two_is_exact_or_refused(left: str, right: str) -> None:
    exact = Context(prec=600)
    for operation, expected in (
        (add_numbers, exact.add(Decimal(left), Decimal(right))),
        (subtract_numbers, exact.subtract(Decimal(left), Decimal(right))),
    ):
        digits = str(expected.normalize(exact).as_tuple().digits)
        try:
            assert Decimal(operation(canonical_number(left), canonical_number(right))) == expected
        except ValidationException:
            assert len(expected.normalize(exact).as_tuple().digits) > 38 or expected.adjusted() < -130, digits


@pytest.mark.parametrize(
    ("text", "canonical", "size_bytes"),
    [
        ("0", "0", 1),
        ("-0", "0", 1),
        ("0e1000", "0", 1),
        ("1", "1", 2),
        ("-1", "-1", 3),
        ("0042.1200", "42.12", 3),
        ("3.14159", "3.14159", 5),
        ("123456", "123456", 4),
        ("1.5E2", "150", 2),
        ("1E125", "1" + "0" * 125, 2),
        ("-17.4E37", "-174" + "0" * 36, 4),
        (".5", "0.5", 2),
        ("1E-130", "0." + "0" * 129 + "1", 2),
    ],
)
def test_measure_number_known_text_gives_canonical_text_and_size(text: str, canonical: str, size_bytes: int) -> None:
    assert measure_number(text) == (canonical, size_bytes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be converted to a numeric value"),
        (".", "cannot be converted to a numeric value: ."),
        ("NaN", "cannot be converted to a numeric value: NaN"),
        ("Infinity", "cannot be converted to a numeric value"),
        (" 1", "cannot be converted to a numeric value"),
        ("1 ", "cannot be converted to a numeric value"),
        ("1_000", "cannot be converted to a numeric value"),
        ("٣", "cannot be converted to a numeric value"),
        ("0x1", "cannot be converted to a numeric value"),
        ("1e126", "Number overflow"),
        ("1e99999999999999999", "Number overflow"),
        ("-1e126", "Number overflow"),
        ("1e-131", "Number underflow"),
        ("0.9e-130", "Number underflow"),
        ("1e-99999999999999999", "Number underflow"),
        ("1" * 39, "more than 38 significant digits"),
        ("3.14159265358979323846264338327950288419", "more than 38 significant digits"),
    ],
)
def test_measure_number_invalid_text_is_refused_in_aws_words(text: str, words: str) -> None:
    with pytest.raises(ValidationException, match=words):
        measure_number(text)


def test_sum_too_precise_is_called_an_overflow() -> None:
    with pytest.raises(ValidationException, match="Number overflow"):
        add_numbers("1" + "0" * 50, "1")
