"""What IAM keeps: roles, managed policies, sessions."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.context import Principal


@dataclass(frozen=True, slots=True)
class Role:
    """A role. ``trust_policy`` is the document's text as it was given."""

    account: str
    name: str
    path: str
    role_id: str
    arn: str
    trust_policy: str
    description: str | None
    max_session_s: int
    permissions_boundary: str | None
    tags: dict[str, str]
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A policy with an ARN; of AWS itself if ``account`` is ``aws``."""

    arn: str
    account: str
    name: str
    path: str
    policy_id: str
    description: str | None
    default_version: int
    newest_version: int
    tags: dict[str, str]
    created_at_ms: int
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy."""

    version: int
    document: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials and whom they stand for."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    account: str
    role_arn: str | None
    role_name: str | None
    principal: Principal
    issued_at_ms: int
    expiration_at_ms: int
