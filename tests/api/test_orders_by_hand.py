"""Goal: docs/by-hand.md is true: its commands run as they stand, with the real AWS CLI, and an order comes through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.seed import SEED_CODE
from tests.shell import DOCS, run_page


def test_by_hand_page_holds_the_seeds_code_word_for_word() -> None:
    assert SEED_CODE.strip() in (DOCS / "by-hand.md").read_text("utf-8")


def test_by_hand_commands_as_they_stand_store_a_published_order(
    aws_environment: dict[str, str], client: Callable[..., Any], programs: Path, tmp_path: Path
) -> None:
    printed = run_page("by-hand.md", aws_environment, tmp_path, programs)
    item = client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": "O1234"}})["Item"]
    assert item["itemName"] == {"S": "Laptop"}
    assert item["quantity"] == {"N": "1"}
    assert "Order saved: O1234" in printed
