"""Errors of CloudWatch, named as its service model names them; the model holds code and status."""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.errors import ValidationError as ValidationError  # for what no shape of the model covers


class InvalidParameterValueException(AwsError):
    """InvalidParameterValue: a value is not allowed."""


class InvalidParameterCombinationException(AwsError):
    """InvalidParameterCombination: parameters that exclude each other."""


class MissingRequiredParameterException(AwsError):
    """MissingParameter: one of several parameters must be given."""


class InvalidNextToken(AwsError):
    """The token is none of ours."""

    def __init__(self) -> None:
        super().__init__("Invalid nextToken")


class ResourceNotFound(AwsError):
    """The alarm does not exist (404)."""


class ResourceNotFoundException(AwsError):
    """The tagged resource does not exist (404)."""


class ResourceConflict(AwsError):
    """The alarm is used by a composite alarm (409)."""


class InvalidFormatFault(AwsError):
    """InvalidFormat: data that is not JSON."""


class DashboardInvalidInputError(AwsError):
    """InvalidParameterInput: the dashboard's body breaks its schema."""


class DashboardNotFoundError(AwsError):
    """ResourceNotFound: the dashboard does not exist (404)."""
