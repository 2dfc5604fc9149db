"""STS's errors, named as its service model names the shapes."""

from __future__ import annotations

from onebox.errors import AwsError


class MalformedPolicyDocumentException(AwsError):
    """A session policy that IAM's grammar refuses."""

    code = "MalformedPolicyDocument"


class PackedPolicyTooLargeException(AwsError):
    """Session policies that are too large together."""

    code = "PackedPolicyTooLarge"


class InvalidParameterValue(AwsError):
    """Session tags that contradict each other."""


class AccessDenied(AwsError):
    """The role's trust policy does not let the caller assume it, or the role does not exist."""

    code = "AccessDenied"
    status = 403
