"""Lambda's errors, named as the shapes of its service model.
AWS: https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html"""

from __future__ import annotations

from onebox.errors import AwsError, ValidationException

__all__ = [
    "AccessDeniedException",
    "CodeSigningConfigNotFoundException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "PlainInvalidParameterValueException",
    "PlainResourceNotFoundException",
    "PolicyLengthExceededException",
    "PreconditionFailedException",
    "ProvisionedConcurrencyConfigNotFoundException",
    "RequestEntityTooLargeException",
    "RequestTooLargeException",
    "ResourceConflictException",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "TooManyRequestsException",
    "ValidationException",
]


class _UserError(AwsError):
    """Lambda marks the client's faults with the member ``Type``."""

    def __init__(self, message: str = "", **members: object) -> None:
        super().__init__(message, Type="User", **members)


class AccessDeniedException(AwsError):
    """Neither the caller's policies nor the function's allow the action."""

    status = 403


class InvalidParameterValueException(_UserError):
    """One of the parameters in the request is not valid."""


class PlainInvalidParameterValueException(AwsError):
    """The same, for the few messages that AWS sends without ``Type``."""

    code = "InvalidParameterValueException"

    def __init__(self, message: str = "") -> None:
        super().__init__(message, Type=None)


class ResourceNotFoundException(_UserError):
    """The function, version, alias, mapping or statement does not exist."""

    status = 404


class PlainResourceNotFoundException(AwsError):
    """The same, for the few messages that AWS sends without ``Type``."""

    code = "ResourceNotFoundException"
    status = 404

    def __init__(self, message: str = "") -> None:
        super().__init__(message, Type=None)


class CodeSigningConfigNotFoundException(_UserError):
    """The code signing configuration does not exist."""

    status = 404


class ProvisionedConcurrencyConfigNotFoundException(_UserError):
    """The version or alias has no provisioned concurrency."""

    status = 404


class ResourceConflictException(_UserError):
    """The resource already exists, or another operation is in progress."""

    status = 409


class ResourceInUseException(_UserError):
    """The operation conflicts with the resource's availability."""

    status = 400


class PreconditionFailedException(_UserError):
    """The RevisionId provided does not match the latest."""

    status = 412


class TooManyRequestsException(_UserError):
    """The concurrency limit is exceeded."""

    status = 429


class InvalidRequestContentException(_UserError):
    """The event is not JSON."""


class RequestTooLargeException(_UserError):
    """The event exceeds the limit of the invocation type."""

    status = 413


class RequestEntityTooLargeException(_UserError):
    """The deployment package exceeds the limit of a direct upload."""

    status = 413


class PolicyLengthExceededException(_UserError):
    """The function's resource policy would exceed 20 KB."""
