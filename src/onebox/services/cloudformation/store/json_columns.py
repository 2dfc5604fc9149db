"""Values to JSON columns and back."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from onebox.services.cloudformation.model import (
    Operation,
    ResourceBody,
    Snapshot,
    Source,
    StackSettings,
)


def to_json(value: Any) -> str:
    """A dataclass, dict or list as JSON."""
    plain = asdict(value) if hasattr(value, "__dataclass_fields__") else value
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def optional_json(value: Any) -> str | None:
    return None if value is None else to_json(value)


def source_from(text: str) -> Source:
    return Source(**json.loads(text))


def settings_from(text: str) -> StackSettings:
    fields = json.loads(text)
    tuples = {
        "principal_session_policies": tuple(fields.get("principal_session_policies", ())),
        "principal_session_tags": tuple((key, value) for key, value in fields.get("principal_session_tags", ())),
    }
    return StackSettings(**{**fields, **tuples})


def operation_from(text: str | None) -> Operation | None:
    if text is None:
        return None
    fields = json.loads(text)
    return Operation(**{**fields, "retain": tuple(fields["retain"]), "skip": tuple(fields["skip"])})


def body_from(text: str) -> ResourceBody:
    return _body(json.loads(text))


def snapshot_from(text: str | None) -> Snapshot | None:
    if text is None:
        return None
    fields = json.loads(text)
    return Snapshot(**{**fields, "body": _body(fields["body"])})


def _body(fields: dict[str, Any]) -> ResourceBody:
    return ResourceBody(**{**fields, "needs": tuple(fields["needs"])})
