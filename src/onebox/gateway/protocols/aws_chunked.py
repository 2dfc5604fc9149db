"""The ``aws-chunked`` body of S3 uploads: chunks with sizes and perhaps signatures, then trailers.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html. Chunk signatures
are read over: the seed signature covers the headers, and the trailing checksum the content. A trailer is a checksum
that the header ``x-amz-trailer`` has announced; no other becomes a header.
"""

from __future__ import annotations

from dataclasses import replace

from onebox.errors import AwsError
from onebox.gateway.message import Request

_TRAILERS = frozenset(
    f"x-amz-checksum-{algorithm}"
    for algorithm in (
        *("crc32", "crc32c", "crc64nvme", "sha1", "sha256"),
        *("md5", "sha512", "xxhash3", "xxhash64", "xxhash128"),  # S3 refuses these, as it does in a header
    )
)
_SIGNATURE = "x-amz-trailer-signature"
_LINE_BYTES_MAX = 4096
_SMALL_CHUNK_BYTES = 8192
_SMALL_CHUNKS_MAX = 10_000
"""AWS takes no chunk below 8 KiB but the last; a client that sends a few is served."""


class InvalidRequest(AwsError):
    """S3: ``x-amz-trailer`` announces what cannot be a trailer, or a second checksum."""


class MalformedTrailerError(AwsError):
    """S3: the trailers are not those that ``x-amz-trailer`` has announced."""


def unchunked(request: Request) -> Request:
    """The request with its plain body, and its trailing checksum among the headers; itself if it is not chunked.

    Raises ValueError for a body that is cut short, InvalidRequest, MalformedTrailerError.
    """
    headers = request.headers
    is_chunked = headers.get("x-amz-content-sha256", "").startswith("STREAMING-") or any(
        part.strip() == "aws-chunked" for part in headers.get("content-encoding", "").split(",")
    )
    if not is_chunked:
        return request
    body, trailers = _read_chunks(request.body)
    declared = headers.get("x-amz-decoded-content-length")
    if declared is not None and declared != str(len(body)):
        raise ValueError("the chunks hold another number of bytes than declared")
    encodings = [part.strip() for part in headers.get("content-encoding", "").split(",")]
    remaining = ",".join(part for part in encodings if part not in ("aws-chunked", ""))
    _check_trailers(headers, trailers)
    merged = {**headers, **trailers}
    merged.pop("content-encoding", None)
    if remaining:
        merged["content-encoding"] = remaining
    return replace(request, body=body, headers=merged)


def _read_chunks(raw: bytes) -> tuple[bytes, dict[str, str]]:
    parts: list[bytes] = []
    position = 0
    small_chunks = 0
    while True:
        line, position = _read_line(raw, position)
        size_text = line.partition(b";")[0].strip()
        if not 0 < len(size_text) <= 8:
            raise ValueError("a chunk without a size")
        size = int(size_text, 16)
        if size == 0:
            return b"".join(parts), _read_trailers(raw[position : position + _LINE_BYTES_MAX])
        chunk = raw[position : position + size]
        if len(chunk) != size or raw[position + size : position + size + 2] != b"\r\n":
            raise ValueError("a chunk is cut short")
        small_chunks += size < _SMALL_CHUNK_BYTES
        if small_chunks > _SMALL_CHUNKS_MAX:
            raise ValueError("too many small chunks")
        parts.append(chunk)
        position += size + 2


def _read_trailers(raw: bytes) -> dict[str, str]:
    trailers: dict[str, str] = {}
    for line in raw.split(b"\r\n"):
        name, separator, value = line.partition(b":")
        key = name.decode("latin-1").strip().lower()
        if separator and key != _SIGNATURE:
            trailers[key] = value.decode("latin-1").strip()
    return trailers


def _check_trailers(headers: dict[str, str], trailers: dict[str, str]) -> None:
    names = [name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")]
    announced = {name for name in names if name}
    if not announced <= _TRAILERS:
        raise InvalidRequest("The value specified in the x-amz-trailer header is not supported")
    if len(announced) > 1 or (announced and not _TRAILERS.isdisjoint(headers)):
        raise InvalidRequest("Expecting a single x-amz-checksum- header")
    if trailers.keys() != announced:
        raise MalformedTrailerError(
            "The request contained trailing data that was not well-formed or did not conform to our published schema."
        )


def _read_line(raw: bytes, position: int) -> tuple[bytes, int]:
    end = raw.find(b"\r\n", position, position + _LINE_BYTES_MAX)
    if end < 0:
        raise ValueError("a chunk header without an end")
    return raw[position:end], end + 2
