"""The JSON payloads of failures that the platform reports, not the function. Pure."""

from __future__ import annotations

import json

_MESSAGE_BYTES_MAX = 1024


def error_payload(error_type: str, message: str) -> bytes:
    """What Lambda returns for a failure of the sandbox."""
    return json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()


def init_error_payload(body: bytes) -> bytes:
    """What Invoke answers after a process reported that it could not be initialised.

    ``body`` is whatever the process sent: an object is completed with AWS's empty ``requestId``, anything else becomes
    the message of an error."""
    try:
        error = json.loads(body)
    except (ValueError, RecursionError):
        error = None
    if not isinstance(error, dict):
        error = {"errorType": "Runtime.Unknown", "errorMessage": body[:_MESSAGE_BYTES_MAX].decode("utf-8", "replace")}
    return json.dumps({**error, "requestId": ""}, separators=(",", ":")).encode()


def error_type_of(payload: bytes) -> str:
    """The ``errorType`` of an error payload; ``Runtime.Unknown`` if it has none that is a text."""
    try:
        found = json.loads(payload)["errorType"]
    except (ValueError, RecursionError, TypeError, KeyError):
        return "Runtime.Unknown"
    return found if isinstance(found, str) else "Runtime.Unknown"
