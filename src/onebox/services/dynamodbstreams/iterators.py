"""Shard iterators: a place in a shard, and since when, opaque to the client.

The form is AWS's: ``<stream arn>|1|<base64>``. An iterator is no secret and carries no right; whatever is wrong with
one raises ValidationException.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
"""

from __future__ import annotations

from typing import NamedTuple

from onebox.errors import ValidationException
from onebox.services.paging import make_token, read_token

LASTS_MS = 15 * 60 * 1000
_VERSION = "1"


class ShardIterator(NamedTuple):
    """Where reading goes on: after a record id, in a shard."""

    stream_arn: str
    shard_id: str
    after_id: int
    made_at_ms: int

    def __str__(self) -> str:
        place = make_token(self.shard_id, self.after_id, self.made_at_ms)
        return f"{self.stream_arn}|{_VERSION}|{place}"


def parse_iterator(text: str) -> ShardIterator:
    """The iterator. Raises ValidationException."""
    parts = text.split("|")
    if len(parts) != 3 or parts[1] != _VERSION:
        raise _invalid()
    place = read_token(parts[2], _invalid, str, int, int)
    if place is None:
        raise _invalid()
    return ShardIterator(parts[0], *place)


def _invalid() -> ValidationException:
    return ValidationException("Invalid ShardIterator")
