"""Trace contexts: W3C's traceparent, and the header of AWS X-Ray that SNS, SQS and Lambda pass on.

Promises: the trace id is the same in both forms: 32 hexadecimal digits, which X-Ray writes as 1-8-24.
W3C: https://www.w3.org/TR/trace-context/#traceparent-header
X-Ray: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import re

# More than any header that AWS's tools write; what stands behind is not read.
HEADER_CHARACTERS_MAX = 1_000

_match_parent = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{8})([0-9a-f]{24})-(?!0{16})([0-9a-f]{16})-[0-9a-f]([0-9a-f])"
).fullmatch
_find_root = re.compile(r"(?:^|;)\s?Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?=;|$)").search


def to_xray_header(traceparent: str) -> str | None:
    """A traceparent as X-Ray's header; None for what is no traceparent."""
    found = _match_parent(traceparent)
    if found is None:
        return None
    begin, rest, parent, flags = found.groups()
    return f"Root=1-{begin}-{rest};Parent={parent};Sampled={int(flags, 16) & 1}"


def find_trace_id(header: str) -> str | None:
    """The trace id in X-Ray's header, as W3C writes it; None for a header without one."""
    found = _find_root(header[:HEADER_CHARACTERS_MAX])
    return None if found is None else found[1] + found[2]
