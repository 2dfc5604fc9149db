"""Claim checks: an order too large for a message waits in S3, and the message points to it.

The pointer is that of AWS's Extended Client Libraries for SNS and SQS, so that other subscribers read it with those. A
key of ours holds the digest and the size of the content, which are checked when it is read; a key that an Extended
Client chose is taken below the same prefix.
https://docs.aws.amazon.com/sns/latest/dg/extended-client-library-python.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-managing-large-messages.html
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from orders.domain.order import unwrap_body
from orders.errors import OrderRejected

CLAIMS_PREFIX = "claims/"
# OrderIntake answers an order of this size within Lambda's 6 MB, and OrderProcessor holds one at a time in its memory.
CLAIM_BYTES_MAX = 4 * 1024 * 1024
POINTER_CLASS = "software.amazon.payloadoffloading.PayloadS3Pointer"
# Written by the Extended Client Libraries of version 1.
_POINTER_CLASSES = frozenset({POINTER_CLASS, "com.amazon.sqs.javamessaging.MessageS3Pointer"})
SIZE_ATTRIBUTE = "ExtendedPayloadSize"
"""The message attribute by which the Extended Client Libraries recognise a pointer: the size of the content."""
CLAIM_GONE = "ClaimGone"

_is_key = re.compile(r"claims/[A-Za-z0-9][A-Za-z0-9._-]{0,254}", re.ASCII).fullmatch
_match_own_key = re.compile(r"claims/([0-9a-f]{64})-([0-9]{1,12})", re.ASCII).fullmatch


class Pointer(NamedTuple):
    """Where a message's content is."""

    bucket: str
    key: str


def find_pointer(body: str) -> Pointer | None:
    """The pointer that a message is, alone or in SNS's envelope; None for any other message."""
    if "S3Pointer" not in body:
        return None
    try:
        value = json.loads(unwrap_body(body))
    except (ValueError, RecursionError):
        return None
    if type(value) is not list or len(value) != 2 or type(value[0]) is not str or value[0] not in _POINTER_CLASSES:
        return None
    place = value[1] if type(value[1]) is dict else {}
    return Pointer(_text(place.get("s3BucketName")), _text(place.get("s3Key")))


def write_pointer(bucket: str, key: str) -> str:
    """The message that points to this object."""
    return json.dumps([POINTER_CLASS, {"s3BucketName": bucket, "s3Key": key}])


def make_key(content: bytes) -> str:
    """The key of a content."""
    import hashlib  # where claims are written

    return f"{CLAIMS_PREFIX}{hashlib.sha256(content).hexdigest()}-{len(content)}"


def check_pointer(pointer: Pointer, bucket: str | None) -> str:
    """The key to read. Raises OrderRejected for a pointer to any place but the claims of the system's own bucket.

    No reason repeats what the pointer says: it may hold anything.
    """
    if bucket is None:
        raise OrderRejected(
            "the message points to an order in S3, and the system has no claim checks: "
            "`orders deploy -p ClaimCheck=Yes`, then `orders dlq redrive`"
        )
    if pointer.bucket != bucket:
        raise OrderRejected(f"the message points to another bucket: only {bucket} is read")
    if not _is_key(pointer.key):
        raise OrderRejected(f"the message points to another place of the bucket: only {CLAIMS_PREFIX}NAME is read")
    return pointer.key


def read_content(key: str, content: bytes) -> str:
    """The text of a claim. Raises OrderRejected where it is not what the key says, too large or no text."""
    if len(content) > CLAIM_BYTES_MAX:
        raise too_large(len(content))
    own = _match_own_key(key)
    if own is not None:
        import hashlib

        if len(content) != int(own[2]) or hashlib.sha256(content).hexdigest() != own[1]:
            raise OrderRejected("the order in S3 is not the one that was published: size or digest differs")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise OrderRejected(f"the order in S3 is not UTF-8: byte {error.start}") from error


def too_large(size: int) -> OrderRejected:
    """The refusal of an order beyond CLAIM_BYTES_MAX."""
    return OrderRejected(f"{size:,} bytes: an order has {CLAIM_BYTES_MAX:,} at most, also by claim check")


def gone() -> OrderRejected:
    """The refusal of a pointer to nothing."""
    return OrderRejected(
        "the order is no longer in S3: it was erased, or ClaimDays have passed. Publish it again, or delete the "
        "message with `orders dlq purge`",
        code=CLAIM_GONE,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
