"""The size of policy documents: IAM does not count white space."""

from __future__ import annotations


def counted_characters(document: str) -> int:
    """The characters of a document that count against a quota."""
    return len("".join(document.split()))
