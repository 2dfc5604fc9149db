"""The container registry's errors, named as the service model names the shapes."""

from __future__ import annotations

from onebox.errors import AwsError


class RepositoryNotFoundException(AwsError):
    """No repository of this name in the registry."""


class RepositoryAlreadyExistsException(AwsError):
    """The name is taken."""


class RepositoryPolicyNotFoundException(AwsError):
    """The repository has no policy."""


class LifecyclePolicyNotFoundException(AwsError):
    """The repository has no lifecycle policy."""


class ImageNotFoundException(AwsError):
    """The repository holds no such image: here it holds none."""


class InvalidParameterException(AwsError):
    """A parameter breaks a rule."""


class InvalidTagParameterException(AwsError):
    """A tag breaks a rule."""


class TooManyTagsException(AwsError):
    """A repository has at most 50 tags."""


class LimitExceededException(AwsError):
    """The registry has too many repositories."""
