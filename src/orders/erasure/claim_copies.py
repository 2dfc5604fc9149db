"""A person's orders in the claims bucket: the content of messages, and the bodies of stored orders.

They are erased after everything that points to them: once they are gone, a pointer tells no more whose order it was.
AWS: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from orders.claims.bucket import ClaimBucket, ObjectVersion
from orders.erasure.person import Person, order_id_of


class ClaimCopies:
    """The claims bucket, all versions of its objects."""

    place = "the claims bucket"
    what = "object"
    is_looked_at_first = True

    def __init__(self, bucket: ClaimBucket) -> None:
        self._bucket = bucket

    def find(self, person: Person) -> Iterator[str | None]:
        yield from (order_id_of(text) for _, text in self._owned(person))

    def erase(self, person: Person) -> int:
        erased = 0
        for version, _ in list(self._owned(person)):
            self._bucket.remove(version)
            erased += 1
        return erased

    def _owned(self, person: Person) -> Iterator[tuple[ObjectVersion, str]]:
        for version in self._bucket.versions():
            content = self._bucket.get(version.key, version.id, bytes_max=None)
            text = "" if content is None else content.decode("utf-8", "replace")
            if person.owns(text):
                yield version, text
