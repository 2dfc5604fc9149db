"""Giving memory back to the operating system."""

from __future__ import annotations

import contextlib


def give_back_memory() -> None:
    """Return what the C library keeps of freed memory; does nothing where it cannot (macOS, musl, Windows)."""
    with contextlib.suppress(ImportError, OSError, AttributeError, TypeError):
        import ctypes  # rarely needed, and its import would slow every start

        ctypes.CDLL(None).malloc_trim(0)
