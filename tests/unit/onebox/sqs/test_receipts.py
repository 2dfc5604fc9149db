"""Goal: a receipt handle is read back exactly, and nothing else passes for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.sqs.receipts import Receipt, format_receipt, parse_receipt

IDS = st.integers(0, 2**63 - 1)


@given(IDS, IDS, st.integers(1, 2**32 - 1))
def test_parse_receipt_of_an_issued_handle_gives_its_parts(queue_id: int, row_id: int, receive_count: int) -> None:
    handle = format_receipt(Receipt(queue_id, row_id, receive_count))
    assert parse_receipt(handle) == Receipt(queue_id, row_id, receive_count)


@given(st.text())
def test_parse_receipt_of_any_text_gives_none(text: str) -> None:
    assert parse_receipt(text) is None


@given(IDS, IDS, st.integers(1, 1000), st.data())
def test_parse_receipt_of_a_changed_handle_gives_none(
    queue_id: int, row_id: int, receive_count: int, data: st.DataObject
) -> None:
    handle = format_receipt(Receipt(queue_id, row_id, receive_count))
    at = data.draw(st.integers(0, len(handle) - 1))
    other = data.draw(st.sampled_from("ABCdef123+/=.").filter(lambda c: c != handle[at]))
    assert parse_receipt(handle[:at] + other + handle[at + 1 :]) is None


@pytest.mark.parametrize("cut", [0, 4, 12, 30])
def test_parse_receipt_of_a_cut_handle_gives_none(cut: int) -> None:
    assert parse_receipt(format_receipt(Receipt(1, 2, 3))[:cut]) is None
