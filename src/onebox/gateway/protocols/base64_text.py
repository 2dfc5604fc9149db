"""Strict base64. Pure."""

from __future__ import annotations

import binascii


def decode_base64(text: str) -> bytes | None:
    """Strict base64, or None."""
    try:
        decoded = binascii.a2b_base64(text)
    except (ValueError, binascii.Error):
        return None
    # The C decoder skips foreign characters; the lengths agree only if there were none, and no early padding.
    padding_at = text.find("=")
    is_strict = len(text) == (len(decoded) + 2) // 3 * 4 and (padding_at < 0 or padding_at >= len(text) - 2)
    return decoded if is_strict else None
