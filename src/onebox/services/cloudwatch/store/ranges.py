"""What the stores share: the bounds of ranges of names."""

from __future__ import annotations

NAME_MAX = "\U0010ffff"
"""Sorts after every name; ends the range of a prefix."""
