"""S3 for other services, inside the caller's transaction."""

from __future__ import annotations

from onebox.services.context import RequestContext
from onebox.services.registry import Access
from onebox.services.s3.authorization import required_access
from onebox.services.s3.core import S3Core


class S3Internal:
    """Reading objects, for Lambda's code and CloudFormation's templates."""

    def __init__(self, core: S3Core) -> None:
        self._core = core

    def read_access(self, context: RequestContext, bucket: str, key: str, version_id: str | None = None) -> Access:
        """The right that a caller of :meth:`fetch` needs, with the object's condition keys and the bucket's policy."""
        version = {} if version_id is None else {"VersionId": version_id}
        (access,) = required_access(self._core, context, "GetObject", {"Bucket": bucket, "Key": key, **version})
        return access

    def fetch(self, context: RequestContext, bucket: str, key: str, version_id: str | None = None) -> bytes:
        """The bytes of an object. Raises NoSuchBucket, NoSuchKey, NoSuchVersion or AccessDenied."""
        objects = self._core.objects
        objects.load_bucket(bucket, context.account)
        return objects.read(objects.load(bucket, key, version_id))
