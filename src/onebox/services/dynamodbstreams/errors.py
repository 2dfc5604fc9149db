"""The errors of DynamoDB Streams, named as its service model names them."""

from __future__ import annotations

from onebox.errors import AwsError


class ResourceNotFoundException(AwsError):
    """No such stream or shard."""


class ExpiredIteratorException(AwsError):
    """The shard iterator is older than 15 minutes."""


class TrimmedDataAccessException(AwsError):
    """The records that the iterator points to were dropped for their age."""


def stream_not_found(arn: str) -> ResourceNotFoundException:
    """No stream has this ARN."""
    return ResourceNotFoundException(f"Requested resource not found: Stream: {arn} not found")


def shard_not_found() -> ResourceNotFoundException:
    """The stream has no such shard."""
    return ResourceNotFoundException("Requested resource not found: Shard does not exist")
