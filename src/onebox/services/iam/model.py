"""What IAM keeps: roles, users, groups, managed policies, access keys and sessions."""

from __future__ import annotations

from dataclasses import dataclass

from onebox.services.context import Principal


@dataclass(frozen=True, slots=True)
class Entity:
    """What roles, users and groups share. ``id`` is unique for ever: ``AROA…``, ``AIDA…``, ``AGPA…``."""

    account: str
    name: str
    path: str
    id: str
    arn: str
    created_at_ms: int


@dataclass(frozen=True, slots=True)
class Role(Entity):
    """A role. ``trust_policy`` is the document's text as it was given."""

    trust_policy: str
    description: str | None
    max_session_s: int
    permissions_boundary: str | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class User(Entity):
    """An IAM user."""

    permissions_boundary: str | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class Group(Entity):
    """A group of users."""


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
class AccessKey:
    """A user's long-term key. The last use is kept to the minute."""

    access_key_id: str
    secret_access_key: str
    user_id: str
    is_active: bool
    created_at_ms: int
    used_at_ms: int | None = None
    used_service: str | None = None
    used_region: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials and whom they stand for."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    role_arn: str | None
    principal: Principal
    issued_at_ms: int
    expiration_at_ms: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key as the gateway checks it: a session's, or a user's, which has neither token nor end."""

    secret_access_key: str
    session_token: str | None
    expiration_at_ms: int | None
    principal: Principal


@dataclass(frozen=True, slots=True)
class InstanceProfile(Entity):
    """A role's container for machines. ``role_id`` is None while it is empty."""

    role_id: str | None
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class ServerCertificate(Entity):
    """An uploaded TLS certificate, without its private key."""

    body: str
    chain: str | None
    expires_at_ms: int
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class ServiceCredential:
    """A user's password for one other service, without the password. ``user_name`` is the name to sign in with."""

    credential_id: str
    user_id: str
    service: str
    user_name: str
    is_active: bool
    created_at_ms: int
