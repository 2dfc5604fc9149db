"""Goal: the pages of the optional parts are true: their commands run as they stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.shell import run_page

# The AWS CLI of the tests is version 1, which ignores AWS_ENDPOINT_URL for SQS; docs/by-hand.md says so.
PRELUDE = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'


@pytest.fixture
def run(aws_environment: dict[str, str], programs: Path, tmp_path: Path) -> Callable[[str], str]:
    """What the commands of a page print."""
    return lambda page: run_page(page, aws_environment, tmp_path, programs, first=PRELUDE)


def test_history_page_shows_what_happened_and_what_was_stored(run: Callable[[str], str]) -> None:
    printed = run("history.md")
    told = printed.split("stored  notification", 1)[1]
    for sentence in ("replaced by a newer", 'status: "new" → "paid"', "late: a newer", "duplicate: the same"):
        assert sentence in told
    [message] = [json.loads(line) for line in printed.splitlines() if line.startswith('{"event"')]
    assert (message["orderId"], message["order"]["total"]) == ("1002", 25)


def test_archive_page_replays_to_a_new_queue_and_into_the_table(
    run: Callable[[str], str], client: Callable[..., Any]
) -> None:
    printed = run("archive.md")
    assert "4 notifications in the archive, 3 sent to warehouse" in printed
    assert '"orderId": "201"' in printed
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="warehouse")["QueueUrl"]
    counted = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counted == {"ApproximateNumberOfMessages": "3"}


def test_intake_page_takes_an_order_and_refuses_another(run: Callable[[str], str], client: Callable[..., Any]) -> None:
    printed = run("intake.md")
    assert '"total": 19.90, "currency": "GBP"' in printed
    assert '"pointer": "#/items/0/unitPrice"' in printed
    assert "payments is no longer a caller" in printed
    names = [one["Name"] for one in client("ssm").describe_parameters()["Parameters"]]
    assert names == ["/orders/intake/callers/shop"]


def test_claims_page_stores_a_large_order_whole_and_erases_it(
    run: Callable[[str], str], client: Callable[..., Any]
) -> None:
    printed = run("claims.md")
    assert "\n1500\n" in printed
    assert "claims bucket" in printed
    assert "the claims bucket: 2 objects erased" in printed
    [bucket] = [one["Name"] for one in client("s3").list_buckets()["Buckets"] if "-claims-" in one["Name"]]
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


def test_company_page_follows_an_order_s_trace_into_a_team_s_queue(run: Callable[[str], str], tmp_path: Path) -> None:
    printed = run("company.md")
    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert f'"traceparent": "{traceparent}"' in printed
    assert '"traceId":"4bf92f3577b34da6a3ce929d0e0e4736"' in printed
    [message] = json.loads((tmp_path / "received.json").read_text("utf-8"))["Messages"]
    event = json.loads(message["Body"])
    assert (event["source"], event["data"]["orderId"]) == ("https://shop.example", "4001")
    assert message["MessageAttributes"]["traceparent"]["StringValue"] == traceparent
    assert message["Attributes"]["MessageGroupId"]
    assert json.loads((tmp_path / "orders.asyncapi.json").read_text("utf-8"))["asyncapi"] == "3.0.0"


def test_personal_data_page_erases_and_exports(run: Callable[[str], str], tmp_path: Path) -> None:
    printed = run("personal-data.md")
    assert "2 orders written to ada.jsonl" in printed
    assert "the archive: 2 notifications erased" in printed
    assert "OrderEvents: 2 events erased" in printed
    assert "point-in-time recovery of Orders until" in printed
    assert "erased on request" in printed.partition("Left, and until when")[2]
    assert "ada@example.com" in (tmp_path / "ada.jsonl").read_text("utf-8")
    assert "ada" not in (tmp_path / "all.csv").read_text("utf-8")
