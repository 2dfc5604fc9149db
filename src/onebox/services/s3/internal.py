"""S3 for other services."""

from __future__ import annotations

from onebox.services.context import RequestContext
from onebox.services.pieces import Pieces
from onebox.services.registry import Access
from onebox.services.s3.authorization import required_access
from onebox.services.s3.bodies import BytesGone
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import NoSuchKey


class S3Internal:
    """Reading objects, for Lambda's code."""

    def __init__(self, core: S3Core) -> None:
        self._core = core

    def read_access(self, context: RequestContext, bucket: str, key: str, version_id: str | None = None) -> Access:
        """The right that a caller of :meth:`fetch` needs, with the object's condition keys and the bucket's policy."""
        version = {} if version_id is None else {"VersionId": version_id}
        (access,) = required_access(self._core, context, "GetObject", {"Bucket": bucket, "Key": key, **version})
        return access

    async def fetch(
        self, context: RequestContext, bucket: str, key: str, version_id: str | None = None, *, bytes_max: int
    ) -> Pieces | None:
        """The bytes of an object; None if they are more than ``bytes_max``. Other requests are answered in between.

        Raises NoSuchBucket, NoSuchKey, NoSuchVersion or AccessDenied."""
        core = self._core
        core.objects.load_bucket(bucket, context.account)
        stored = core.objects.load(bucket, key, version_id)
        if stored.size_bytes > bytes_max:
            return None
        extents = core.versions.extents(stored.object_id)
        try:
            return Pieces([piece async for piece in core.bodies.slices(extents, 0, stored.size_bytes)])
        except BytesGone:
            raise NoSuchKey(Key=key) from None
