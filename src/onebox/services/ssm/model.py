"""What the Parameter Store keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParameterVersion:
    """One version of a parameter, whole. ``sealed_value`` is what is shown of a SecureString without decryption."""

    version: int
    type: str
    value: str
    sealed_value: str | None
    tier: str
    data_type: str
    key_id: str | None
    description: str | None
    allowed_pattern: str | None
    labels: tuple[str, ...]
    modified_at_ms: int
    modified_by: str
    """The ARN of who wrote it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter with its latest version."""

    account: str
    region: str
    name: str
    arn: str
    tags: dict[str, str]
    latest: ParameterVersion
