"""Goal: an entry survives its line whatever was changed, lines are bounded, and any line from outside can be read."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.audit.entries import (
    DONE,
    FAILED,
    LINE_MAX,
    STARTED,
    VALUE_MAX,
    Entry,
    decode,
    encode,
    find_changes,
    matches,
    merge,
)

ADA = "arn:aws:sts::000000000000:assumed-role/Admin/ada"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=50),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=10,
)


def entry(**changed: Any) -> Entry:
    made = Entry(1_000, "id-1", ADA, "command", "deploy", "orders", {"a": 1}, {"a": 2}, DONE)
    return made._replace(**changed)


@given(values, values, st.text(st.characters(), max_size=200))
def test_an_entry_is_read_back_as_it_was(before: Any, after: Any, target: str) -> None:
    one = entry(before=before or {"x": 0}, after=after or {"x": 0}, target=target)
    assert decode(encode(one), one.at_ms) == one


@given(st.integers(0, 100_000), st.sampled_from(["x", "\x00", "\U0001f600"]))
def test_a_line_is_bounded_and_says_how_much_was_left_out(length: int, character: str) -> None:
    text = character * length
    names = dict.fromkeys(("who", "target", "source", "action", "reason"), text)
    line = encode(entry(before=text, after={"body": text}, **names))
    assert len(line) <= LINE_MAX
    assert line.isascii()
    read = decode(line, 1_000)
    assert read is not None
    whole = json.dumps(text)
    assert read.before == (text if len(whole) <= VALUE_MAX else {"beginning": whole[:1_000], "characters": len(whole)})


@given(
    st.text(max_size=300)
    | values.map(json.dumps)
    | st.dictionaries(
        st.sampled_from(["id", "who", "from", "action", "target", "result", "reason"]), values, max_size=7
    ).map(json.dumps)
)
def test_any_line_is_an_entry_or_none(text: str) -> None:
    found = decode(text, 5)
    assert found is None or (found.id and found.result in ("started", "done", "failed"))


def test_a_line_of_brackets_or_of_a_megabyte_is_no_entry() -> None:
    assert decode("[" * 500_000, 1) is None
    assert decode(" " * 2_000_000 + encode(entry()), 1) is None


def test_start_and_end_of_a_change_are_one_entry() -> None:
    start = entry(result=STARTED, at_ms=10, after={"a": 2})
    end = entry(result=FAILED, at_ms=90, before=None, after=None, reason="no")
    other = entry(id="id-2", at_ms=50)
    expected = [entry(result=FAILED, at_ms=10, reason="no"), other]
    assert merge([start, other, end]) == expected
    assert merge([end, other, start]) == expected


def test_a_change_that_was_killed_stays_started() -> None:
    assert merge([entry(result=STARTED)]) == [entry(result=STARTED)]


def test_only_what_differs_between_two_orders_is_kept() -> None:
    before, after = '{"orderId": "1", "total": 1.10, "old": null}', '{"orderId": "1", "total": 1.2, "new": [1]}'
    old, new = find_changes(before, after)
    assert (json.loads(json.dumps(old, default=str)), json.loads(json.dumps(new, default=str))) == (
        {"total": "1.10", "old": "(personal)"},
        {"total": "1.2", "new": "(personal)"},
    )
    assert find_changes("{", '{"orderId": "1"}') == ({"characters": 1}, {"orderId": "1"})


def test_who_is_found_by_any_part_in_any_case() -> None:
    assert matches(entry(), None, "ADA")
    assert not matches(entry(), None, "bob")
    assert not matches(entry(), "destroy", "ada")
