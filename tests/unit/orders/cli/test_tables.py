"""Goal: at every width each cell is whole, ids can be copied, and a pipe gets one line a row."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.cli.tables import Column, layout

FAILED = (
    Column("orders", is_right=True),
    Column("exception"),
    Column("reason", is_below=True),
    Column("last"),
    Column("example"),
)
REASON = "timestamp: expected an ISO 8601 date and time such as 2026-05-03T12:00:00Z"
ROWS = [
    ("2", "OrderRejected", REASON, "2026-11-23 09:38:37", "a5db39d8"),
    ("11", "OrderConflict", "another content", "2026-11-23 09:40:00", "b4d6202f"),
]
SPACE = " " * (len(REASON) - len("reason"))
MORE = " " * (len(REASON) - len("another content"))
AT_140 = f"""\
orders  exception      reason{SPACE}  last                 example
     2  OrderRejected  {REASON}  2026-11-23 09:38:37  a5db39d8
    11  OrderConflict  another content{MORE}  2026-11-23 09:40:00  b4d6202f"""
AT_120 = f"""\
orders  exception      last                 example
     2  OrderRejected  2026-11-23 09:38:37  a5db39d8
    reason  {REASON}
    11  OrderConflict  2026-11-23 09:40:00  b4d6202f
    reason  another content"""
AT_60 = """\
orders  exception      last                 example
     2  OrderRejected  2026-11-23 09:38:37  a5db39d8
    reason  timestamp: expected an ISO 8601 date and time
            such as 2026-05-03T12:00:00Z
    11  OrderConflict  2026-11-23 09:40:00  b4d6202f
    reason  another content"""
AT_40 = """\
orders     2
exception  OrderRejected
reason     timestamp: expected an ISO
           8601 date and time such as
           2026-05-03T12:00:00Z
last       2026-11-23 09:38:37
example    a5db39d8

orders     11
exception  OrderConflict
reason     another content
last       2026-11-23 09:40:00
example    b4d6202f"""


@pytest.mark.parametrize(
    ("width", "expected"), [(None, AT_140), (140, AT_140), (120, AT_120), (60, AT_60), (40, AT_40)], ids=str
)
def test_layout_at_each_width(width: int | None, expected: str) -> None:
    assert "\n".join(layout(FAILED, ROWS, width)) == expected


words = st.text("abc-é漢", min_size=1, max_size=12)
cells = st.lists(words, min_size=1, max_size=8).map(" ".join)


@given(st.lists(st.tuples(cells, cells, cells, cells, cells), min_size=1, max_size=4), st.integers(20, 130))
def test_no_cell_loses_a_word_at_any_width(rows: list[tuple[str, ...]], width: int) -> None:
    shown = re.split(r"\s+", " ".join(layout(FAILED, rows, width)))
    for row in rows:
        for cell in row:
            assert set(cell.split(" ")) <= set(shown)


@given(st.lists(st.tuples(cells, cells, cells, cells, cells), max_size=4))
def test_a_pipe_gets_one_line_for_each_row(rows: list[tuple[str, ...]]) -> None:
    assert len(list(layout(FAILED, rows, None))) == len(rows) + 1
