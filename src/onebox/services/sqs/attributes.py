"""Queue attributes: checking what a client sets, and reading a stored set of them.

``attributes`` everywhere are AWS's names and AWS's text, without those that stand at their default.
Pure: knows nothing of SQL, clock or HTTP.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from onebox.services.iam.policy import compile_policy
from onebox.services.sqs.errors import InvalidAttributeName, InvalidAttributeValue, InvalidParameterValue
from onebox.services.sqs.limits import MESSAGE_BYTES_MAX, POLICY_BYTES_MAX, QUEUE_NAME_CHARACTERS_MAX
from onebox.services.sqs.redrive_policy import parse_redrive_allow_policy, parse_redrive_policy
from onebox.text.documents import parse_object

_RANGES = {
    "DelaySeconds": (0, 900),
    "MaximumMessageSize": (1024, MESSAGE_BYTES_MAX),
    "MessageRetentionPeriod": (60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20),
    "VisibilityTimeout": (0, 43_200),
    "KmsDataKeyReusePeriodSeconds": (60, 86_400),
}
_BOOLEANS = frozenset({"FifoQueue", "ContentBasedDeduplication", "SqsManagedSseEnabled"})
_DOCUMENTS = frozenset({"Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"})
_CHOICES = {
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
}
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
_COMPUTED = frozenset({*COUNTS, "CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"})
_SETTABLE = frozenset({*_RANGES, *_BOOLEANS, *_DOCUMENTS, *_CHOICES})
_READABLE = _SETTABLE | _COMPUTED

DEFAULTS: Mapping[str, str] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": str(MESSAGE_BYTES_MAX),
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
    "SqsManagedSseEnabled": "true",
}
FIFO_DEFAULTS: Mapping[str, str] = {
    **DEFAULTS,
    "FifoQueue": "true",
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "FifoThroughputLimit": "perQueue",
}
KMS_REUSE_DEFAULT = "300"

_NAME = re.compile(r"[A-Za-z0-9_-]+(\.fifo)?\Z")
FIFO_SUFFIX = ".fifo"


def normalize(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as a client writes them, booleans in lower case: AWS takes ``True`` for ``true``."""
    return {
        name: value.lower() if name in _BOOLEANS and value.lower() in ("true", "false") else value
        for name, value in attributes.items()
    }


def check_queue_name(name: str, is_fifo: bool) -> None:
    """Check the name of a queue to be made. Raises InvalidParameterValue."""
    fits = len(name) <= QUEUE_NAME_CHARACTERS_MAX and _NAME.match(name) is not None
    if is_fifo and not (fits and name.endswith(FIFO_SUFFIX)):
        raise InvalidParameterValue(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, "
            "must end with .fifo suffix and be 1 to 80 in length."
        )
    if not name:
        raise InvalidParameterValue("Queue name cannot be empty")
    if not is_fifo and (not fits or name.endswith(FIFO_SUFFIX)):
        raise InvalidParameterValue(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )


def check_attributes(attributes: Mapping[str, str], is_fifo: bool) -> None:
    """Check names and values a client sets, each for itself. Raises the errors of SetQueueAttributes."""
    for name, value in attributes.items():
        if name not in _SETTABLE:
            raise InvalidAttributeName(f"Unknown Attribute {name}.")
        if not is_fifo:
            _check_not_fifo_only(name)
        _check_value(name, value)


def check_readable(names: list[str]) -> None:
    """Check the names asked of GetQueueAttributes. Raises InvalidAttributeName."""
    for name in names:
        if name not in _READABLE and name != "All":
            raise InvalidAttributeName(f"Unknown Attribute {name}.")


def merge(old: Mapping[str, str], changes: Mapping[str, str], is_fifo: bool) -> dict[str, str]:
    """The attributes after ``changes``, defaults left out. Raises for combinations AWS refuses."""
    if changes.get("SqsManagedSseEnabled") == "true" and changes.get("KmsMasterKeyId"):
        raise InvalidAttributeName(
            "You can use one type of server-side encryption (SSE) at one time. "
            "You can either enable KMS SSE or SQS SSE."
        )
    merged = {**old, **changes}
    if changes.get("SqsManagedSseEnabled") == "true":
        merged.pop("KmsMasterKeyId", None)
    elif changes.get("KmsMasterKeyId"):
        merged["SqsManagedSseEnabled"] = "false"
    if not merged.get("KmsMasterKeyId"):
        merged.pop("KmsDataKeyReusePeriodSeconds", None)
    defaults = FIFO_DEFAULTS if is_fifo else DEFAULTS
    merged = {n: v for n, v in merged.items() if v != "" and defaults.get(n) != v}
    if merged.get("FifoThroughputLimit") == "perMessageGroupId" and merged.get("DeduplicationScope") != "messageGroup":
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is "
            "allowed only when the value for DeduplicationScope is messageGroup."
        )
    return merged


def complete(attributes: Mapping[str, str], is_fifo: bool) -> dict[str, str]:
    """Stored attributes with the defaults, as GetQueueAttributes shows them."""
    full = {**(FIFO_DEFAULTS if is_fifo else DEFAULTS), **attributes}
    if "KmsMasterKeyId" in full:
        full.setdefault("KmsDataKeyReusePeriodSeconds", KMS_REUSE_DEFAULT)
    return full


def find_difference(existing: Mapping[str, str], wanted: Mapping[str, str], is_fifo: bool) -> str | None:
    """The first attribute that CreateQueue wants otherwise than the existing queue has it."""
    have = complete(existing, is_fifo)
    for name, value in wanted.items():
        if have.get(name, "") != value:
            return name
    return None


def _check_not_fifo_only(name: str) -> None:
    if name in _CHOICES:
        raise InvalidAttributeName(f"You can specify the {name} only when FifoQueue is set to true.")
    if name in ("FifoQueue", "ContentBasedDeduplication"):
        raise InvalidAttributeName(f"Unknown Attribute {name}.")


def _check_value(name: str, value: str) -> None:
    if name in _RANGES:
        low, high = _RANGES[name]
        # int() would take signs, blanks and other scripts' digits, which AWS does not.
        if not (value.isascii() and value.isdigit() and len(value) <= 10 and low <= int(value) <= high):
            raise _invalid(name)
    elif name == "FifoQueue" and value != "true":
        raise InvalidAttributeValue(
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."
        )
    elif (name in _BOOLEANS and value not in ("true", "false")) or (name in _CHOICES and value not in _CHOICES[name]):
        raise _invalid(name)
    elif name in _DOCUMENTS and value:
        _check_document(name, value)


def _check_document(name: str, value: str) -> None:
    if name == "RedrivePolicy":
        parse_redrive_policy(value)
    elif name == "RedriveAllowPolicy":
        parse_redrive_allow_policy(value)
    elif name == "Policy":
        _check_policy(name, value)


def _check_policy(name: str, text: str) -> None:
    try:
        document = parse_object(text, bytes_max=POLICY_BYTES_MAX)
        compiled = compile_policy(document)
    except (ValueError, TypeError, AttributeError, KeyError):
        raise _invalid(name) from None
    statements = document["Statement"] if compiled else []
    if not statements or not all(map(_is_statement, [statements] if isinstance(statements, dict) else statements)):
        raise _invalid(name)


def _is_statement(statement: Mapping[str, Any]) -> bool:
    texts = [statement.get(member, "") for member in ("Action", "NotAction", "Resource", "NotResource")]
    return statement.get("Effect") in ("Allow", "Deny") and all(isinstance(text, (str, list)) for text in texts)


def _invalid(name: str) -> InvalidAttributeValue:
    return InvalidAttributeValue(f"Invalid value for the parameter {name}.")
