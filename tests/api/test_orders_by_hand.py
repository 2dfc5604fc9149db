"""Goal: docs/by-hand.md is true: its commands run as they stand, with the real AWS CLI, and an order comes through."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.polling import PATIENCE_S
from tests.seed import SEED_CODE

PAGE = (Path(__file__).parents[2] / "docs" / "by-hand.md").read_text("utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_by_hand_page_holds_the_seeds_code_word_for_word() -> None:
    assert SEED_CODE.strip() in PAGE


def test_by_hand_commands_as_they_stand_store_a_published_order(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path
) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{aws_environment['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join(COMMANDS)],
        cwd=tmp_path,
        env={**aws_environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 5,  # some thirty commands, each a process,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    item = client("dynamodb").get_item(TableName="Orders", Key={"orderId": {"S": "O1234"}})["Item"]
    assert item["itemName"] == {"S": "Laptop"}
    assert item["quantity"] == {"N": "1"}
    assert "Order saved: O1234" in done.stdout
