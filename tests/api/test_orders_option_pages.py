"""Goal: the pages of history, archive, intake, personal data and company are true: their commands run as they stand."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.polling import PATIENCE_S

# The AWS CLI of the tests is version 1, which ignores AWS_ENDPOINT_URL for SQS; docs/by-hand.md says so.
PRELUDE = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'
DOCS = Path(__file__).parents[2] / "docs"


def run_page(name: str, environment: dict[str, str], folder: Path) -> str:
    """What the commands of a page print."""
    page = (DOCS / name).read_text("utf-8")
    commands = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", "\n".join([PRELUDE, *commands])],
        cwd=folder,
        env={**environment, "PATH": path, "XDG_STATE_HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S * 3,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_history_page_shows_what_happened_and_what_was_stored(aws_environment: dict[str, str], tmp_path: Path) -> None:
    printed = run_page("history.md", aws_environment, tmp_path)
    told = printed.split("stored  notification", 1)[1]
    for sentence in ("replaced by a newer", 'status: "new" → "paid"', "late: a newer", "duplicate: the same"):
        assert sentence in told
    [message] = [json.loads(line) for line in printed.splitlines() if line.startswith('{"event"')]
    assert (message["orderId"], message["order"]["total"]) == ("1002", 25)


def test_archive_page_replays_to_a_new_queue_and_into_the_table(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path
) -> None:
    printed = run_page("archive.md", aws_environment, tmp_path)
    assert "4 notifications in the archive, 3 sent to warehouse" in printed
    assert '"orderId": "201"' in printed
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="warehouse")["QueueUrl"]
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "3"}


def test_intake_page_takes_an_order_and_refuses_another(
    aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path
) -> None:
    printed = run_page("intake.md", aws_environment, tmp_path)
    assert '"total": 19.90, "currency": "GBP"' in printed
    assert '"pointer": "#/items/0/unitPrice"' in printed
    assert "payments is no longer a caller" in printed
    names = [one["Name"] for one in client("ssm").describe_parameters()["Parameters"]]
    assert names == ["/orders/intake/callers/shop"]


def test_company_page_follows_an_order_s_trace_into_a_team_s_queue(
    aws_environment: dict[str, str], tmp_path: Path
) -> None:
    printed = run_page("company.md", aws_environment, tmp_path)
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert f'"traceparent": "{traceparent}"' in printed
    assert '"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"' in printed
    [message] = json.loads((tmp_path / "received.json").read_text("utf-8"))["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["data"]["orderId"]) == ("https://shop.example", "4001")
    assert message["MessageAttributes"]["traceparent"]["StringValue"] == traceparent
    assert message["Attributes"]["MessageGroupId"]
    assert json.loads((tmp_path / "orders.asyncapi.json").read_text("utf-8"))["asyncapi"] == "3.0.0"


def test_personal_data_page_erases_and_exports(aws_environment: dict[str, str], tmp_path: Path) -> None:
    printed = run_page("personal-data.md", aws_environment, tmp_path)
    assert "2 orders written to ada.jsonl" in printed
    assert "the archive: 2 notifications erased" in printed
    assert "OrderEvents: 2 events erased" in printed
    assert "point-in-time recovery of Orders until" in printed
    assert "erased on request" in printed.partition("Left, and until when")[2]
    assert "ada@example.com" in (tmp_path / "ada.jsonl").read_text("utf-8")
    assert "ada" not in (tmp_path / "all.csv").read_text("utf-8")
