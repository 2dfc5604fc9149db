"""Goal: the Pipeline page shows what is failing now, whatever the log says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from onebox.testing import EngineThread
from orders.aws.names import SEED_NAMES
from orders.clock import SystemClock
from tests.console.support import console_for
from tests.polling import until

LINE = {
    "level": "ERROR",
    "outcome": "rejected",
    "messageId": "m-1",
    "orderId": "<b>bad</b>",
    "exception": "OrderRejected",
    "reason": "total: <script>alert(1)</script>",
    "receiveCount": 2,
    "receivesMax": 3,
    "pauseS": 600,
}
CRASH = "[ERROR] RuntimeError: <i>boom</i>\nTraceback (most recent call last):\n"


def test_the_pipeline_page_lists_failing_orders_and_calls_without_an_answer(
    onebox: EngineThread, account: str, client: Callable[..., Any]
) -> None:
    sqs, logs = client("sqs"), client("logs")
    url = sqs.create_queue(QueueName="OrderQueue")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=900)
    logs.create_log_group(logGroupName=SEED_NAMES.log_group)
    logs.create_log_stream(logGroupName=SEED_NAMES.log_group, logStreamName="s")
    now_ms = SystemClock().now_ms()
    events = [{"timestamp": now_ms, "message": text} for text in (json.dumps(LINE), CRASH)]
    logs.put_log_events(logGroupName=SEED_NAMES.log_group, logStreamName="s", logEvents=events)
    with console_for(onebox, account) as browser:
        page = until(lambda: found if "Failing now" in (found := browser.text("/")) else None, "the failing order")
    assert "try 2 of 3" in page
    assert "&lt;b&gt;bad&lt;/b&gt;" in page
    assert "1 call without an answer" in page
    assert ">1 failing</a>" in page
    assert "<script>alert" not in page
    assert "<i>boom" not in page
