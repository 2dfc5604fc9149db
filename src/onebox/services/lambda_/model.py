"""Values of the Lambda service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from onebox.arn import make_arn
from onebox.services.context import Wire

LATEST = "$LATEST"


def version_number(version: str) -> int:
    """A version as a number; 0 is ``$LATEST``."""
    return 0 if version == LATEST else int(version)


class FunctionKey(NamedTuple):
    """Which function, in which account and region. A tuple, because it is a key on every step of an invocation."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return make_arn("lambda", self.region, self.account, f"function:{self.name}")


@dataclass(frozen=True, slots=True)
class FunctionVersion:
    """One version of a function: ``$LATEST`` or a published, immutable one."""

    key: FunctionKey
    version: str
    configuration: Wire
    """The members a client may set (Runtime, Handler, Role, …), spelled as in FunctionConfiguration."""
    revision_id: str
    code_sha256: str
    """Base64, as CodeSha256."""
    code_bytes: int
    modified_at_ms: int
    reserved_concurrency: int | None

    @property
    def build(self) -> tuple[str, int]:
        """Changes with code and configuration, and so with what its processes run; a revision changes with policies
        and published versions too."""
        return self.code_sha256, self.modified_at_ms

    @property
    def arn(self) -> str:
        """Without qualifier for ``$LATEST``, as in most answers."""
        return self.key.arn if self.version == LATEST else f"{self.key.arn}:{self.version}"

    @property
    def timeout_ms(self) -> int:
        return int(self.configuration["Timeout"]) * 1000

    @property
    def memory_mb(self) -> int:
        return int(self.configuration["MemorySize"])

    @property
    def log_group(self) -> str:
        return str(self.configuration["LoggingConfig"]["LogGroup"])

    @property
    def layer_hashes(self) -> tuple[str, ...]:
        """The archives of its layers, in the order in which they are unpacked."""
        return tuple(layer["CodeSha256"] for layer in self.configuration.get("Layers", ()))

    @property
    def json_logs(self) -> bool:
        return bool(self.configuration["LoggingConfig"]["LogFormat"] == "JSON")


@dataclass(frozen=True, slots=True)
class LayerVersion:
    """One version of a layer: an archive that functions have besides their code."""

    account: str
    region: str
    name: str
    number: int
    settings: Wire
    """``Description``, ``LicenseInfo``, ``CompatibleRuntimes`` and ``CompatibleArchitectures`` as they were given."""
    code_sha256: str
    """Base64, as CodeSha256."""
    code_bytes: int
    created_at_ms: int
    statements: tuple[Wire, ...]
    """Of its resource policy."""
    policy_revision_id: str

    @property
    def layer_arn(self) -> str:
        return make_arn("lambda", self.region, self.account, f"layer:{self.name}")

    @property
    def arn(self) -> str:
        return f"{self.layer_arn}:{self.number}"


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a version, perhaps with a share of the traffic for a second one."""

    key: FunctionKey
    name: str
    version: str
    description: str
    additional_version_weights: dict[str, float]
    revision_id: str

    @property
    def arn(self) -> str:
        return f"{self.key.arn}:{self.name}"


@dataclass(frozen=True, slots=True)
class Mapping:
    """An event source mapping from an SQS queue or a DynamoDB stream to a function, one of its versions or aliases."""

    uuid: str
    key: FunctionKey
    qualifier: str | None
    source_arn: str
    """Of the queue or stream."""
    enabled: bool
    configuration: Wire
    """The settings of ``event_sources.py``, completed."""
    modified_at_ms: int

    @property
    def function_arn(self) -> str:
        return f"{self.key.arn}:{self.qualifier}" if self.qualifier else self.key.arn

    @property
    def arn(self) -> str:
        return make_arn("lambda", self.key.region, self.key.account, f"event-source-mapping:{self.uuid}")

    @property
    def is_stream(self) -> bool:
        return ":dynamodb:" in self.source_arn

    @property
    def batch_size(self) -> int:
        return int(self.configuration["BatchSize"])

    @property
    def window_ms(self) -> int:
        return int(self.configuration["MaximumBatchingWindowInSeconds"]) * 1000

    @property
    def reports_item_failures(self) -> bool:
        return "ReportBatchItemFailures" in self.configuration["FunctionResponseTypes"]

    @property
    def concurrency_max(self) -> int | None:
        value = self.configuration.get("ScalingConfig", {}).get("MaximumConcurrency")
        return None if value is None else int(value)


@dataclass(frozen=True, slots=True)
class QueuedEvent:
    """An asynchronous invocation that was accepted and not yet finished."""

    id: int
    key: FunctionKey
    qualifier: str | None
    request_id: str
    payload: bytes
    attempts: int
    """Attempts that reached the function and failed."""
    accepted_at_ms: int
    due_at_ms: int


@dataclass(frozen=True, slots=True)
class EventInvokeConfig:
    """How asynchronous invocations of a function are retried, and where failed ones go."""

    retries_max: int
    age_s_max: int
    on_failure_arn: str | None = None
    on_success_arn: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """The HTTP address of a function or of one of its aliases."""

    id: str
    """32 lower-case letters and digits: the first label of the URL's host."""
    key: FunctionKey
    qualifier: str
    """The alias; '' for the function itself."""
    auth_type: str
    """``NONE`` or ``AWS_IAM``."""
    invoke_mode: str
    """``BUFFERED`` or ``RESPONSE_STREAM``."""
    cors: Wire | None
    created_at_ms: int
    modified_at_ms: int

    @property
    def arn(self) -> str:
        return f"{self.key.arn}:{self.qualifier}" if self.qualifier else self.key.arn


@dataclass(frozen=True, slots=True)
class ProvisionedConcurrency:
    """How many execution environments are kept ready for a version or an alias."""

    key: FunctionKey
    qualifier: str
    requested: int
    modified_at_ms: int

    @property
    def arn(self) -> str:
        return f"{self.key.arn}:{self.qualifier}"
