"""Goal: docs/outbox.md is true: its commands run as they stand, and its orders are stored or refused as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orders.outbox.table import make_tables
from tests.shell import DOCS, run_page

PAGE = (DOCS / "outbox.md").read_text("utf-8")


def test_the_commands_of_the_page_publish_the_orders_and_correct_the_refused_one(
    aws_environment: dict[str, str], client: Callable[..., Any], programs: Path, tmp_path: Path
) -> None:
    client("sns").create_topic(Name="OrderTopic")
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="Heard")["QueueUrl"]
    program = re.search(r"<!-- shop.py -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert program is not None
    (tmp_path / "shop.py").write_text(program[1])
    printed = run_page("outbox.md", aws_environment, tmp_path, programs, first="orders subscribe sqs Heard")
    assert "waiting    2 rows" in printed
    assert 'total: expected a number, got "much"' in printed
    heard = [
        json.loads(message["Body"])
        for _ in range(2)
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    ]
    assert {order["orderId"]: order["total"] for order in heard} == {"2001": 19.9, "2002": 5.0, "2003": 7.5}


def test_the_page_names_every_column_of_the_table() -> None:
    rows = "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))
    assert {column.name for column in make_tables().outbox.columns} <= set(re.findall(r"`(\w+)`", rows))
