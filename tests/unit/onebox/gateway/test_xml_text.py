"""Goal: whatever stands in a text, an XML parser reads it again, and however long it is, the steps are few."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.protocols.xml_text import escape, escape_message

READABLE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn"), include_characters="\t\n\r&<>\"'"))


@given(READABLE)
def test_escaped_text_is_read_as_it_was(text: str) -> None:
    root = ElementTree.fromstring(f'<a b="{escape(text)}">{escape(text)}</a>')
    assert (root.text or "") == text
    assert root.get("b") == text.replace("\n", " ").replace("\t", " ")  # as every parser reads attributes


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a&amp;<b>\"'", "a&amp;amp;&lt;b&gt;&quot;'"),
        ("\r\n\t\x00\x1f", "&#xd;\n\t&#x0;&#x1f;"),
        ("\ufffe\uffff\ufffd", "&#xfffe;&#xffff;\ufffd"),
        ("&#x1;\x01", "&amp;#x1;&#x1;"),
    ],
)
def test_escape_what_xml_lacks_becomes_a_reference(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_escape_message_what_xml_lacks_is_replaced() -> None:
    assert escape_message("\x00<\uffff") == "\ufffd&lt;\ufffd"


@pytest.mark.parametrize("character", ["&", '"', "\x01", "\x01\x02\x1f\x0b\r&<>"])
def test_escape_does_the_same_few_steps_for_a_megabyte_of_special_characters(character: str) -> None:
    """A call for each of them took 180 to 500 ms."""
    assert _calls(lambda: escape(character * 100_000)) == _calls(lambda: escape(character))


def _calls(work: Callable[[], object]) -> int:
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count
