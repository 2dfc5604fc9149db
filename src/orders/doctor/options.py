"""Checks of the optional parts: the history of orders and the archive of notifications."""

from __future__ import annotations

from collections.abc import Iterator

from orders.aws.names import (
    ARCHIVE_FUNCTION,
    ARCHIVE_QUEUE,
    CHANGES_TOPIC,
    EVENTS_TABLE,
    HISTORY_DEAD_LETTER_QUEUE,
    HISTORY_FUNCTION,
    TOPIC,
)
from orders.doctor.inspection import Inspection, MappingState
from orders.doctor.results import Check, Outcome

DEPLOY = "Run `orders deploy`; if it was deleted outside of the stack, `orders destroy` (it keeps the data) before."


def check_history(inspection: Inspection) -> Iterator[Check]:
    """The table of events, the function and its trigger, and what could not be recorded."""
    if not inspection.has_table(EVENTS_TABLE):
        yield Check(EVENTS_TABLE, Outcome.FAILED, "is not there: messages wait in OrderQueue", DEPLOY)
    if inspection.subscribers(CHANGES_TOPIC) is None:
        yield Check(CHANGES_TOPIC, Outcome.FAILED, "is not there", DEPLOY)
    yield judge_mapping(HISTORY_FUNCTION, inspection.find_mapping(HISTORY_FUNCTION), "the stream of Orders")
    failures = inspection.find_queue(HISTORY_DEAD_LETTER_QUEUE)
    if failures is None:
        yield Check(HISTORY_DEAD_LETTER_QUEUE, Outcome.FAILED, "is not there", DEPLOY)
    elif failures.waiting:
        advice = (
            "Each message names records of the stream that were given up; `aws logs tail /aws/lambda/OrderHistory` "
            "tells why. The stream keeps them for 24 hours. Delete the messages when you have read them."
        )
        message = f"{failures.waiting:,} batches of changes could not be recorded"
        yield Check(HISTORY_DEAD_LETTER_QUEUE, Outcome.WARNING, message, advice)
    else:
        yield Check(HISTORY_DEAD_LETTER_QUEUE, Outcome.GOOD, "is empty: every change was recorded and published")


def check_archive(inspection: Inspection) -> Iterator[Check]:
    """The bucket, the queue with its subscription, and the function and its trigger."""
    bucket = inspection.archive_bucket()
    if bucket is None:
        yield Check("archive bucket", Outcome.FAILED, "is not there: notifications wait in the queue", DEPLOY)
    else:
        yield Check("archive bucket", Outcome.GOOD, bucket)
    yield judge_mapping(ARCHIVE_FUNCTION, inspection.find_mapping(ARCHIVE_FUNCTION), ARCHIVE_QUEUE)
    reaches = any(
        protocol == "sqs" and endpoint.endswith(f":{ARCHIVE_QUEUE}") and confirmed
        for protocol, endpoint, confirmed in inspection.subscribers(TOPIC) or ()
    )
    if not reaches:
        message = f"{TOPIC} does not reach it: notifications published now are not archived"
        yield Check(ARCHIVE_QUEUE, Outcome.FAILED, message, DEPLOY)
        return
    queue = inspection.find_queue(ARCHIVE_QUEUE)
    if queue is None:
        yield Check(ARCHIVE_QUEUE, Outcome.FAILED, "is not there", DEPLOY)
    else:
        yield Check(ARCHIVE_QUEUE, Outcome.GOOD, f"is reached by {TOPIC}, {queue.waiting:,} notifications wait")


def judge_mapping(function: str, mapping: MappingState | None, source: str) -> Check:
    """Whether a function receives what it is for."""
    if mapping is None:
        return Check(function, Outcome.FAILED, f"nothing delivers {source} to it", DEPLOY)
    if mapping.state != "Enabled":
        advice = "Enable it with `aws lambda update-event-source-mapping`. A stream keeps changes for 24 hours only."
        return Check(function, Outcome.FAILED, f"its trigger is {mapping.state}", advice)
    if mapping.last_result.startswith("PROBLEM"):
        advice = f"`aws logs tail /aws/lambda/{function}` shows the cause."
        return Check(function, Outcome.WARNING, f"{source}: {mapping.last_result}", advice)
    return Check(function, Outcome.GOOD, f"receives {source}")
