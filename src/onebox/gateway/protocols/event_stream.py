"""Event streams in answers: a sequence of binary frames, each an event of the operation's output.

Events that are known already are one body; others are sent as they come. Pure.
AWS: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable
from zlib import crc32

from onebox.gateway.protocols.json_shapes import JsonEncoders, dump_json
from onebox.gateway.specs.loader import ServiceModel, Shape
from onebox.services.context import Wire

CONTENT_TYPE = ("Content-Type", "application/vnd.amazon.eventstream")
_TEXT_HEADER = 7
_JSON = "application/json"
_BYTES = "application/octet-stream"
_EncodeEvent = Callable[[Wire], tuple[str, bytes]]


def find_event_stream(model: ServiceModel, output: Shape) -> str | None:
    """The member of an output that is a stream of events; None for an operation that answers with none."""
    for name, ref in output["members"].items():
        if model.load_shape(ref["shape"]).get("eventstream"):
            return str(name)
    return None


def build_event_encoder(model: ServiceModel, stream_name: str) -> Callable[[Wire], bytes]:
    """The encoder of an event, a dict of one member: its name and what it holds."""
    members = {name: ref["shape"] for name, ref in model.load_shape(stream_name)["members"].items()}
    encoders = {name: _build(model, shape) for name, shape in members.items()}
    exceptions = {name for name, shape in members.items() if model.load_shape(shape).get("exception")}

    def encode(event: Wire) -> bytes:
        ((name, value),) = event.items()
        content_type, payload = encoders[name](value)
        kind = "exception" if name in exceptions else "event"
        return encode_frame({":message-type": kind, f":{kind}-type": name, ":content-type": content_type}, payload)

    return encode


async def encode_rpc(first: Wire, events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The frames of an operation of a JSON protocol: what it answers besides the stream comes first, as an event."""
    headers = {":message-type": "event", ":event-type": "initial-response", ":content-type": _JSON}
    yield encode_frame(headers, dump_json(first))
    async for frame in events:
        yield frame


async def encode_each(encode: Callable[[Wire], bytes], events: AsyncIterator[Wire]) -> AsyncIterator[bytes]:
    """The frames of events, as these come."""
    async for event in events:
        yield encode(event)


def encode_frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame: lengths and their checksum, headers, payload, and the checksum of all."""
    head = b"".join(_encode_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return message + struct.pack(">I", crc32(message))


def _encode_header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(">B", len(key)) + key + struct.pack(">BH", _TEXT_HEADER, len(text)) + text


def _build(model: ServiceModel, event_name: str) -> _EncodeEvent:
    """An event's payload is the bytes of the member that is one, else its members as JSON."""
    members = model.load_shape(event_name).get("members", {})
    for name, ref in members.items():
        if ref.get("eventpayload") and model.load_shape(ref["shape"])["type"] == "blob":
            return lambda event: (_BYTES, bytes(event.get(name, b"")))
    encode_members = JsonEncoders(model).structure(event_name, members)
    return lambda event: (_JSON, dump_json(encode_members(event)))
