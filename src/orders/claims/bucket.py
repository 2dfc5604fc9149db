"""The claims bucket in S3: ``claims/`` holds the content of messages, ``bodies/`` that of stored orders.

Promises: only a bucket of the system's own account is written or read.
AWS: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from orders.aws.clients import Aws, error_code
from orders.domain.claims import CLAIM_BYTES_MAX, make_key
from orders.errors import OperatorError, OrderUnavailable

# A bucket of this name that another account has is none of ours.
MISSING_CODES = frozenset({"403", "404", "AccessDenied", "Forbidden", "NoSuchBucket", "NotFound"})
ADVICE = "`orders deploy -p ClaimCheck=Yes` makes it."


class ObjectVersion(NamedTuple):
    """One version of an object."""

    key: str
    id: str


class ClaimBucket:
    """Safe for several threads."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    @cached_property
    def name(self) -> str:
        """The name that template.yaml gives the bucket."""
        return self._aws.names.claims_bucket(self._aws.account, self._aws.region)

    @cached_property
    def _s3(self) -> Any:
        return self._aws.client("s3")

    @cached_property
    def _place(self) -> dict[str, str]:
        return {"Bucket": self.name, "ExpectedBucketOwner": self._aws.account}

    def exists(self) -> bool:
        """Whether this account has the bucket, in a stack or retained by a deleted one."""
        from botocore.exceptions import ClientError

        try:
            self._s3.head_bucket(**self._place)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return False
            raise
        return True

    def put(self, content: bytes) -> str:
        """Write a message's content; its key. The same content has the same key, and its retention starts again.

        Raises OrderUnavailable where another attempt may help, OperatorError where something must be edited.
        """
        from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

        key = make_key(content)
        try:
            self._s3.put_object(**self._place, Key=key, Body=content, ContentType="application/json")
        except ClientError as error:
            code = error_code(error)
            message = f"S3 does not take a claim: {code}: {error.response['Error'].get('Message', code)}"
            if code in MISSING_CODES:
                raise OperatorError(f"{message} ({self.name})", f"{ADVICE} A publisher needs s3:PutObject.") from error
            raise OrderUnavailable(message, code) from error
        except (ConnectionError, HTTPClientError) as error:
            raise OrderUnavailable(str(error), type(error).__name__) from error
        except BotoCoreError as error:
            raise OperatorError(str(error), "Check the credentials and their permissions.") from error
        return key

    def get(self, key: str, version: str | None = None, bytes_max: int | None = CLAIM_BYTES_MAX + 1) -> bytes | None:
        """The content of an object, its first ``bytes_max`` bytes; None if it is not there, or a delete marker.

        No order is larger than CLAIM_BYTES_MAX: a byte more shows that an object is none.
        """
        from botocore.exceptions import ClientError

        which = {} if version is None else {"VersionId": version}
        try:
            with self._s3.get_object(**self._place, Key=key, **which)["Body"] as body:
                content = bytes(body.read(bytes_max))
                if bytes_max is not None and len(content) < bytes_max:
                    body.read(1)  # at the end boto3 checks that nothing is missing
                return content
        except ClientError as error:
            if error_code(error) in ("NoSuchKey", "NoSuchBucket", "NoSuchVersion", "MethodNotAllowed"):
                return None
            raise

    def versions(self) -> Iterator[ObjectVersion]:
        """All versions of all objects."""
        for page in self._s3.get_paginator("list_object_versions").paginate(**self._place):
            for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
                yield ObjectVersion(one["Key"], one["VersionId"])

    def remove(self, version: ObjectVersion) -> None:
        """Delete one version of an object for good."""
        self._s3.delete_object(**self._place, Key=version.key, VersionId=version.id)

    def delete(self) -> None:
        """Delete all objects and the bucket."""
        for version in self.versions():
            self.remove(version)
        self._s3.delete_bucket(**self._place)
