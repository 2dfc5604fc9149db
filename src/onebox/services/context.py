"""What an operation may know of its request, and what every service is given at its making."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from onebox.clock import Clock
from onebox.ids import Ids
from onebox.runtime.metrics import MetricBuffer
from onebox.services.beside import Beside
from onebox.storage.database import Storage

# A request or result in AWS's own spelling: member names as in the service model, blobs as bytes, timestamps as
# integer milliseconds since the epoch (the codecs translate). DynamoDB attribute values stay as they are on the
# wire ({"S": "x"}, {"N": "1"}, {"B": "<base64>"}).
Wire = dict[str, Any]


class IncompleteWire(Wire):
    """A request that lacks members which the model requires, for services that report those themselves, together with
    whatever else is wrong."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls. ``arn`` is that of an IAM user, of a role's or federated user's session, or of an account's root.

    Plain credentials are the built-in user of an account (:mod:`onebox.services.iam.builtin_user`), whom nothing
    restricts.
    """

    account: str
    arn: str
    user_id: str
    role_name: str | None = None
    """The role whose policies restrict the call."""
    session_policies: tuple[str, ...] = ()
    """Policy documents given at AssumeRole or GetFederationToken, which restrict the session further."""
    user_name: str | None = None
    """The IAM user whose policies restrict the call; None for roles, root and plain credentials."""
    entity_id: str | None = None
    """The unique id of the role or user. Rights end when the name belongs to another one; None is not checked."""
    entity_arn: str | None = None
    """The ARN of the role behind a session, under which policies may name the caller as well."""
    session_tags: tuple[tuple[str, str], ...] = ()
    transitive_tags: tuple[str, ...] = ()
    """The keys of the session tags that pass on to a role assumed from this session."""
    source_identity: str | None = None
    issued_at_ms: int | None = None
    """When the temporary credentials were issued; None for long-term ones."""

    @property
    def is_unrestricted(self) -> bool:
        """Whether IAM's policies have no say: root, and plain credentials."""
        return self.role_name is None and self.user_name is None and not self.session_policies


# Who follows a link without credentials, to the operations that allow it. He has no account, and no region.
ANONYMOUS = Principal(account="anonymous", arn="anonymous", user_id="anonymous")


@dataclass(slots=True)
class RequestContext:
    """One request's facts; nothing may be hung on it, and mypy holds it unchanged: ``frozen`` would make it cost each
    request three times as much. ``now_ms`` is read once and passed down."""

    account: Final[str]
    region: Final[str]
    principal: Final[Principal]
    now_ms: Final[int]
    request_id: Final[str]
    endpoint_url: Final[str]
    """The address under which the client reached us (``http://127.0.0.1:4566``), for queue URLs and the like."""
    source_ip: Final[str] = "127.0.0.1"
    headers: Final[Mapping[str, str]] = field(default_factory=dict)
    """Lower-cased request headers, for the few operations that need one."""
    called_via: Final[str | None] = None
    """The AWS service that calls in the client's name (``cloudformation.amazonaws.com``), or None for the client."""
    beside: Final[Beside | None] = None
    """For a request that is large, or has asked for work beside the event loop: that work."""

    def may_set_tag(self, key: str) -> bool:
        """Whether the caller may use a tag of this name: those that begin with ``aws:`` are for AWS's services."""
        return self.called_via is not None or not key.lower().startswith("aws:")

    def visible_tags(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The tags as SQS, DynamoDB and IAM list them: those of AWS's services are shown to these services only."""
        return dict(tags) if self.called_via else {k: v for k, v in tags.items() if not k.lower().startswith("aws:")}


@dataclass(frozen=True, slots=True)
class Deps:
    """What every service is built from."""

    storage: Storage
    clock: Clock
    ids: Ids
    metrics: MetricBuffer
    log: logging.Logger
