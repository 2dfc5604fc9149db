"""Whether the SDK's code is the code that is known here; what another version does is not replaced."""

from __future__ import annotations

from typing import Any


def uses_only(function: Any, *names: str) -> bool:
    """Whether a function written in Python uses exactly these attributes and global names."""
    code = getattr(function, "__code__", None)
    return code is not None and set(code.co_names) == set(names)


def uses_at_most(function: Any, *names: str) -> bool:
    """Whether it uses no other attributes and global names than these: versions differ in what they have."""
    code = getattr(function, "__code__", None)
    return code is not None and set(code.co_names) <= set(names)
