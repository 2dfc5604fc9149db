"""Compressed answers, for services that compress them: DynamoDB, from 4 KB on, if the client asks for it.

Pure. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

from onebox.gateway.message import Response

COMPRESSING_SERVICES = frozenset(("dynamodb", "dynamodbstreams"))
COMPRESSED_FROM_BYTES = 4096
_COMPRESSED_TO_BYTES = 4 * 1024 * 1024
"""Larger answers go out as they are: compressing them would hold up others for too long."""
_HEADER_CHARACTERS_MAX = 1024
_CODINGS = ("gzip", "deflate")
_WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_FASTEST = 1
_NAME = re.compile(r"[a-z]+|\*")
_QUALITY = re.compile(r"[0-9]{0,8}(?:\.[0-9]{0,8})?")


def compressed(response: Response, accepted: str) -> Response:
    """The answer in the coding that an Accept-Encoding header asks for, its checksum over the compressed bytes; the
    answer as it is if the header admits none."""
    coding = choose_coding(accepted)
    if coding is None or len(response.body) > _COMPRESSED_TO_BYTES:
        return response
    packer = zlib.compressobj(_FASTEST, wbits=_WINDOW_BITS[coding])
    body = packer.compress(response.body) + packer.flush()
    headers = [(name, value) for name, value in response.headers if name != "x-amz-crc32"]
    headers += [("Content-Encoding", coding), ("x-amz-crc32", str(zlib.crc32(body)))]
    return replace(response, body=body, headers=headers)


def choose_coding(accepted: str) -> str | None:
    """gzip or deflate, by the header's qualities and then its order; None for neither."""
    qualities: dict[str, float] = {}
    for part in accepted[:_HEADER_CHARACTERS_MAX].lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if _NAME.fullmatch(name) and name not in qualities:
            quality = _quality(parameters)
            if quality is not None:
                qualities[name] = quality
    if "*" in qualities:
        for coding in _CODINGS:
            qualities.setdefault(coding, qualities["*"])
    best: str | None = None
    for name, quality in qualities.items():
        if name in _CODINGS and quality > (0 if best is None else qualities[best]):
            best = name
    return best


def _quality(parameters: list[str]) -> float | None:
    """The first ``q`` of a coding, 1 without one; None where it is no number."""
    for parameter in parameters:
        name, equals, value = (piece.strip() for piece in parameter.partition("="))
        if name == "q" and equals:
            if not _QUALITY.fullmatch(value) or not value.strip("."):
                return None
            return min(float(value), 1.0)
    return 1.0
