"""Goal: digests of message attributes are AWS's to the byte, and bad attributes are refused in AWS's words.

The digests were recorded from AWS (public snapshots of LocalStack's parity tests).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sqs import message_attributes
from onebox.services.sqs.errors import InvalidParameterValue, UnsupportedOperation
from onebox.services.sqs.message_attributes import NameFilter


def text(value: str, data_type: str = "String") -> dict[str, object]:
    return {"DataType": data_type, "StringValue": value}


THREE = {"Help.Me": text("Me"), "Hello": text("There"), "General": text("Kenobi")}


def test_digest_of_several_strings_is_that_of_aws() -> None:
    assert message_attributes.digest(THREE) == "4c360f3fdafd970e05fae2f149d997f5"


def test_digest_of_a_subset_is_that_of_aws() -> None:
    assert message_attributes.digest({"Hello": text("There")}) == "a311262e065454b75da111d535b8dacd"


def test_digest_of_a_binary_value_is_that_of_aws() -> None:
    value = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01"
    attributes = {"attr1": {"DataType": "Binary", "BinaryValue": value}}
    assert message_attributes.digest(attributes) == "8cbe4db156db8a94db8b801b7addb984"


def test_digest_of_a_custom_number_type_is_that_of_aws() -> None:
    attributes = {"UserId": text("1234567890123456789012", "Number.bigint")}
    assert message_attributes.digest(attributes) == "797ab158d73dcb5242dedc4412c8e855"


@given(
    st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True),
        st.one_of(
            st.builds(text, st.text(min_size=1, max_size=40).filter(lambda t: t.isprintable())),
            st.builds(lambda b: {"DataType": "Binary.png", "BinaryValue": b}, st.binary(min_size=1, max_size=40)),
        ),
        max_size=10,
    )
)
def test_attributes_stored_and_read_are_the_same(attributes: dict[str, dict[str, object]]) -> None:
    message_attributes.check_attributes(attributes)
    stored = message_attributes.format_attributes(attributes)
    assert message_attributes.read_attributes(stored) == attributes


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("a", text(""), "Message (user) attribute 'a' must contain a non-empty value of type 'String'."),
        ("a", {}, "The message (user) attribute 'a' must contain a non-empty message attribute value."),
        ("a", {"StringValue": "x"}, "must contain a non-empty message attribute type."),
        ("a", text("x", "Text"), "You must use only the following supported type prefixes: Binary, Number, String."),
        ("a", text("x", "Strings"), "supported type prefixes"),
        ("a", text("x", "String." + "y" * 250), "Message (user) attribute type must be shorter than 256 bytes."),
        ("a", text("one", "Number"), "Can't cast the value of message (user) attribute 'a' to a number."),
        ("a", text("0x10", "Number"), "to a number."),
        ("a", text("x", "Binary"), "with type 'Binary' must use field 'Binary'."),
        ("a", {"DataType": "String", "BinaryValue": b"x"}, "with type 'String' must use field 'String'."),
        ("", text("x"), "The request must contain non-empty message (user) attribute names."),
        ("n" * 257, text("x"), "Message (user) attribute name must be shorter than 256 bytes."),
        ("aws.x", text("x"), "You can't use message attribute names beginning with 'AWS.' or 'Amazon'."),
        ("Amazon.x", text("x"), "These strings are reserved for internal use."),
        (".a", text("x"), "must not begin with character '.'."),
        ("a.", text("x"), "must not end with character '.'."),
        ("a..b", text("x"), "must not have successive '.' characters."),
        ("a b", text("x"), "Invalid character in message (user) attribute name"),
    ],
)
def test_check_attributes_of_a_bad_attribute_is_refused(name: str, value: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        message_attributes.check_attributes({name: value})
    assert sentence in refusal.value.message


def test_check_attributes_of_eleven_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match=r"\[11\] exceeds the allowed maximum \[10\]"):
        message_attributes.check_attributes({f"a{n}": text("x") for n in range(11)})


def test_check_attributes_of_a_list_value_is_unsupported() -> None:
    with pytest.raises(UnsupportedOperation):
        message_attributes.check_attributes({"a": {"DataType": "StringList", "StringListValues": ["x"]}})


def test_check_attributes_counts_names_types_and_values_in_bytes() -> None:
    assert message_attributes.check_attributes({"ab": text("é")}) == 2 + len("String") + 2


@pytest.mark.parametrize("number", ["0", "-1", "+1.5", ".5", "1.", "1e10", "123456789012345678901234567890"])
def test_check_attributes_of_a_number_is_accepted(number: str) -> None:
    assert message_attributes.check_attributes({"a": text(number, "Number")}) > 0


@pytest.mark.parametrize(
    ("names", "picked"),
    [
        (["Hello"], {"Hello"}),
        (["Hel.*"], {"Hello", "Help.Me"}),
        (["Hello", "Foo"], {"Hello"}),
        (["Foo"], set()),
        (["hello"], set()),
    ],
)
def test_name_filter_picks_what_aws_picks(names: list[str], picked: set[str]) -> None:
    assert NameFilter(names).pick(THREE).keys() == picked


@pytest.mark.parametrize("names", [["All"], [".*"], ["Hello", "All"]])
def test_name_filter_of_all_takes_all(names: list[str]) -> None:
    assert NameFilter(names).takes_all


def test_check_system_attributes_of_another_name_is_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="Message system attribute name 'Hello' is invalid"):
        message_attributes.check_system_attributes({"Hello": text("x")})
