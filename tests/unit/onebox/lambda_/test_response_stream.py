"""Goal: a response of many small chunks costs its client's turns no more than one of few large ones."""

from __future__ import annotations

import asyncio

from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.response_stream import ResponseStream


class Source:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")


def read(stream: ResponseStream) -> list[bytes]:
    async def scenario() -> list[bytes]:
        return [chunk async for chunk in stream.chunks()]

    return asyncio.run(scenario())


def test_what_waits_is_read_together_up_to_64_kib() -> None:
    stream, source = ResponseStream(), Source()
    stream.begin("text/plain", source)
    for number in range(300_000):
        stream.write(bytes([number % 256]))
    assert source.calls == ["pause"]
    stream.end(Outcome(b"", failed=False, duration_ms=0.0))
    chunks = read(stream)
    assert [len(chunk) for chunk in chunks[:-1]] == [65_536] * 4
    assert b"".join(chunks) == bytes(number % 256 for number in range(300_000))
    assert source.calls == ["pause", "resume"]


def test_a_large_chunk_is_read_as_it_came() -> None:
    stream = ResponseStream()
    stream.begin("text/plain", Source())
    for size in (100_000, 1, 65_535, 2):
        stream.write(b"x" * size)
    stream.end(Outcome(b"", failed=False, duration_ms=0.0))
    assert [len(chunk) for chunk in read(stream)] == [100_000, 65_536, 2]
