"""What the HTTP front accepts of one request, one connection and all connections together.

Sizes in bytes, times in milliseconds. The limits of bodies are those of AWS's services with room for the protocol:
what a service refuses in its own words must reach it, what is far beyond is not worth decoding.
"""

from __future__ import annotations

TARGET_BYTES_MAX = 32 * 1024
"""Path and query: a presigned URL with a session token has about 4 KiB."""
HEAD_BYTES_MAX = 64 * 1024
HEADERS_MAX = 200
BODY_BYTES_MAX = 128 * 1024 * 1024
"""Of any request, known service or not."""
PIPELINED_REQUESTS_MAX = 64
"""Requests of one connection that wait for their answers."""
BURST_REQUESTS_MAX = 16
"""Requests of one connection that are handled in one turn of the event loop."""
SLICE_BYTES = 16 * 1024
"""Heads and chunks are read in slices of this size, one in each turn: a slice holds some 2,700 chunks of one byte."""
REQUEST_BYTES = 1024
"""What one small request is taken to have, where requests are counted that were not read yet."""
BURST_PIECES_MAX = 2_000
"""Pieces of a body (chunks) after which a connection pauses until the next turn."""

HEAD_TIMEOUT_MS = 30_000
"""From a request's first byte to the end of its head."""
BODY_TIMEOUT_MS = 60_000
"""Within each such period a body must bring :data:`BODY_PROGRESS_BYTES`, or its rest."""
BODY_PROGRESS_BYTES = 16 * 1024
IDLE_TIMEOUT_MS = 180_000
"""Between two requests of a connection, and before the first."""
UNREAD_TIMEOUT_MS = 60_000
"""How long a client may read nothing of an answer."""

CONNECTIONS_MAX = 4_096
RESERVED_FILES = 256
"""Open files that are not connections: the database, functions and their pipes."""
UNREAD_BYTES_MAX = 32 * 1024 * 1024
"""Answers of all connections that their clients have not read. Beyond it, further large answers wait unmade, and
clients that read nothing for :data:`STALLED_MS` are cut off."""
STALLED_MS = 1_000
READING_BYTES = 16 * 1024
"""A client that has not read so much has read nothing."""

RESERVED_BODY_BYTES = 64 * 1024
"""Larger bodies are read when there is room for them in memory."""
MEDIUM_BODY_BYTES = 1024 * 1024
"""Bodies up to this size have a room of their own. The largest batches of SNS, SQS and Logs are about as long."""
MEDIUM_BODIES_BYTES_MAX = 64 * 1024 * 1024
"""Of all connections together, as below: received, or received and not answered."""
LARGE_BODIES_BYTES_MAX = 256 * 1024 * 1024
WAITING_BODIES_MAX = 256
"""Bodies of one kind that wait for room; of each a first packet is in memory. Further ones are refused."""
CROWDED_BODY_MS = 10_000
"""While others wait for room, a body must have come after so long and a second more for each MiB of it."""

SMALL_BODY_BYTES = 256 * 1024
"""Bodies up to this size are decoded at once, larger ones beside the event loop."""
COPIED_BYTES_MAX = 16 * 1024 * 1024
"""Larger bodies are handed on as the bytearray in which they were gathered: a copy would keep neighbours waiting."""
COMPRESSED_SMALL_BYTES = 4 * 1024
"""The same for compressed bodies, which grow a thousandfold at most."""

_MIB = 1024 * 1024
_BODY_BYTES_MAX = {
    "sqs": 4 * _MIB,  # 1 MiB of text, each of its bytes escaped
    "sns": 4 * _MIB,
    "dynamodb": 16 * _MIB,
    "dynamodbstreams": _MIB,
    "logs": 4 * _MIB,  # PutLogEvents takes 1 MiB of text
    "cloudwatch": 4 * _MIB,  # PutMetricData takes 1 MB
    "cloudformation": 4 * _MIB,  # a template of 51,200 bytes, or of 1 MB by macros, percent-encoded
    "iam": _MIB,
    "sts": _MIB,
    "ssm": _MIB,
    "ecr": _MIB,
    "lambda": 70 * _MIB,  # a zip file of 50 MB in base64
    "s3": BODY_BYTES_MAX,
}
_OTHER_BODY_BYTES_MAX = 4 * _MIB


def body_bytes_max(service: str | None) -> int:
    """The largest body that a service is given; ``None`` for a request whose head names no known service."""
    return _BODY_BYTES_MAX.get(service or "", _OTHER_BODY_BYTES_MAX)
