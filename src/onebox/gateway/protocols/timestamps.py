"""Timestamps between their wire forms and milliseconds since the epoch.

The forms: https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait. Parsers raise ValueError and nothing
else; moments beyond the years 1 to 9999 are brought back to the nearest that can be written.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LEAST_MS = -62_135_596_800_000
_MOST_MS = 253_402_300_799_999
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(?:([Zz])|([+-]\d\d):?(\d\d)?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,12})?(?:[eE][+-]?\d{1,2})?", re.ASCII)


def parse_epoch_seconds(value: float) -> int:
    """Seconds, perhaps fractional, as milliseconds."""
    if not math.isfinite(value):
        raise ValueError("not a moment")
    return round(max(_LEAST_MS, min(_MOST_MS, value * 1000)))


def parse_timestamp_text(text: str) -> int:
    """ISO 8601, HTTP date or epoch seconds as text: a service reads all three, whichever it writes."""
    match = _ISO.fullmatch(text)
    if match:
        return _parse_iso(match)
    if _NUMBER.fullmatch(text):
        return parse_epoch_seconds(float(text))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError) as error:
        raise ValueError("not a date") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return to_ms(moment)


def _parse_iso(match: re.Match[str]) -> int:
    year, month, day, hour, minute, second, fraction, _, offset_hours, offset_minutes = match.groups()
    whole = datetime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        tzinfo=timezone.utc,
    )
    ms = to_ms(whole) + (int((fraction + "00")[:3]) if fraction else 0)
    if offset_hours:
        sign = -1 if offset_hours[0] == "-" else 1
        ms -= sign * (abs(int(offset_hours)) * 60 + int(offset_minutes or 0)) * 60_000
    return max(_LEAST_MS, min(_MOST_MS, ms))


def to_ms(moment: datetime) -> int:
    """An aware datetime as milliseconds."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def write_epoch_seconds(ms: int) -> int | float:
    """Whole seconds where it is whole seconds."""
    return ms // 1000 if ms % 1000 == 0 else ms / 1000


def write_iso(ms: int) -> str:
    """``2026-01-02T03:04:05.678Z``, as AWS writes it in XML."""
    return (_EPOCH + timedelta(milliseconds=ms)).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def write_short_iso(ms: int) -> str:
    """The same without the fraction of whole seconds: ``2026-01-02T03:04:05Z``."""
    return write_iso(ms).replace(".000Z", "Z")


def write_http_date(ms: int) -> str:
    """``Fri, 02 Jan 2026 03:04:05 GMT``."""
    return format_datetime(_EPOCH + timedelta(milliseconds=ms // 1000 * 1000), usegmt=True)
