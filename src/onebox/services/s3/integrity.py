"""The entity tag and the checksums of bytes that came. Large bodies are digested on another thread."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

from onebox.services.context import Wire
from onebox.services.s3.checksums import SLOW_ALGORITHMS, RunningChecksum, member_of
from onebox.services.s3.rules import check_md5, checked_checksums, etag_of, wanted_checksum

_INLINE_BYTES_MAX = 1024 * 1024
_SLOW_INLINE_BYTES_MAX = 64 * 1024


async def digests(request: Wire, data: bytes | memoryview, default_algorithm: str) -> tuple[str, dict[str, str]]:
    """The entity tag and the checksum of what came. Raises BadDigest and its like."""
    wanted = wanted_checksum(request)
    etag = etag_of(data) if len(data) <= _INLINE_BYTES_MAX else await asyncio.to_thread(etag_of, data)
    check_md5(request.get("ContentMD5"), etag)
    algorithm = wanted[0] if wanted else default_algorithm
    if len(data) > (_SLOW_INLINE_BYTES_MAX if algorithm in SLOW_ALGORITHMS else _INLINE_BYTES_MAX):
        return etag, await asyncio.to_thread(checked_checksums, wanted, default_algorithm, data)
    return etag, checked_checksums(wanted, default_algorithm, data)


async def digests_of_slices(slices: AsyncIterator[bytes], algorithm: str) -> tuple[str, dict[str, str]]:
    """The entity tag and the checksum (none for "") of bytes that come in slices."""
    md5, checksum = hashlib.md5(usedforsecurity=False), RunningChecksum(algorithm) if algorithm else None
    async for part in slices:
        md5.update(part)
        if checksum is not None:
            await asyncio.to_thread(checksum.add, part)
    if checksum is None:
        return md5.hexdigest(), {}
    return md5.hexdigest(), {member_of(algorithm): await asyncio.to_thread(checksum.result)}
