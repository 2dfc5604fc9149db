"""The trace id of an invocation, in X-Ray's format. Pure.
AWS: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader"""

from __future__ import annotations

import re

_ROOT = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")
_HEADER_CHARACTERS_MAX = 512


def make_trace_id(header: str, random_hex: str, now_ms: int) -> str:
    """The caller's trace (``X-Amzn-Trace-Id``) with a new parent, else a new trace; ``random_hex`` has 40 digits."""
    if not header:
        return f"Root=1-{now_ms // 1000:08x}-{random_hex[:24]};Parent={random_hex[24:]};Sampled=0"
    parts = dict(part.strip().partition("=")[::2] for part in header[:_HEADER_CHARACTERS_MAX].split(";"))
    root, parent = parts.get("Root", ""), random_hex[24:]
    if _ROOT.fullmatch(root):
        sampled = "1" if parts.get("Sampled") == "1" else "0"
        return f"Root={root};Parent={parent};Sampled={sampled}"
    return f"Root=1-{now_ms // 1000:08x}-{random_hex[:24]};Parent={parent};Sampled=0"
