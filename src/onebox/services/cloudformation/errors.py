"""CloudFormation's errors, named as the service model names them.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from onebox.errors import AwsError, ValidationError

__all__ = [
    "AlreadyExistsException",
    "ChangeSetNotFoundException",
    "InsufficientCapabilitiesException",
    "InvalidChangeSetStatusException",
    "ValidationError",
]


class AlreadyExistsException(AwsError):
    """A stack or change set of this name exists."""

    code = "AlreadyExistsException"


class InsufficientCapabilitiesException(AwsError):
    """The template holds resources that the caller did not acknowledge (IAM)."""

    code = "InsufficientCapabilitiesException"


class ChangeSetNotFoundException(AwsError):
    """No change set of this name or ARN."""

    code = "ChangeSetNotFound"
    status = 404


class InvalidChangeSetStatusException(AwsError):
    """The change set cannot be executed or deleted in its status."""

    code = "InvalidChangeSetStatus"


class StackSetNotFoundException(AwsError):
    """No stack set of this name."""

    code = "StackSetNotFoundException"
    status = 404
