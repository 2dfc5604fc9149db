"""The archive bucket in S3: read hour by hour, emptied and deleted.

AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from functools import cached_property
from typing import IO, Any, cast

from orders.archive.objects import HOUR_MS, ObjectName, StoredObject, hour_prefix, read_name
from orders.aws.clients import Aws, error_code
from orders.errors import OperatorError

# A bucket of this name that another account has is none of ours.
MISSING_CODES = frozenset({"403", "404", "AccessDenied", "Forbidden", "NoSuchBucket", "NotFound"})


def bucket_name(aws: Aws) -> str:
    """The name that template.yaml gives the bucket."""
    return aws.names.archive_bucket(aws.account, aws.region)


class ArchiveBucket:
    """The port Archive."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._s3 = aws.client("s3")

    @cached_property
    def name(self) -> str:
        return bucket_name(self._aws)

    def exists(self) -> bool:
        """Whether this account has the bucket, in a stack or retained by a deleted one."""
        from botocore.exceptions import ClientError

        try:
            self._s3.head_bucket(Bucket=self.name, ExpectedBucketOwner=self._aws.account)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return False
            raise
        return True

    def check_is_there(self) -> None:
        """Raises OperatorError where nothing is archived."""
        if not self.exists():
            raise OperatorError("there is no archive", "`orders deploy -p Archive=Yes` starts it.")

    def delete(self) -> None:
        """Delete all objects and the bucket."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        for page in pages:
            keys = [{"Key": one["Key"]} for one in page.get("Contents", [])]
            if keys:
                self._s3.delete_objects(Bucket=self.name, Delete={"Objects": keys, "Quiet": True})
        self._s3.delete_bucket(Bucket=self.name)

    def find_newest(self, now_ms: int, hours_max: int) -> StoredObject | None:
        """The object with the newest notification of the newest hour that has any; None if the last hours have none."""
        for hours in range(hours_max):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=hour_prefix(now_ms - hours * HOUR_MS)
            )
            found = [made for page in pages for one in page.get("Contents", []) if (made := _read_stored(one))]
            if found:
                return max(found, key=lambda one: one.last_published_ms)
        return None

    # --- Archive ------------------------------------------------------------------------------------------------------

    def list_hour(self, prefix: str) -> Iterator[ObjectName]:
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix):
            for one in page.get("Contents", []):
                name = read_name(one["Key"])
                if name is not None:
                    yield name

    def lines(self, key: str) -> Iterator[str]:
        body = self._s3.get_object(Bucket=self.name, Key=key)["Body"]
        with body, gzip.GzipFile(fileobj=cast(IO[bytes], body)) as stream:
            try:
                for line in stream:
                    yield line.decode("utf-8", "replace")
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise OperatorError(
                    f"the archive object {key} is damaged: {error}",
                    "Replay around it with --since and --until.",
                ) from error


def _read_stored(listed: dict[str, Any]) -> StoredObject | None:
    name = read_name(listed["Key"])
    if name is None:
        return None
    written_at_ms = int(listed["LastModified"].timestamp() * 1000)
    return StoredObject(name.key, int(listed["Size"]), written_at_ms, name.last_at_ms)
