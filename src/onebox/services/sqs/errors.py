"""SQS's errors, named as in the service model, with AWS's words.

The errors without a class of the model (``InvalidParameterValue``, ``MissingParameter``) are those that AWS sends all
the same. ``status`` is AWS's where it is not 400.
"""

from __future__ import annotations

from onebox.errors import AwsError


class QueueDoesNotExist(AwsError):
    """No such queue in this account and region."""

    def __init__(self, message: str = "The specified queue does not exist.") -> None:
        super().__init__(message)


class QueueNameExists(AwsError):
    """CreateQueue with other attributes than the queue of that name has."""


class PurgeQueueInProgress(AwsError):
    """PurgeQueue within 60 seconds of the one before."""

    status = 403


class InvalidParameterValue(AwsError):
    """A parameter that breaks its constraint."""


class MissingParameter(AwsError):
    """A parameter that this kind of queue needs."""


class InvalidAttributeName(AwsError):
    """A queue attribute that does not exist, or not for this kind of queue."""


class InvalidAttributeValue(AwsError):
    """A queue attribute outside its range."""


class InvalidAddress(AwsError):
    """A QueueUrl that names no queue."""

    status = 404


class InvalidMessageContents(AwsError):
    """Characters that XML 1.0 does not allow."""


class ReceiptHandleIsInvalid(AwsError):
    """A receipt handle that this service never issued, or not for this queue."""

    status = 404


class OverLimit(AwsError):
    """Too many messages in flight, or too many statements or actions in a permission."""

    status = 403


class EmptyBatchRequest(AwsError):
    """A batch without entries."""


class TooManyEntriesInBatchRequest(AwsError):
    """A batch of more than ten entries."""


class BatchEntryIdsNotDistinct(AwsError):
    """Two entries with the same id."""


class InvalidBatchEntryId(AwsError):
    """An entry id with other characters than letters, digits, hyphen and underscore."""


class BatchRequestTooLong(AwsError):
    """A batch whose messages are longer than 1 MiB together."""


class UnsupportedOperation(AwsError):
    """What SQS does not support."""


class ResourceNotFoundException(AwsError):
    """A queue or task named in the move task operations does not exist."""

    status = 404


class AccessDenied(AwsError):
    """The queue's policy does not let the caller do this."""

    status = 403


def invalid_value(value: object, parameter: str, reason: str) -> InvalidParameterValue:
    """The sentence AWS uses for a parameter that breaks its constraint."""
    return InvalidParameterValue(f"Value {value} for parameter {parameter} is invalid. Reason: {reason}")
