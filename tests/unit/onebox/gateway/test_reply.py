"""Goal: an answer in parts has the form that its own request's HTTP version takes, whatever was sent after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from onebox.gateway.message import Request, StreamedResponse
from onebox.gateway.reply import Reply
from tests.unit.onebox.gateway.test_server import with_server

OLD = b"GET /old HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
NEW = b"GET /new HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
IN_CHUNKS = b"\r\n\r\n5\r\nparts\r\n0\r\n\r\n"


async def _parts() -> AsyncIterator[bytes]:
    yield b"parts"


@pytest.mark.parametrize(
    ("requests", "is_in_chunks"),
    [
        (NEW.replace(b"close", b"keep-alive") + OLD, [True, False]),
        (OLD + NEW, [False]),
        (OLD.replace(b"Connection", b"Proxy-Connection") + NEW, [False]),
    ],
    ids=["1.1 then 1.0", "1.0 then 1.1", "1.0 from a proxy then 1.1"],
)
def test_streamed_answer_has_the_form_of_its_own_request(requests: bytes, is_in_chunks: list[bool]) -> None:
    """Answers begin when both requests are there. One without chunks ends with its connection."""
    waiting: list[Reply] = []
    tasks: list[asyncio.Task[None]] = []

    def handler(request: Request, reply: Reply) -> None:
        waiting.append(reply)
        if len(waiting) == 2:
            for each in waiting:
                response = StreamedResponse(200, b"", [], chunks=_parts())
                tasks.append(asyncio.get_running_loop().create_task(each.stream(response)))

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(requests)
        answers = (await reader.read()).split(b"HTTP/1.1 200 ")[1:]
        assert [answer.endswith(IN_CHUNKS) for answer in answers] == is_in_chunks
        assert answers[-1].endswith(b"\r\n\r\nparts")

    with_server(handler, talk)
