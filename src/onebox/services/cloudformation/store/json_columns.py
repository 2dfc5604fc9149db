"""Values to JSON columns and back."""

from __future__ import annotations

import json
from dataclasses import fields
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
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_members)


def _members(value: Any) -> dict[str, Any]:
    """A dataclass's members, without the deep copy of dataclasses.asdict."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def optional_json(value: Any) -> str | None:
    return None if value is None else to_json(value)


def source_from(text: str) -> Source:
    return Source(**json.loads(text))


def settings_from(text: str) -> StackSettings:
    members = json.loads(text)
    tuples = {
        "principal_session_policies": tuple(members.get("principal_session_policies", ())),
        "principal_session_tags": tuple((key, value) for key, value in members.get("principal_session_tags", ())),
    }
    return StackSettings(**{**members, **tuples})


def operation_from(text: str | None) -> Operation | None:
    if text is None:
        return None
    members = json.loads(text)
    return Operation(**{**members, "retain": tuple(members["retain"]), "skip": tuple(members["skip"])})


def body_from(text: str) -> ResourceBody:
    return _body(json.loads(text))


def snapshot_from(text: str | None) -> Snapshot | None:
    if text is None:
        return None
    members = json.loads(text)
    return Snapshot(**{**members, "body": _body(members["body"])})


def _body(members: dict[str, Any]) -> ResourceBody:
    return ResourceBody(**{**members, "needs": tuple(members["needs"])})
