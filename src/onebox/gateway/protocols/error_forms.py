"""From an AwsError to the error that the service's model lists: its names, status and members.

Knows nothing of a protocol's syntax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from onebox.errors import AwsError
from onebox.gateway.specs.loader import ServiceModel


@dataclass(slots=True)
class ErrorForm:
    """An error as a protocol writes it."""

    shape_name: str
    """What JSON protocols write; for errors that no model lists, the code."""
    code: str
    """What query and XML protocols write."""
    status: int
    receiver_fault: bool
    modelled: bool
    message_member: str
    message: str
    members: dict[str, Any]


def find_error_form(model: ServiceModel, error: AwsError, status: int | None = None) -> ErrorForm:
    """The form of ``error`` in this service. ``status`` overrides that of an error which no model lists."""
    shape = model.find_error(type(error).__name__) or model.find_error(error.wire_code)
    if shape is None:
        code = error.wire_code
        fault = error.receiver_fault or error.status >= 500
        return ErrorForm(code, code, status or error.status, fault, False, "message", error.message, error.members)
    return ErrorForm(
        shape.name,
        shape.code,
        shape.status or error.status,
        shape.receiver_fault or error.receiver_fault,
        True,
        shape.message_member or "message",
        error.message,
        error.members,
    )
