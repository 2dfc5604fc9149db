"""Trace contexts: W3C's traceparent, and the header of AWS X-Ray that SNS, SQS and Lambda pass on.

Promises: a value that is no trace context counts as none, whoever wrote it; reading one takes time linear in at most
HEADER_CHARACTERS_MAX. The trace id is the same in both forms: 32 hexadecimal digits, which X-Ray writes as 1-8-24.
W3C: https://www.w3.org/TR/trace-context/#traceparent-header
X-Ray: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import re

# The message attribute, the HTTP header, the outbox column and the field of an event that hold a trace context.
TRACEPARENT = "traceparent"
# Version, trace id, parent id and flags are of fixed length.
TRACEPARENT_BYTES = 55
# The state that vendors keep beside it: https://www.w3.org/TR/trace-context/#tracestate-header
TRACESTATE = "tracestate"
TRACESTATE_CHARACTERS_MAX = 512
# More than any header that AWS's tools write; what stands behind is not read.
HEADER_CHARACTERS_MAX = 1_000

# Compiled at the first use, which most processes of the functions never come to.
_PARENT = r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{8})([0-9a-f]{24})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])"
_XRAY_ROOT = r"(?:^|;)\s?Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?=;|$)"
_XRAY_PARENT = r"(?:^|;)\s?Parent=([0-9a-f]{16})(?=;|$)"
_XRAY_SAMPLED = r"(?:^|;)\s?Sampled=1(?=;|$)"


def read_traceparent(value: object) -> str | None:
    """The value if it is a traceparent; None for anything else."""
    return value if isinstance(value, str) and re.fullmatch(_PARENT, value) is not None else None


def read_tracestate(value: object) -> str | None:
    """The value if it may be a tracestate: 1 to 512 printable ASCII characters; None for anything else."""
    is_state = isinstance(value, str) and re.fullmatch(f"[ -~]{{1,{TRACESTATE_CHARACTERS_MAX}}}", value) is not None
    return str(value) if is_state else None


def trace_id_of(traceparent: str) -> str:
    """The trace id in what read_traceparent returned: 32 hexadecimal digits."""
    return traceparent[3:35]


def to_xray_header(traceparent: str) -> str | None:
    """A traceparent as X-Ray's header; None for what is no traceparent."""
    found = re.fullmatch(_PARENT, traceparent)
    if found is None:
        return None
    begin, rest, parent, flags = found.groups()
    return f"Root=1-{begin}-{rest};Parent={parent};Sampled={int(flags, 16) & 1}"


def from_xray_header(header: str) -> str | None:
    """X-Ray's header as a traceparent; None where it names no trace, or no parent."""
    header = header[:HEADER_CHARACTERS_MAX]
    trace_id = find_trace_id(header)
    parent = re.search(_XRAY_PARENT, header)
    if trace_id is None or parent is None:
        return None
    flags = "01" if re.search(_XRAY_SAMPLED, header) else "00"
    return read_traceparent(f"00-{trace_id}-{parent[1]}-{flags}")


def find_trace_id(header: str) -> str | None:
    """The trace id in X-Ray's header, as W3C writes it; None for a header without one."""
    found = re.search(_XRAY_ROOT, header[:HEADER_CHARACTERS_MAX])
    return None if found is None else found[1] + found[2]
