"""The Parameter Store's errors, named as the service model names the shapes."""

from __future__ import annotations

from onebox.errors import AwsError


class ParameterNotFound(AwsError):
    """No parameter of this name. AWS says no more than the code."""


class ParameterVersionNotFound(AwsError):
    """The parameter has no such version, or none with this label."""


class ParameterAlreadyExists(AwsError):
    """The name is taken, and the request does not overwrite."""


class ParameterPatternMismatchException(AwsError):
    """The value does not match the parameter's allowed pattern."""


class InvalidAllowedPatternException(AwsError):
    """The allowed pattern is no regular expression."""


class HierarchyTypeMismatchException(AwsError):
    """A parameter keeps its type."""


class HierarchyLevelLimitExceededException(AwsError):
    """A name has at most 15 levels."""


class ParameterLimitExceeded(AwsError):
    """The account has too many parameters."""


class ParameterMaxVersionLimitExceeded(AwsError):
    """The oldest of 100 versions has a label, so it cannot make room."""


class ParameterVersionLabelLimitExceeded(AwsError):
    """A version has at most ten labels."""


class UnsupportedParameterType(AwsError):
    """Another type than String, StringList and SecureString."""


class InvalidFilterKey(AwsError):
    """A listing does not know this filter."""


class InvalidFilterOption(AwsError):
    """The filter does not know this comparison."""


class InvalidFilterValue(AwsError):
    """The filter's values do not fit."""


class InvalidNextToken(AwsError):
    """A token that no answer gave."""


class InvalidResourceId(AwsError):
    """The tagged resource does not exist."""


class InvalidResourceType(AwsError):
    """Only parameters are offered."""


class TooManyTagsError(AwsError):
    """A parameter has at most 50 tags."""


class AccessDeniedException(AwsError):
    """A name that belongs to AWS."""
