"""Event source mappings: which queue feeds which function, and how.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""

from __future__ import annotations

import dataclasses

from onebox.arn import find_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_ import limits
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from onebox.services.lambda_.filters import parse_filters
from onebox.services.lambda_.model import FunctionVersion, Mapping
from onebox.services.lambda_.naming import parse_function_reference
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.operations.tags import checked_tags
from onebox.services.sqs.model import QueueInfo

_DEFAULTS: Wire = {
    "BatchSize": limits.BATCH_SIZE_DEFAULT,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
}
_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
# What only streams and other sources know; AWS refuses them for queues.
_NOT_FOR_QUEUES = (
    *("ParallelizationFactor", "StartingPosition", "StartingPositionTimestamp", "BisectBatchOnFunctionError"),
    *("MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "TumblingWindowInSeconds", "DestinationConfig"),
    *("Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource"),
    *("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"),
    *("DocumentDBEventSourceConfig",),
)
_NOT_HERE = ("KMSKeyArn", "MetricsConfig", "LoggingConfig", "ProvisionedPollerConfig")


def create_event_source_mapping(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Connect a queue to a function."""
    queue_arn = _checked_queue_arn(request.get("EventSourceArn"))
    configuration = _configuration(_DEFAULTS, request)
    tags = checked_tags(context, request.get("Tags") or {})
    reference, function = core.load_referenced(context, request["FunctionName"])
    _check_queue(core, context, function, queue_arn, configuration)
    for other in core.mappings.list_mappings(
        context.account, context.region, function_name=reference.key.name, queue_arn=queue_arn
    ):
        if other.qualifier == reference.qualifier:
            raise ResourceConflictException(
                f'An event source mapping with SQS arn (" {queue_arn} ") and function (" {reference.key.name} ") '
                f"already exists. Please update or delete the existing mapping with UUID {other.uuid}"
            )
    mapping = Mapping(
        uuid=core.deps.ids.uuid(),
        key=reference.key,
        qualifier=reference.qualifier,
        queue_arn=queue_arn,
        enabled=request.get("Enabled", True),
        configuration=configuration,
        modified_at_ms=context.now_ms,
    )
    core.mappings.insert_mapping(mapping, tags)
    core.deps.storage.after_commit(lambda: core.pollers.apply(mapping))
    return _describe(core, mapping, "Creating")


def get_event_source_mapping(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """One mapping."""
    return _describe(core, _load(core, context, request))


def list_event_source_mappings(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The mappings of the region, of one function or of one queue."""
    name = None
    if "FunctionName" in request:
        name = parse_function_reference(context, request["FunctionName"]).key.name
    limit = page_size(request, 100)
    found = core.mappings.list_mappings(
        context.account,
        context.region,
        function_name=name,
        queue_arn=request.get("EventSourceArn"),
        after=parse_marker(request),
        limit=limit + 1,
    )
    answer: Wire = {"EventSourceMappings": [_describe(core, mapping) for mapping in found[:limit]]}
    if len(found) > limit:
        answer["NextMarker"] = found[limit - 1].uuid
    return answer


def update_event_source_mapping(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Change a mapping, switch it on or off."""
    mapping = _load(core, context, request)
    configuration = _configuration(mapping.configuration, request)
    key, qualifier = mapping.key, mapping.qualifier
    if "FunctionName" in request:
        reference = parse_function_reference(context, request["FunctionName"])
        key, qualifier = reference.key, reference.qualifier
    function = core.finder.load(key, qualifier)
    _check_queue(core, context, function, mapping.queue_arn, configuration)
    changed = dataclasses.replace(
        mapping,
        key=key,
        qualifier=qualifier,
        enabled=request.get("Enabled", mapping.enabled),
        configuration=configuration,
        modified_at_ms=context.now_ms,
    )
    core.mappings.update_mapping(changed)
    core.deps.storage.after_commit(lambda: core.pollers.apply(changed))
    state = "Updating"
    if changed.enabled != mapping.enabled:
        state = "Enabling" if changed.enabled else "Disabling"
    return _describe(core, changed, state)


def delete_event_source_mapping(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Disconnect a queue; batches under way end as they would."""
    mapping = _load(core, context, request)
    described = _describe(core, mapping, "Deleting")
    core.mappings.delete_mapping(mapping.uuid)
    core.deps.storage.after_commit(lambda: core.pollers.remove(mapping.uuid))
    return described


def _load(core: LambdaCore, context: RequestContext, request: Wire) -> Mapping:
    mapping = core.mappings.find_mapping(context.account, context.region, request["UUID"])
    if mapping is None:
        raise ResourceNotFoundException("The resource you requested does not exist.")
    return mapping


def _checked_queue_arn(source: str | None) -> str:
    arn = find_arn(source or "")
    if source is None or arn is None or arn.service != "sqs":
        raise InvalidParameterValueException("Unrecognized event source.")
    return source


def _configuration(before: Wire, request: Wire) -> Wire:
    """The settings after a request. Raises in AWS's words."""
    for member in _NOT_FOR_QUEUES:
        if request.get(member):
            raise InvalidParameterValueException(f"Unsupported {member} parameter for given event source mapping type.")
    for member in _NOT_HERE:
        if request.get(member):
            raise InvalidParameterValueException(f"{member} is not supported in this environment.")
    changed = dict(before)
    for member in ("BatchSize", "MaximumBatchingWindowInSeconds"):
        if member in request:
            changed[member] = request[member]
    _check_range("batchSize", changed["BatchSize"], 1, limits.BATCH_SIZE_MAX)
    window_s = changed["MaximumBatchingWindowInSeconds"]
    _check_range("maximumBatchingWindowInSeconds", window_s, 0, limits.BATCHING_WINDOW_S_MAX)
    if "FunctionResponseTypes" in request:
        changed["FunctionResponseTypes"] = _response_types(request["FunctionResponseTypes"])
    if "FilterCriteria" in request:
        changed.pop("FilterCriteria", None)
        if parse_filters(request["FilterCriteria"]):
            changed["FilterCriteria"] = request["FilterCriteria"]
    if "ScalingConfig" in request:
        changed.pop("ScalingConfig", None)
        concurrency = request["ScalingConfig"].get("MaximumConcurrency")
        if concurrency is not None:
            low, high = limits.MAPPING_CONCURRENCY_MIN, limits.MAPPING_CONCURRENCY_MAX
            _check_range("scalingConfig.maximumConcurrency", concurrency, low, high)
            changed["ScalingConfig"] = {"MaximumConcurrency": concurrency}
    return changed


def _response_types(types: list[str]) -> list[str]:
    if any(name != "ReportBatchItemFailures" for name in types) or len(types) > 1:
        raise ValidationException(
            f"1 validation error detected: Value '[{', '.join(types)}]' at 'functionResponseTypes' failed to "
            "satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
            "[ReportBatchItemFailures], Member must not be null]"
        )
    return list(types)


def _check_queue(
    core: LambdaCore, context: RequestContext, function: FunctionVersion, queue_arn: str, configuration: Wire
) -> None:
    """Whether queue, function and role fit each other."""
    role = function.configuration["Role"]
    for action in _ACTIONS:
        if not core.role_may(context, role, function.key.name, f"sqs:{action}", queue_arn):
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {action} on SQS"
            )
    queue = core.sqs.find_queue(queue_arn)
    if queue is None or queue.region != context.region:
        raise InvalidParameterValueException(
            "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
            "SQS Error Message: The specified queue does not exist."
        )
    timeout_s = function.timeout_ms // 1000
    if queue.visibility_timeout_s < timeout_s:
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {queue.visibility_timeout_s} seconds is less than Function timeout: "
            f"{timeout_s} seconds"
        )
    _check_batching(queue, configuration)


def _check_batching(queue: QueueInfo, configuration: Wire) -> None:
    batch_size, window_s = configuration["BatchSize"], configuration["MaximumBatchingWindowInSeconds"]
    if queue.is_fifo and window_s:
        raise InvalidParameterValueException("Batching window is not supported for FIFO queues")
    if queue.is_fifo and batch_size > limits.BATCH_SIZE_FIFO_MAX:
        raise InvalidParameterValueException(
            f"Invalid BatchSize. The maximum batch size for a FIFO queue is {limits.BATCH_SIZE_FIFO_MAX}."
        )
    if batch_size > limits.BATCH_SIZE_DEFAULT and not window_s:
        raise InvalidParameterValueException(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


def _check_range(member: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        bound = f"greater than or equal to {low}" if value < low else f"less than or equal to {high}"
        raise ValidationException(
            f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )


def _describe(core: LambdaCore, mapping: Mapping, state: str | None = None) -> Wire:
    described: Wire = {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "EventSourceArn": mapping.queue_arn,
        "FunctionArn": mapping.function_arn,
        "LastModified": mapping.modified_at_ms,
        "State": state or ("Enabled" if mapping.enabled else "Disabled"),
        "StateTransitionReason": "USER_INITIATED",
        **mapping.configuration,
    }
    last_result = core.pollers.last_result(mapping.uuid)
    if last_result is not None and last_result.startswith("PROBLEM"):
        described["LastProcessingResult"] = last_result
    return described
