"""A person's notifications in the archive: objects are rewritten without them, and the old ones deleted.

Promises: the new object is written before the old one is deleted, so a crash leaves a repeat that a reader recognises,
and the next run deletes it. Every version of an object is looked at; an older one that holds the person's
data is deleted.
AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from typing import IO, NamedTuple, cast

from orders.archive.bucket import ArchiveBucket
from orders.archive.notification import Notification, from_line
from orders.archive.objects import PREFIX, make_objects
from orders.aws.clients import Aws
from orders.claims.reading import Objects, text_of
from orders.erasure.person import Person, order_id_of
from orders.errors import OperatorError, OrderRejected


class Version(NamedTuple):
    """One version of an object."""

    key: str
    id: str
    is_latest: bool


class ArchiveCopies:
    """The archive bucket."""

    place = "the archive"
    what = "notification"
    is_looked_at_first = True

    def __init__(self, aws: Aws, claims: Objects, on_progress: Callable[[int], None] = lambda _: None) -> None:
        self._bucket = ArchiveBucket(aws)
        self._s3 = aws.client("s3")
        self._claims = claims
        self._on_progress = on_progress

    def exists(self) -> bool:
        return self._bucket.exists()

    def find(self, person: Person) -> Iterator[str | None]:
        for version in self._versions():
            for one in self._read(version):
                text = text_of(one.message, self._claims)
                if person.owns(text):
                    yield order_id_of(text)

    def erase(self, person: Person) -> int:
        # Listed before anything is written: what is rewritten need not be read again.
        return sum(self._erase_from(version, person) for version in list(self._versions()))

    def _erase_from(self, version: Version, person: Person) -> int:
        notifications = list(self._read(version))
        kept = [one for one in notifications if not person.owns(text_of(one.message, self._claims))]
        if len(kept) == len(notifications):
            return 0
        if version.is_latest:
            for one in make_objects(kept):
                self._s3.put_object(
                    Bucket=self._bucket.name, Key=one.key, Body=one.content, ContentType="application/gzip"
                )
        self._s3.delete_object(Bucket=self._bucket.name, Key=version.key, VersionId=version.id)
        return len(notifications) - len(kept)

    def _versions(self) -> Iterator[Version]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket.name, Prefix=PREFIX)
        for number, one in enumerate(one for page in pages for one in page.get("Versions", [])):
            self._on_progress(number)
            yield Version(one["Key"], one["VersionId"], one["IsLatest"])

    def _read(self, version: Version) -> Iterator[Notification]:
        body = self._s3.get_object(Bucket=self._bucket.name, Key=version.key, VersionId=version.id)["Body"]
        with body, gzip.GzipFile(fileobj=cast(IO[bytes], body)) as stream:
            try:
                for line in stream:
                    yield from_line(line.decode())
            except (EOFError, zlib.error, OSError, ValueError, KeyError, TypeError, OrderRejected) as error:
                raise OperatorError(
                    f"the archive object {version.key} cannot be read: {error}",
                    "Repair it or delete it, and run again.",
                ) from error
