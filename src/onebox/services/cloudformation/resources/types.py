"""What a resource type is to the engine: its properties, what a change of them means, and its life cycle.

Promises: the engine knows no type by name; everything particular to one stands in the type's own file.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from onebox.arn import make_arn, partition_of
from onebox.errors import AwsError
from onebox.services.cloudformation.resources.shapes import Record
from onebox.services.context import Wire

Attributes = dict[str, Any]
"""What Fn::GetAtt gives, by attribute name."""


class Client(Protocol):
    """What a life cycle may do: call the services in the stack's name, and wait."""

    account: str
    region: str

    async def call(self, service: str, operation: str, request: Wire, *, region: str | None = None) -> Wire:
        """Run an operation, in the stack's region unless another is given; raises AwsError as the API would."""

    @property
    def stack_id(self) -> str:
        """The ARN of the stack."""

    @property
    def capabilities(self) -> list[str]:
        """The capabilities that the stack was given."""

    async def open_callback(self) -> str:
        """The URL of a new address for answers by HTTP PUT."""

    async def wait_for_callback(self, url: str, count: int, timeout_s: int) -> list[Wire]:
        """The answers at an address, as soon as there are ``count`` or the time is up. Raises AwsError if the stack's
        operation is cancelled."""

    async def close_callback(self, url: str) -> None:
        """Take no more answers at an address."""

    async def pause(self) -> None:
        """Wait a moment before looking again."""

    def token(self, characters: int) -> str:
        """Unguessable capitals and digits."""


@dataclass(frozen=True, slots=True)
class NewResource:
    """What is to be made."""

    name: str
    """The template's own name for it, or a generated one; kept over restarts."""
    properties: Wire
    tags: dict[str, str]
    """Tags of the resource, the stack, and AWS's own; for the types that take tags."""
    resumed: bool
    """Whether a restart interrupted an earlier attempt: the resource may exist already."""
    logical_id: str
    type: str
    initiated: Callable[[str], Awaitable[None]]
    """To be told the physical id as soon as the resource exists, before any waiting: from then on a failure or a
    restart knows what to clean up."""


@dataclass(frozen=True, slots=True)
class LiveResource:
    """A resource that exists."""

    physical_id: str
    properties: Wire
    attributes: Attributes
    tags: dict[str, str]
    logical_id: str
    type: str


class ReplacedAttributes(dict[str, Any]):
    """What an update returns that led to another physical resource. The old one is deleted by the clean-up."""

    def __init__(self, attributes: Attributes, physical_id: str) -> None:
        super().__init__(attributes)
        self.physical_id = physical_id


class PlainFailure(AwsError):
    """A failure whose message is the resource's status reason as it is."""

    code = "InvalidRequest"


class Lifecycle(Protocol):
    """How one type of resource is created, updated, deleted and read. All raise AwsError as the services do."""

    async def create(self, client: Client, new: NewResource) -> Attributes: ...

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        """Change ``old`` in place. Must be repeatable: a restart may cut it off half-way."""

    async def delete(self, client: Client, old: LiveResource) -> None:
        """End it. The engine takes "not found" for success."""

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        """The live properties; those that cannot be read back are left out, those that are not set are None.
        None for all of it if the resource is gone."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How physical names are made: ``STACK-LOGICAL-RANDOM``, cut to what the service allows."""

    property: str | None
    """The property by which a template gives its own name; None if it cannot."""
    characters_max: int = 255
    lower_case: bool = False
    suffix: Callable[[Wire], str] = lambda _properties: ""


def _no_further(_old: Wire, _new: Wire) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource type."""

    name: str
    schema: Record
    lifecycle: Lifecycle
    create_only: frozenset[str] = frozenset()
    """Properties that cannot change in place: a change makes a new resource."""
    attributes: frozenset[str] = frozenset()
    naming: Naming = field(default_factory=lambda: Naming(None))
    taggable: bool = False
    always_updated: bool = False
    """An update of the stack updates it also where its properties are the same."""
    any_attribute: bool = False
    """Fn::GetAtt takes every name: what the resource answers decides (custom resources)."""
    further_replacement: Callable[[Wire, Wire], frozenset[str]] = _no_further
    """Properties that force a new resource for these old and new values, beyond ``create_only``."""

    def has_attribute(self, name: str) -> bool:
        """Whether Fn::GetAtt takes the name: a documented attribute, or any property."""
        return self.any_attribute or name in self.attributes or name in self.schema.members

    def is_read(self, name: str) -> bool:
        """Whether the attribute is a property, to be read from the live resource."""
        return not self.any_attribute and name not in self.attributes


def generate_name(naming: Naming, stack_name: str, logical_id: str, properties: Wire, token: str) -> str:
    """A name no other resource has, that tells where it comes from."""
    suffix = naming.suffix(properties)
    room = naming.characters_max - len(token) - len(suffix) - 2
    logical = logical_id[: max(room - min(len(stack_name), room // 2), 1)]
    stack = stack_name[: max(room - len(logical), 1)]
    name = f"{stack}-{logical}-{token}{suffix}"
    return name.lower() if naming.lower_case else name


def arn(client: Client, service: str, resource: str) -> str:
    """The ARN of a resource in the stack's account and region."""
    return make_arn(service, client.region, client.account, resource)


def global_arn(client: Client, service: str, resource: str) -> str:
    """The ARN of a resource of a service without regions (IAM)."""
    return make_arn(service, "", client.account, resource, partition_region=client.region)


def partition(client: Client) -> str:
    return partition_of(client.region)


def tag_list(tags: Mapping[str, str]) -> list[Wire]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tag_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The opposite of :func:`tag_list`."""
    return {tag["Key"]: tag["Value"] for tag in tags}


def own_tags(properties: Wire) -> dict[str, str]:
    """The Tags property, a list of Key and Value or a map, as a map."""
    tags = properties.get("Tags", [])
    return dict(tags) if isinstance(tags, dict) else tag_map(tags)


def pick(properties: Wire, *names: str) -> Wire:
    """Those of the named members that are there."""
    return {name: properties[name] for name in names if name in properties}


def changed(old: Wire, new: Wire, *names: str) -> bool:
    """Whether any of the named members differs, was added or was removed."""
    return any(old.get(name) != new.get(name) for name in names)
