"""Pure decisions of S3: names, ranges, conditions, entity tags."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from hashlib import md5
from ipaddress import IPv4Address
from typing import Any

from onebox.services.s3.checksums import ALGORITHMS, checksum_of, member_of
from onebox.services.s3.errors import (
    BadDigest,
    InvalidDigest,
    InvalidRange,
    InvalidRequest,
    KeyTooLongError,
    MetadataTooLarge,
    NotModified,
    PreconditionFailed,
)
from onebox.services.s3.limits import KEY_BYTES_MAX, METADATA_BYTES_MAX

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))", re.ASCII)


def is_bucket_name(name: str) -> bool:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""
    if _BUCKET_NAME.fullmatch(name) is None or ".." in name:
        return False
    if name.startswith(("xn--", "sthree-", "amzn-s3-demo-")) or name.endswith(
        ("-s3alias", "--ol-s3", ".mrap", "--x-s3")
    ):
        return False
    return not _is_address(name)


def _is_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return False
    return True


def check_key(key: str) -> None:
    """Raises KeyTooLongError."""
    size_bytes = len(key.encode("utf-8", "surrogatepass"))
    if size_bytes > KEY_BYTES_MAX:
        raise KeyTooLongError(Size=size_bytes, MaxSizeAllowed=KEY_BYTES_MAX)


def check_metadata(metadata: dict[str, str]) -> None:
    """Raises MetadataTooLarge."""
    size_bytes = sum(len(key) + len(value.encode("utf-8", "surrogatepass")) for key, value in metadata.items())
    if size_bytes > METADATA_BYTES_MAX:
        raise MetadataTooLarge(Size=size_bytes, MaxSizeAllowed=METADATA_BYTES_MAX)


def etag_of(data: bytes | memoryview) -> str:
    """The entity tag of an object that was uploaded in one piece."""
    return md5(data, usedforsecurity=False).hexdigest()


def multipart_etag(part_etags: list[str]) -> str:
    """The entity tag of an object that was uploaded in parts."""
    joined = b"".join(bytes.fromhex(etag) for etag in part_etags)
    return f"{md5(joined, usedforsecurity=False).hexdigest()}-{len(part_etags)}"


def quoted(etag: str) -> str:
    """An entity tag as it travels."""
    return f'"{etag}"'


def bare(etag: str) -> str:
    """An entity tag without its quotation marks."""
    return etag.removeprefix("W/").strip('"')


def check_md5(content_md5: str | None, etag: str) -> None:
    """Raises InvalidDigest or BadDigest. ``etag`` is the MD5 of what came."""
    if content_md5 is None:
        return
    try:
        digest = b64decode(content_md5, validate=True)
    except ValueError:  # also for what is not ASCII
        digest = b""
    if len(digest) != 16:
        raise InvalidDigest(**{"Content-MD5": content_md5})
    if digest.hex() != etag:
        raise BadDigest(ExpectedDigest=content_md5, CalculatedDigest=etag)


def wanted_checksum(request: dict[str, Any]) -> tuple[str, str] | None:
    """``(algorithm, base64)`` that the client sent, if any. Raises InvalidRequest for more than one."""
    sent = [(algorithm, request[member_of(algorithm)]) for algorithm in ALGORITHMS if member_of(algorithm) in request]
    if len(sent) > 1:
        raise InvalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
    return sent[0] if sent else None


def checked_checksums(
    wanted: tuple[str, str] | None, default_algorithm: str, data: bytes | memoryview
) -> dict[str, str]:
    """The checksum to keep: the client's, verified, else one of our own. Raises BadDigest. Slow for some algorithms."""
    algorithm = wanted[0] if wanted else default_algorithm
    if not algorithm:
        return {}
    checksum = checksum_of(algorithm, data)
    if wanted is not None and wanted[1] != checksum:
        raise BadDigest(f"The {algorithm} you specified did not match the calculated checksum.")
    return {member_of(algorithm): checksum}


def checksum_type(checksums: Mapping[str, str]) -> str:
    """Whether checksums (one at least) are of the whole object or of its parts' checksums."""
    return "COMPOSITE" if "-" in next(iter(checksums.values())) else "FULL_OBJECT"


def parse_range(text: str | None, size_bytes: int) -> tuple[int, int] | None:
    """``(first byte, bytes)``; None for the whole, also where the header is not a range of bytes, as HTTP has it.

    Raises InvalidRange for one that lies outside."""
    match = _RANGE.fullmatch(text) if text else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        begin, end = max(0, size_bytes - int(suffix)), size_bytes
    else:
        begin, end = int(first), min(size_bytes, int(last) + 1) if last is not None else size_bytes
        if last is not None and int(last) < begin:
            return None
    if begin >= end:
        raise InvalidRange(RangeRequested=text, ActualObjectSize=size_bytes)
    return begin, end - begin


def check_read_conditions(request: dict[str, Any], etag: str, modified_at_ms: int) -> None:
    """If-Match and its like on reading. Raises PreconditionFailed or NotModified.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html"""
    modified_s = modified_at_ms // 1000
    if "IfMatch" in request:
        if not _matches(request["IfMatch"], etag):
            raise PreconditionFailed(Condition="If-Match")
    elif "IfUnmodifiedSince" in request and modified_s > request["IfUnmodifiedSince"] // 1000:
        raise PreconditionFailed(Condition="If-Unmodified-Since")
    if "IfNoneMatch" in request:
        if _matches(request["IfNoneMatch"], etag):
            raise NotModified
    elif "IfModifiedSince" in request and modified_s <= request["IfModifiedSince"] // 1000:
        raise NotModified


def check_copy_conditions(request: dict[str, Any], etag: str, modified_at_ms: int) -> None:
    """The same on the source of a copy, where all failures are PreconditionFailed."""
    prefix = "CopySource"
    own = {name.removeprefix(prefix): value for name, value in request.items() if name.startswith(prefix + "If")}
    try:
        check_read_conditions(own, etag, modified_at_ms)
    except NotModified:
        raise PreconditionFailed(Condition="x-amz-copy-source-if-none-match") from None


def check_write_conditions(request: Mapping[str, Any], etag: str | None) -> bool:
    """If-Match and If-None-Match on writing; ``etag`` is that of the current object. Raises PreconditionFailed.

    False where If-Match names an object that does not exist.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
    none_match = request.get("IfNoneMatch")
    if none_match is not None and etag is not None and _matches(none_match, etag):
        raise PreconditionFailed(Condition="If-None-Match")
    match = request.get("IfMatch")
    if match is None:
        return True
    if etag is None:
        return False
    if not _matches(match, etag):
        raise PreconditionFailed(Condition="If-Match")
    return True


def _matches(condition: str, etag: str) -> bool:
    return any(part.strip() == "*" or bare(part.strip()) == etag for part in condition.split(","))


def whole_seconds(at_ms: int) -> int:
    """A moment as S3 keeps it: without its milliseconds."""
    return at_ms // 1000 * 1000


def key_after_prefix(prefix: str) -> str | None:
    """The least text that is greater than everything that begins with ``prefix``; None if there is none."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return None
