"""Errors of CloudWatch Logs, named as its service model names them."""

from __future__ import annotations

from onebox.errors import AwsError


class InvalidParameterException(AwsError):
    """A parameter breaks its constraint."""


class ResourceNotFoundException(AwsError):
    """The group, stream or filter does not exist."""


class ResourceAlreadyExistsException(AwsError):
    """The group or stream exists."""


class LimitExceededException(AwsError):
    """A quota is used up."""


class TooManyTagsException(AwsError):
    """A resource has at most 50 tags."""


class MalformedQueryException(AwsError):
    """An Insights query is not one."""


class ValidationException(AwsError):
    """The operation is not allowed on this resource."""


def group_not_found() -> ResourceNotFoundException:
    return ResourceNotFoundException("The specified log group does not exist.")


def stream_not_found() -> ResourceNotFoundException:
    return ResourceNotFoundException("The specified log stream does not exist.")
