"""Moments as Lambda writes them in its answers. Pure."""

from __future__ import annotations

from datetime import datetime, timezone


def iso_seconds(at_ms: int) -> str:
    """``2026-11-23T07:22:00.123456Z``: as the answers about function URLs have it."""
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def common_log_time(at_ms: int) -> str:
    """``23/Nov/2026:07:22:00 +0000``: as requests to function URLs have it."""
    moment = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{moment:%d}/{month}/{moment:%Y:%H:%M:%S} +0000"
