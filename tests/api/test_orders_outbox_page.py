"""Goal: docs/outbox.md is true: its commands run as they stand, and its orders are stored or refused as it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orders.outbox.table import make_tables
from tests.polling import PATIENCE_S

PAGE = (Path(__file__).parents[2] / "docs" / "outbox.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_commands_of_the_page_publish_the_orders_and_correct_the_refused_one(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path
) -> None:
    client("sns").create_topic(Name="OrderTopic")
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="Heard")["QueueUrl"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{aws_environment['PATH']}"
    environment = {**aws_environment, "PATH": path}
    subprocess.run(["orders", "subscribe", "sqs", "Heard"], env=environment, check=True, capture_output=True)
    program = re.search(r"<!-- shop.py -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert program is not None
    (tmp_path / "shop.py").write_text(program[1])
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(COMMANDS)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "waiting    2 rows" in done.stdout
    assert 'total: expected a number, got "much"' in done.stdout
    heard = [
        json.loads(message["Body"])
        for _ in range(2)
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    ]
    assert {order["orderId"]: order["total"] for order in heard} == {"2001": 19.9, "2002": 5.0, "2003": 7.5}


def test_the_page_names_every_column_of_the_table() -> None:
    rows = "".join(re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE))
    assert {column.name for column in make_tables().outbox.columns} <= set(re.findall(r"`(\w+)`", rows))
