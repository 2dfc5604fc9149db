"""Goal: an order without its personal fields holds what the contract knows, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.domain.contract import FIELDS, is_personal
from orders.domain.contract_schema import make_schema
from orders.domain.personal import HIDDEN, drop_personal, hide_personal
from orders.json_text import to_json

MARKER = "Ada-Lovelace"
LEAVES = st.sampled_from([MARKER, [MARKER], {"name": MARKER}, {MARKER: 1}, [[{"deep": MARKER}]]])
NAMES = st.sampled_from(["userId", "email", "note", "address", "items"])
LINES = st.lists(st.dictionaries(st.sampled_from(["engraving", "for"]), LEAVES, max_size=2))
ORDERS = st.dictionaries(NAMES, LEAVES) | st.fixed_dictionaries({"items": LINES})


@given(ORDERS)
def test_no_personal_value_is_kept_at_any_depth(order: dict[str, Any]) -> None:
    assert MARKER not in to_json(hide_personal({"total": 5, **order})).replace(f'"{MARKER}":', "")
    assert MARKER not in to_json(drop_personal({"total": 5, **order}))
    assert hide_personal({"total": 5, **order})["total"] == 5


def test_amounts_and_lines_are_kept() -> None:
    line = {"sku": "A", "quantity": 2, "unitPrice": 1.5, "engraving": MARKER}
    order = {"orderId": "1", "userId": MARKER, "total": 3, "country": "GB", "items": [line], "email": MARKER}
    kept = {"orderId": "1", "total": 3, "country": "GB"}
    assert drop_personal(order) == {**kept, "items": [{"sku": "A", "quantity": 2, "unitPrice": 1.5}]}
    assert hide_personal(order)["items"] == [{**line, "engraving": HIDDEN}]


def test_schema_annotates_personal_fields_and_unknown_ones() -> None:
    schema = make_schema()
    annotated = {name for name, one in schema["properties"].items() if one.get("x-personal")}
    assert annotated == {field.name for field in FIELDS if field.is_personal} == {"userId"}
    assert schema["additionalProperties"] is schema["x-unknown-fields-personal"] is True
    assert is_personal("email")
