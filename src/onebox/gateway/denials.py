"""The error by which each service says that a caller may not do something.

AWS: the CommonErrors page of each service's API reference.
"""

from __future__ import annotations

from onebox.errors import AccessDenied, AccessDeniedException, AwsError


class AuthorizationError(AwsError):
    """SNS."""

    status = 403


class LambdaAccessDenied(AwsError):
    """Lambda: the JSON services' code with REST's status."""

    code = "AccessDeniedException"
    status = 403


_DENIALS: dict[str, type[AwsError]] = {
    "sns": AuthorizationError,
    "lambda": LambdaAccessDenied,
    "dynamodb": AccessDeniedException,
    "logs": AccessDeniedException,
}


def denial(service: str, reason: str) -> AwsError:
    """The service's error, with the policy evaluation's reason."""
    return _DENIALS.get(service, AccessDenied)(reason)
