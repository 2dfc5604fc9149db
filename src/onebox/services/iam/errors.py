"""IAM's errors, named as its service model names the shapes; wire codes and statuses are the model's."""

from __future__ import annotations

from onebox.errors import AwsError


class NoSuchEntityException(AwsError):
    """A role, policy or version that does not exist."""

    code = "NoSuchEntity"
    status = 404


class EntityAlreadyExistsException(AwsError):
    """A name that is taken."""

    code = "EntityAlreadyExists"
    status = 409


class MalformedPolicyDocumentException(AwsError):
    """A policy document that IAM's grammar refuses."""

    code = "MalformedPolicyDocument"


class LimitExceededException(AwsError):
    """A quota of the account."""

    code = "LimitExceeded"
    status = 409


class DeleteConflictException(AwsError):
    """Something that still hangs on what is to be deleted."""

    code = "DeleteConflict"
    status = 409


class InvalidInputException(AwsError):
    """A parameter that no other error describes."""

    code = "InvalidInput"


class UnmodifiableEntityException(AwsError):
    """A role that only AWS may change."""

    code = "UnmodifiableEntity"


class MalformedCertificateException(AwsError):
    """A certificate or key that is not PEM."""

    code = "MalformedCertificate"
