"""What a service's error means: the resource exists or is gone; and whether it belongs to the stack.

Promises: an error is recognised by its code however the service spells it (with or without ``Exception``, with
a prefix).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.types import NewResource

STACK_ID_TAG = "aws:cloudformation:stack-id"
STACK_NAME_TAG = "aws:cloudformation:stack-name"
LOGICAL_ID_TAG = "aws:cloudformation:logical-id"

_EXISTS = frozenset(
    [
        "ResourceInUse",
        "ResourceConflict",
        "EntityAlreadyExists",
        "ResourceAlreadyExists",
        "QueueNameExists",
        "QueueAlreadyExists",
        "BucketAlreadyExists",
        "ParameterAlreadyExists",
        "RepositoryAlreadyExists",
        "BucketAlreadyOwnedByYou",
    ]
)
_GONE = frozenset(
    [
        "ResourceNotFound",
        "NotFound",
        "NoSuchEntity",
        "ParameterNotFound",
        "ProvisionedConcurrencyConfigNotFound",
        "RepositoryNotFound",
        "InvalidResourceId",
        "QueueDoesNotExist",
        "NonExistentQueue",
        "NoSuchBucket",
        "NoSuchBucketPolicy",
        "NoSuchTagSet",
        "DashboardNotFoundError",
        "TopicNotFound",
        "SubscriptionNotFound",
    ]
)


class ResourceExists(AwsError):
    """The name is taken by a resource that does not belong to the stack."""

    code = "AlreadyExists"

    def __init__(self, type_name: str, identifier: str) -> None:
        super().__init__(f"Resource of type '{type_name}' with identifier '{identifier}' already exists.")


def error_names(error: AwsError) -> frozenset[str]:
    """The code and the shape's name, bare: ``AWS.SimpleQueueService.NonExistentQueue`` is ``NonExistentQueue``."""
    original = getattr(error, "original", error)
    spellings = (error.wire_code, type(original).__name__)
    return frozenset(spelling.rsplit(".", 1)[-1].removesuffix("Exception") for spelling in spellings)


def means_exists(error: AwsError) -> bool:
    return bool(error_names(error) & _EXISTS)


def means_gone(error: AwsError) -> bool:
    return bool(error_names(error) & _GONE)


def is_ours(live_tags: Mapping[str, str], wanted_tags: Mapping[str, str]) -> bool:
    """Whether the live resource carries the marks of this stack and this logical id."""
    return all(live_tags.get(key) == wanted_tags.get(key) for key in (STACK_ID_TAG, LOGICAL_ID_TAG))


async def create_or_adopt(
    type_name: str,
    new: NewResource,
    create: Callable[[], Awaitable[Any]],
    live_tags: Callable[[], Awaitable[Mapping[str, str]]],
) -> None:
    """Create; accept an existing resource only if a restart interrupted an earlier attempt of this stack."""
    try:
        await create()
    except AwsError as error:
        if not means_exists(error):
            raise
        if not new.resumed or not is_ours(await live_tags(), new.tags):
            raise ResourceExists(type_name, new.name) from error


async def refuse_foreign(
    type_name: str, new: NewResource, live_tags: Callable[[], Awaitable[Mapping[str, str]]]
) -> None:
    """For services whose create accepts an existing resource (SNS, SQS): refuse one of another owner."""
    try:
        tags = await live_tags()
    except AwsError as error:
        if means_gone(error):
            return
        raise
    if not new.resumed or not is_ours(tags, new.tags):
        raise ResourceExists(type_name, new.name)


async def ignore_gone(call: Awaitable[Any]) -> bool:
    """Await ``call``; False if what it is about is not there."""
    try:
        await call
    except AwsError as error:
        if means_gone(error):
            return False
        raise
    return True
