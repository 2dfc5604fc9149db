"""Goal: a message passes every check of AWS before it is stored, and no character beyond XML 1.0 gets through."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sqs.errors import InvalidMessageContents
from onebox.services.sqs.message_validation import check_characters


def is_allowed(character: str) -> bool:
    code = ord(character)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_check_characters_refuses_exactly_what_xml_cannot_carry(text: str) -> None:
    try:
        check_characters(text)
    except InvalidMessageContents:
        assert not all(is_allowed(c) for c in text)
    else:
        assert all(is_allowed(c) for c in text)


@pytest.mark.parametrize(("character", "name"), [("\x00", "#x0"), ("\x07", "#x7"), ("\uffff", "#xFFFF")])
def test_check_characters_names_the_character_as_aws_does(character: str, name: str) -> None:
    with pytest.raises(InvalidMessageContents) as refusal:
        check_characters(f"before {character} after")
    assert refusal.value.message == (
        f"Invalid binary character '{name}' was found in the message body, the set of allowed characters is "
        "#x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]."
    )


@given(st.text(min_size=1).filter(str.isprintable))
def test_every_printable_text_is_allowed(text: str) -> None:
    """The short way round the check is no way through it."""
    assert all(is_allowed(c) for c in text)
    assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
