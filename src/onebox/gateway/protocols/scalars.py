"""Scalars as text: in forms, XML, headers, paths and query strings. Parsers raise ValueError and nothing else."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from onebox.gateway.protocols.base64_text import decode_base64
from onebox.gateway.protocols.timestamps import (
    parse_timestamp_text,
    write_epoch_seconds,
    write_http_date,
    write_iso,
    write_short_iso,
)

_INTEGER = re.compile(r"[+-]?\d{1,40}", re.ASCII)
_DOUBLE = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_BOUNDS = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_BOOLEANS = {"true": True, "false": False}


def scalar_parser(kind: str, timestamp_format: str | None = None) -> Callable[[str], Any]:
    """The parser of a scalar type."""
    return {
        "string": _parse_string,
        "integer": lambda text: _parse_integer(text, "integer"),
        "long": lambda text: _parse_integer(text, "long"),
        "boolean": _parse_boolean,
        "double": _parse_double,
        "float": _parse_double,
        "blob": _parse_blob,
        "timestamp": parse_timestamp_text,
    }[kind]


def _parse_string(text: str) -> str:
    return text


def _parse_integer(text: str, kind: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError("not an integer")
    least, most = _BOUNDS[kind]
    return max(least, min(most, int(text)))


def _parse_boolean(text: str) -> bool:
    value = _BOOLEANS.get(text.lower())
    if value is None:
        raise ValueError("not a boolean")
    return value


def _parse_double(text: str) -> float:
    if text in ("NaN", "Infinity", "-Infinity"):
        return float(text)
    if len(text) > 400 or not _DOUBLE.fullmatch(text):
        raise ValueError("not a number")
    return float(text)


def _parse_blob(text: str) -> bytes:
    decoded = decode_base64(text.strip())
    if decoded is None:
        raise ValueError("not base64")
    return decoded


def scalar_writer(kind: str, timestamp_format: str) -> Callable[[Any], str]:
    """The text form of a scalar type; ``timestamp_format`` is that of the place where it stands."""
    if kind == "timestamp":
        return {
            "iso8601": write_iso,
            "iso8601-short": write_short_iso,
            "rfc822": write_http_date,
            "unixTimestamp": lambda ms: str(write_epoch_seconds(ms)),
        }[timestamp_format]
    writers: dict[str, Callable[[Any], str]] = {
        "boolean": lambda value: "true" if value else "false",
        "blob": lambda value: b64encode(value).decode("ascii"),
        "double": _write_double,
        "float": _write_double,
    }
    return writers.get(kind, str)


def _write_double(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
