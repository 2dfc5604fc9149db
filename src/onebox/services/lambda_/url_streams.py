"""Answers of function URLs that the function streams (InvokeMode RESPONSE_STREAM).

AWS: https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.url_events import InvalidAnswer, UrlAnswer, read_prelude

_WITH_PRELUDE = "application/vnd.awslambda.http-integration-response"
_PRELUDE_END = bytes(8)
_PRELUDE_BYTES_MAX = 64 * 1024


class StreamBroken(Exception):
    """The function failed after its answer had begun: the client is to notice that the rest is missing."""


async def read_streamed_answer(stream: ResponseStream) -> UrlAnswer | None:
    """The answer of a function that has begun to stream; None if it failed before the first byte of the body.
    Raises InvalidAnswer. Until the answer's chunks are read to their end the stream belongs to them."""
    assert stream.content_type is not None
    chunks = stream.chunks()
    if not stream.content_type.startswith(_WITH_PRELUDE):
        return UrlAnswer(200, b"", [("Content-Type", _one_line(stream.content_type))], _body(stream, b"", chunks))
    start = b""
    async for chunk in chunks:
        start += chunk
        prelude, end, rest = start.partition(_PRELUDE_END)
        if end:
            answer = read_prelude(prelude)
            return UrlAnswer(answer.status, b"", answer.headers, _body(stream, rest, chunks))
        if len(start) > _PRELUDE_BYTES_MAX:
            break
    if stream.has_failed:
        return None
    raise InvalidAnswer("the streamed answer has no prelude, or one of more than 64 KiB")


async def _body(stream: ResponseStream, first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        yield first
        async for chunk in chunks:
            yield chunk
    finally:
        stream.abandon()
    if stream.has_failed:
        raise StreamBroken(stream.outcome.payload.decode("utf-8", "replace"))


def _one_line(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
