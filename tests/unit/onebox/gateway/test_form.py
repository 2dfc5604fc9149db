"""Goal: form bodies decode as the standard library decodes them, whatever the bytes, and never fail otherwise than
with ValueError."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onebox.gateway.protocols.form import Tree, parse_form, unquote_form


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: "." not in key), st.text()))
def test_parse_form_what_urlencode_wrote_comes_back(pairs: dict[str, str]) -> None:
    assert parse_form(urlencode(pairs).encode()) == pairs


@given(st.text(alphabet="%=+&4afé1 \r\nZ"))
@example("%")
@example("%\n41")
@example("%%41")
@example("a=b=%3D")
@example("%4")
@example("%41%")
@example("%3D%")
@example("%3D%4")
@example("%3D%41=")
@example("%%\n")
def test_unquote_form_any_text_equals_the_standard_librarys(text: str) -> None:
    raw = text.encode()
    try:
        expected = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="utf-8"):
            unquote_form(raw)
    else:
        assert unquote_form(raw) == expected


@given(st.binary())
def test_parse_form_any_bytes_give_a_tree_or_value_error(body: bytes) -> None:
    try:
        tree = parse_form(body)
    except ValueError:
        return
    assert type(tree) is dict


def test_parse_form_dotted_keys_become_a_tree() -> None:
    tree = parse_form(b"A=1&L.member.1.N=x&L.member.2.N=y")

    assert tree == {"A": "1", "L": {"member": {"1": {"N": "x"}, "2": {"N": "y"}}}}


@given(st.lists(st.tuples(st.text(alphabet=".AB", min_size=1, max_size=6), st.sampled_from("12"))))
@example([("A.B", "1"), ("A", "2"), ("A.B", "1")])
@example([("A.B.A", "1"), ("A.B", "2"), ("A.B.B", "1")])
@example([(".A", "1"), ("A", "2")])
def test_parse_form_gives_what_inserting_pair_by_pair_gives(pairs: list[tuple[str, str]]) -> None:
    tree: Tree = {}
    for key, value in pairs:
        *levels, name = key.split(".")
        node = tree
        for level in levels:
            if not isinstance(node.get(level), dict):
                node[level] = {}
            node = node[level]
        node[name] = value
    assert parse_form("&".join(f"{key}={value}" for key, value in pairs).encode()) == tree


def test_parse_form_key_of_a_hundred_thousand_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="levels"):
        parse_form(b"A." * 100_000 + b"A=1")
