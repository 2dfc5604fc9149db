"""Moments as Lambda writes them in its answers, events and logs. Pure."""

from __future__ import annotations

from datetime import datetime, timezone


def iso_seconds(at_ms: int) -> str:
    """``2026-11-23T07:22:00Z``: as the records of streams have it."""
    return _iso(at_ms, "seconds", "Z")


def iso_milliseconds(at_ms: int) -> str:
    """``2026-11-23T07:22:00.123Z``: as logs, and the results that go to destinations, have it."""
    return _iso(at_ms, "milliseconds", "Z")


def iso_microseconds(at_ms: int) -> str:
    """``2026-11-23T07:22:00.123000Z``: as the answers about function URLs and code signing have it."""
    return _iso(at_ms, "microseconds", "Z")


def offset_seconds(at_ms: int) -> str:
    """``2026-11-23T07:22:00+0000``: as the answers about provisioned concurrency have it."""
    return _iso(at_ms, "seconds", "+0000")


def offset_milliseconds(at_ms: int) -> str:
    """``2026-11-23T07:22:00.123+0000``: as the answers about functions and layers have it."""
    return _iso(at_ms, "milliseconds", "+0000")


def common_log_time(at_ms: int) -> str:
    """``23/Nov/2026:07:22:00 +0000``: as requests to function URLs have it."""
    moment = _moment(at_ms)
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{moment:%d}/{month}/{moment:%Y:%H:%M:%S} +0000"


def _iso(at_ms: int, precision: str, zone: str) -> str:
    return _moment(at_ms).isoformat(timespec=precision).replace("+00:00", zone)


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc)
