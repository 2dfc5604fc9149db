"""The errors by which each service says that credentials are not accepted, or may not do something.

AWS: the CommonErrors page of each service's API reference.
"""

from __future__ import annotations

from onebox.errors import AccessDenied, AccessDeniedException, AwsError

_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a sentence
_EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105 - a sentence
_WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_JSON_SERVICES = frozenset(("dynamodb", "dynamodbstreams", "logs", "lambda", "ssm", "ecr"))
"""Their codes for bad credentials end in Exception."""


class AuthorizationError(AwsError):
    """SNS."""

    status = 403


class LambdaAccessDenied(AwsError):
    """Lambda: the JSON services' code with REST's status."""

    code = "AccessDeniedException"
    status = 403


class MissingAuthenticationToken(AwsError):
    """No credentials."""

    status = 403


class InvalidClientTokenId(AwsError):
    """An unknown key."""

    status = 403


class UnrecognizedClientException(AwsError):
    """An unknown key: JSON services."""


class InvalidAccessKeyId(AwsError):
    """An unknown key: S3."""

    status = 403


class SignatureDoesNotMatch(AwsError):
    """A wrong secret."""

    status = 403


class AuthorizationQueryParametersError(AwsError):
    """The query or the fields of a signature contradict each other, or are none: S3."""


class InvalidSignatureException(AwsError):
    """A wrong secret: JSON services."""


class ExpiredToken(AwsError):
    """Temporary credentials that ended."""

    status = 403


class ExpiredTokenException(AwsError):
    """Temporary credentials that ended: JSON services."""


_DENIALS: dict[str, type[AwsError]] = {
    "sns": AuthorizationError,
    "lambda": LambdaAccessDenied,
    "dynamodb": AccessDeniedException,
    "dynamodbstreams": AccessDeniedException,
    "logs": AccessDeniedException,
    "ssm": AccessDeniedException,
    "ecr": AccessDeniedException,
}


def denial(service: str, reason: str) -> AwsError:
    """The service's error, with the policy evaluation's reason."""
    return _DENIALS.get(service, AccessDenied)(reason)


def missing_token() -> AwsError:
    """The request is not signed."""
    return MissingAuthenticationToken("Request is missing Authentication Token")


def invalid_key(signing_name: str) -> AwsError:
    """The key was never issued, or is no longer valid."""
    if signing_name == "s3":
        return InvalidAccessKeyId("The AWS Access Key Id you provided does not exist in our records.")
    if signing_name in _JSON_SERVICES:
        return UnrecognizedClientException(_INVALID_TOKEN)
    return InvalidClientTokenId(_INVALID_TOKEN)


def expired_token(signing_name: str) -> AwsError:
    """The temporary credentials ended."""
    kind = ExpiredTokenException if signing_name in _JSON_SERVICES else ExpiredToken
    return kind(_EXPIRED_TOKEN)


def wrong_signature(signing_name: str) -> AwsError:
    """The signature was not made with the key's secret, or not for this request."""
    kind = InvalidSignatureException if signing_name in _JSON_SERVICES else SignatureDoesNotMatch
    return kind(_WRONG_SIGNATURE)
