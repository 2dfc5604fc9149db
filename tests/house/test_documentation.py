"""Goal: what the documents say of the program is what the program says of itself."""

from __future__ import annotations

from pathlib import Path

from onebox.cli.operations import markdown_tables, offered_operations
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from orders.domain.contract_schema import make_tables

DOCS = Path(__file__).parents[2] / "docs"


def test_compatibility_lists_the_operations_that_are_offered() -> None:
    text = (DOCS / "compatibility.md").read_text("utf-8")
    _, _, listed = text.partition("<!-- onebox operations --markdown -->\n")
    assert listed.strip() == markdown_tables(offered_operations()).strip(), (
        "docs/compatibility.md is out of date: replace what follows its marker by `onebox operations --markdown`"
    )


def test_compatibility_lists_the_resource_types_that_are_offered() -> None:
    text = (DOCS / "compatibility.md").read_text("utf-8")
    missing = [name for name in RESOURCE_TYPES if name not in text]
    assert not missing


def test_order_contract_lists_the_fields_that_are_checked() -> None:
    text = (DOCS / "order-contract.md").read_text("utf-8")
    _, _, listed = text.partition("<!-- orders schema --markdown -->\n")
    assert listed.strip() == make_tables(), (
        "docs/order-contract.md is out of date: replace what follows its marker by `orders schema --markdown`"
    )
