"""What all batch operations share: checks of the entries, and one failed entry leaving the others alone.

Pure. AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
"""

from __future__ import annotations

import re

from onebox.errors import AwsError
from onebox.services.context import Wire
from onebox.services.sqs.errors import (
    BatchEntryIdsNotDistinct,
    EmptyBatchRequest,
    InvalidBatchEntryId,
    TooManyEntriesInBatchRequest,
)
from onebox.services.sqs.limits import BATCH_ENTRIES_MAX, BATCH_ENTRY_ID_CHARACTERS_MAX

_ENTRY_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{BATCH_ENTRY_ID_CHARACTERS_MAX}}}\Z")


def check_entries(entries: list[Wire], entry_shape: str) -> None:
    """Check number and ids of a batch's entries. Raises the batch errors."""
    if not entries:
        raise EmptyBatchRequest(f"There should be at least one {entry_shape} in the request.")
    if len(entries) > BATCH_ENTRIES_MAX:
        raise TooManyEntriesInBatchRequest(
            f"Maximum number of entries per request are {BATCH_ENTRIES_MAX}. You have sent {len(entries)}."
        )
    seen: set[str] = set()
    for entry in entries:
        entry_id = entry["Id"]
        if _ENTRY_ID.match(entry_id) is None:
            raise InvalidBatchEntryId(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
                f"It can be at most {BATCH_ENTRY_ID_CHARACTERS_MAX} letters long."
            )
        if entry_id in seen:
            raise BatchEntryIdsNotDistinct(f"Id {entry_id} repeated.")
        seen.add(entry_id)


def make_failure(entry: Wire, error: AwsError) -> Wire:
    """A failed entry (BatchResultErrorEntry)."""
    return {
        "Id": entry["Id"],
        "SenderFault": True,
        "Code": error.wire_code,
        "Message": error.message,
    }


def make_result(successful: list[Wire], failed: list[Wire]) -> Wire:
    """A batch's answer; empty lists are left out, as AWS does."""
    result: Wire = {}
    if successful:
        result["Successful"] = successful
    if failed:
        result["Failed"] = failed
    return result
