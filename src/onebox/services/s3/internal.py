"""S3 for other services, inside the caller's transaction."""

from __future__ import annotations

from onebox.services.context import RequestContext
from onebox.services.s3.objects import Objects


class S3Internal:
    """Reading objects, for Lambda's code and CloudFormation's templates."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def fetch(self, context: RequestContext, bucket: str, key: str, version_id: str | None = None) -> bytes:
        """The bytes of an object. Raises NoSuchBucket, NoSuchKey, NoSuchVersion or AccessDenied."""
        self._objects.load_bucket(bucket, context.account)
        return self._objects.read(self._objects.load(bucket, key, version_id))
