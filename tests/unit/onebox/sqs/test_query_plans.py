"""Goal: no statement of SQS walks a whole table, whichever operation runs it.

Every operation is called, the statements that SQLite was given are written down, and SQLite explains each.
"""

from __future__ import annotations

import json
import re

from tests.unit.onebox.sqs.harness import SqsHarness, arn_of

# The sweeper and the gauges look after every queue; the other two indexes hold only the rows that are asked for.
_MEANT = {
    ("SELECT account, region, name FROM sqs_queue", "SCAN sqs_queue"),
    (
        "SELECT backlog_id FROM sqs_backlog WHERE queue_id IS NULL ORDER BY backlog_id LIMIT 1",
        "SCAN sqs_backlog USING INDEX sqs_backlog_abandoned",
    ),
    (
        "SELECT task_id FROM sqs_move_task WHERE status = 'RUNNING'",
        "SCAN sqs_move_task USING INDEX sqs_move_task_running",
    ),
}
_WHOLE_TABLE = re.compile(r"SCAN (sqs_\w+|m|b)\b")


def call_everything(harness: SqsHarness, suffix: str, **attributes: str) -> None:
    fifo = bool(attributes)
    dead_url = harness.create_queue(f"dead{suffix}", **attributes)
    policy = json.dumps({"deadLetterTargetArn": arn_of(dead_url), "maxReceiveCount": 1})
    url = harness.create_queue(f"q{suffix}", RedrivePolicy=policy, **attributes)
    for number in range(4):
        group = {"MessageGroupId": "g", "MessageDeduplicationId": str(number)} if fifo else {}
        harness.call("SendMessage", QueueUrl=url, MessageBody="x", **group)
    attempt = {"ReceiveRequestAttemptId": "a"} if fifo else {}
    for _ in range(2):
        received = harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=2, **attempt)["Messages"]
    handles = [message["ReceiptHandle"] for message in received]
    harness.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handles[0])
    harness.call("ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=handles[1], VisibilityTimeout=0)
    harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=1)
    subscription = harness.sqs.internal.subscribe(arn_of(url), lambda: None)
    harness.advance(2)
    harness.call("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
    subscription.cancel()
    harness.call("TagQueue", QueueUrl=url, Tags={"a": "b"})
    harness.call("ListQueues", QueueNamePrefix="q")
    harness.call("ListDeadLetterSourceQueues", QueueUrl=dead_url)
    harness.call("StartMessageMoveTask", SourceArn=arn_of(dead_url))
    harness.call("ListMessageMoveTasks", SourceArn=arn_of(dead_url))
    harness.inside(lambda context: list(harness.sqs.internal.gauges(context.now_ms)))
    harness.call("PurgeQueue", QueueUrl=url)
    harness.call("DeleteQueue", QueueUrl=url)
    harness.advance(400)


def test_every_statement_uses_an_index(harness: SqsHarness) -> None:
    statements: set[str] = set()

    def note(_cursor: object, sql: str, _bindings: object) -> bool:
        statements.add(sql)
        return True

    harness.connection.exec_trace = note
    call_everything(harness, "")
    call_everything(harness, ".fifo", FifoQueue="true")
    harness.connection.exec_trace = None
    queries = [sql for sql in statements if re.match(r"\s*(SELECT|UPDATE|DELETE)", sql)]
    assert len(queries) > 30
    plans = [(sql, step) for sql in queries for step in explain(harness, sql)]
    assert [p for p in plans if _WHOLE_TABLE.match(p[1]) and p not in _MEANT] == []
    # A receive walks the index in its order; sorting would mean reading the whole backlog first.
    receives = [step for sql, step in plans if "state = 0 AND due_at_ms = 0 ORDER BY id" in sql]
    assert receives
    assert not [step for step in receives if "TEMP B-TREE" in step]


def explain(harness: SqsHarness, sql: str) -> list[str]:
    numbered = {int(number) for number in re.findall(r"\?(\d+)", sql)}
    count = max(numbered) if numbered else sql.count("?")
    return [row[3] for row in harness.connection.execute(f"EXPLAIN QUERY PLAN {sql}", (None,) * count)]
