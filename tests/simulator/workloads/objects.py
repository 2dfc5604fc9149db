"""Objects of a bucket: clients put, put what must be new, upload in parts, read, delete, and list."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from tests.simulator.calls import Lost, NotSent
from tests.simulator.client import Client, Request
from tests.simulator.requests import Answer
from tests.simulator.workloads.keys import Keys

BUCKET = "simulated-objects"
_SIZES = (20, 900, 20, 5_000, 20, 70_000, 20, 900, 20, 600_000)
"""Some are stored in one piece, some in several. An object's size follows from its value."""
DAMAGED = -1
"""What a read learns of content that nobody wrote."""


class ObjectWorkload:
    """Each key is an object; its value is the number with which its content begins."""

    def __init__(self) -> None:
        self._keys = Keys("object", at_a_time=4, uses=50)
        self._values = itertools.count(1)
        self._value_of_tag: dict[str, int] = {}

    async def step(self, client: Client) -> None:
        """One operation."""
        key = self._keys.draw(client.chance)
        draw = client.chance.random()
        if draw < 0.4:
            await _read(client, key)
        elif draw < 0.6:
            await self._put(client, key)
        elif draw < 0.72:
            await self._put_new(client, key)
        elif draw < 0.8:
            await self._upload(client, key)
        elif draw < 0.9:
            await client.do("object-delete", {"key": key}, Request("s3", "DeleteObject", _named(key)))
        else:
            await self._list(client, self._keys.current)

    async def _put(self, client: Client, key: str) -> None:
        value, content = self._next_content()
        request = Request("s3", "PutObject", {**_named(key), "Body": content})
        await client.do("object-put", {"key": key, "value": value}, request)

    async def _put_new(self, client: Client, key: str) -> None:
        value, content = self._next_content()
        await client.do(
            "object-put-new",
            {"key": key, "value": value},
            Request("s3", "PutObject", {**_named(key), "Body": content, "IfNoneMatch": "*"}),
            lambda _: {"done": True},
            meaning=lambda answer: {"done": False} if answer.code == "PreconditionFailed" else None,
        )

    async def _upload(self, client: Client, key: str) -> None:
        """Only the completion is an operation of the history: nothing of an upload may be seen before it."""
        value, content = self._next_content(parts=1)
        call = client.caller.call
        try:
            begun = await call("s3", "CreateMultipartUpload", _named(key))
            if begun.status >= 300:
                return
            upload = {**_named(key), "UploadId": begun.value["UploadId"]}
            part = await call("s3", "UploadPart", {**upload, "PartNumber": 1, "Body": content})
        except (NotSent, Lost):
            return
        if part.status < 300:
            parts = {"Parts": [{"PartNumber": 1, "ETag": part.value["ETag"]}]}
            request = Request("s3", "CompleteMultipartUpload", {**upload, "MultipartUpload": parts})
            await client.do("object-put", {"key": key, "value": value}, request)

    async def _list(self, client: Client, keys: list[str]) -> None:
        request = Request("s3", "ListObjectsV2", {"Bucket": BUCKET, "Prefix": "object-"})

        def learn(answer: dict[str, Any]) -> Any:
            tags = {entry["Key"]: entry["ETag"].strip('"') for entry in answer.get("Contents", [])}
            return {"values": {key: self._value_of_tag.get(tags[key], DAMAGED) for key in keys if key in tags}}

        await client.do("object-list", {"keys": list(keys)}, request, learn)

    def _next_content(self, parts: int = 0) -> tuple[int, bytes]:
        value = next(self._values)
        content = content_of(value)
        digest = hashlib.md5(content, usedforsecurity=False)
        tag = digest.hexdigest()
        if parts:
            tag = f"{hashlib.md5(digest.digest(), usedforsecurity=False).hexdigest()}-{parts}"
        self._value_of_tag[tag] = value
        return value, content

    async def end(self, client: Client) -> None:
        """Read and list what is left."""
        for key in self._keys.current:
            await _read(client, key)
        await self._list(client, self._keys.current)


def content_of(value: int) -> bytes:
    """The content of an object with this value, every byte of it."""
    size = _SIZES[value % len(_SIZES)]
    unit = f"{value};".encode()
    return (unit * (size // len(unit) + 1))[:size]


def value_of(content: bytes) -> int:
    """The value of an object with this content; DAMAGED if it is not exactly what a client wrote."""
    number = content.partition(b";")[0]
    value = int(number) if number.isdigit() else DAMAGED
    return value if value != DAMAGED and content == content_of(value) else DAMAGED


async def _read(client: Client, key: str) -> None:
    await client.do(
        "object-get",
        {"key": key},
        Request("s3", "GetObject", _named(key)),
        lambda answer: {"value": value_of(answer["Body"])},
        meaning=_absence,
    )


def _absence(answer: Answer) -> Any:
    return {"value": None} if answer.code == "NoSuchKey" else None


def _named(key: str) -> dict[str, Any]:
    return {"Bucket": BUCKET, "Key": key}
