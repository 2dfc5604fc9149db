"""SNS's errors, named as its service model names the shapes; wire codes and statuses are the model's."""

from __future__ import annotations

from onebox.errors import AwsError


class InvalidParameterException(AwsError):
    """A parameter that breaks a rule."""

    code = "InvalidParameter"


class InvalidParameterValueException(AwsError):
    """A message attribute that breaks a rule."""

    code = "ParameterValueInvalid"


class NotFoundException(AwsError):
    """A topic or subscription that does not exist."""

    code = "NotFound"
    status = 404


class ResourceNotFoundException(AwsError):
    """The resource of a tag operation that does not exist."""

    code = "ResourceNotFound"
    status = 404


class Throttling(AwsError):
    """More publishes to topics of many subscriptions than are kept. One of AWS's common errors: all SDKs retry it. Not
    all of them retry the model's ThrottledException."""


class AuthorizationErrorException(AwsError):
    """A topic policy that does not allow the call."""

    code = "AuthorizationError"
    status = 403


class FilterPolicyLimitExceededException(AwsError):
    """A filter policy that is too large."""

    code = "FilterPolicyLimitExceeded"
    status = 403


class SubscriptionLimitExceededException(AwsError):
    """More than 100 subscriptions to a FIFO topic."""

    code = "SubscriptionLimitExceeded"
    status = 403


class TagLimitExceededException(AwsError):
    """More than 50 tags on a topic."""

    code = "TagLimitExceeded"


class EmptyBatchRequestException(AwsError):
    """PublishBatch without entries."""

    code = "EmptyBatchRequest"


class TooManyEntriesInBatchRequestException(AwsError):
    """PublishBatch with more than ten entries."""

    code = "TooManyEntriesInBatchRequest"


class BatchEntryIdsNotDistinctException(AwsError):
    """Two entries of one batch with the same Id."""

    code = "BatchEntryIdsNotDistinct"


class BatchRequestTooLongException(AwsError):
    """All messages of a batch together exceed the limit of one."""

    code = "BatchRequestTooLong"


class InvalidBatchEntryIdException(AwsError):
    """An entry's Id that is not of letters, digits, hyphens and underscores, or too long."""

    code = "InvalidBatchEntryId"
