"""Event source mappings: which queue or stream feeds which function, and how.
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
)
from onebox.services.lambda_.event_sources import (
    QUEUE_DEFAULTS,
    STREAM_DEFAULTS,
    queue_settings,
    starting_position,
    stream_settings,
)
from onebox.services.lambda_.model import FunctionVersion, Mapping
from onebox.services.lambda_.naming import FunctionReference, parse_function_reference
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.operations.tags import checked_tags
from onebox.services.sqs.model import QueueInfo

_QUEUE_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_STREAM_ACTIONS = ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")


def create_event_source_mapping(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Connect a queue or a stream to a function."""
    source_arn = _checked_source_arn(request.get("EventSourceArn"))
    reference, function = _load_function(core, context, request["FunctionName"])
    is_stream = ":dynamodb:" in source_arn
    if is_stream:
        start = starting_position(request)
        configuration = {**stream_settings(STREAM_DEFAULTS, request), "StartingPosition": start}
    else:
        configuration = queue_settings(QUEUE_DEFAULTS, request)
    tags = checked_tags(context, request.get("Tags") or {})
    if is_stream:
        _check_stream(core, context, function, source_arn)
    else:
        _check_queue(core, context, function, source_arn, configuration)
    _check_free(core, context, reference, source_arn)
    mapping = Mapping(
        uuid=core.deps.ids.uuid(),
        key=reference.key,
        qualifier=reference.qualifier,
        source_arn=source_arn,
        enabled=request.get("Enabled", True),
        configuration=configuration,
        modified_at_ms=context.now_ms,
    )
    core.mappings.insert_mapping(mapping, tags)
    if is_stream:
        core.mappings.save_position(mapping.uuid, _find_start(core, mapping))
    core.deps.storage.after_commit(lambda: core.pollers.apply(mapping))
    return _describe(core, mapping, "Creating" if mapping.enabled else "Disabled")


def _load_function(core: LambdaCore, context: RequestContext, name: str) -> tuple[FunctionReference, FunctionVersion]:
    try:
        return core.load_referenced(context, name)
    except ResourceNotFoundException:
        raise InvalidParameterValueException("Function does not exist") from None


def _check_free(core: LambdaCore, context: RequestContext, reference: FunctionReference, source_arn: str) -> None:
    for other in core.mappings.list_mappings(
        context.account, context.region, function_name=reference.key.name, queue_arn=source_arn
    ):
        if other.qualifier == reference.qualifier:
            places = f'arn (" {source_arn} ") and function (" {reference.key.name} ")'
            problem = (
                f"The event source {places} provided mapping already exists."
                if other.is_stream
                else f"An event source mapping with SQS {places} already exists."
            )
            raise ResourceConflictException(
                f"{problem} Please update or delete the existing mapping with UUID {other.uuid}"
            )


def _find_start(core: LambdaCore, mapping: Mapping) -> int:
    """The place of the stream behind which the mapping begins to read."""
    stream = core.streams.find_stream(mapping.source_arn)
    assert stream is not None, "checked before"
    if mapping.configuration["StartingPosition"] == "LATEST":
        return core.streams.newest_record_id(stream)
    return stream.trimmed_to


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
    settings = stream_settings if mapping.is_stream else queue_settings
    configuration = settings(mapping.configuration, request)
    key, qualifier = mapping.key, mapping.qualifier
    if "FunctionName" in request:
        reference = parse_function_reference(context, request["FunctionName"])
        key, qualifier = reference.key, reference.qualifier
    function = core.finder.load(key, qualifier)
    if mapping.is_stream:
        _check_stream(core, context, function, mapping.source_arn)
    else:
        _check_queue(core, context, function, mapping.source_arn, configuration)
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


def _checked_source_arn(source: str | None) -> str:
    arn = find_arn(source or "")
    if arn is not None and arn.service == "kinesis":  # onebox has no streams of Kinesis
        raise InvalidParameterValueException(f"Stream not found: {source}")
    if source is None or arn is None or arn.service not in ("sqs", "dynamodb"):
        raise InvalidParameterValueException("Unrecognized event source.")
    return source


def _check_stream(core: LambdaCore, context: RequestContext, function: FunctionVersion, stream_arn: str) -> None:
    """Whether the stream is there and the role may read it."""
    stream = core.streams.find_stream(stream_arn)
    if stream is None or (stream.account, stream.region) != (context.account, context.region):
        raise InvalidParameterValueException(f"Stream not found: {stream_arn}")
    role, name = function.configuration["Role"], function.key.name
    table_arn = stream_arn.partition("/stream/")[0]
    for action in _STREAM_ACTIONS:
        resource = f"{table_arn}/stream/*" if action == "ListStreams" else stream_arn
        if not core.role_may(context, role, name, f"dynamodb:{action}", resource):
            raise InvalidParameterValueException(
                f"Cannot access stream {stream_arn}. Please ensure the role can perform the GetRecords, "
                "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
            )


def _check_queue(
    core: LambdaCore, context: RequestContext, function: FunctionVersion, queue_arn: str, configuration: Wire
) -> None:
    """Whether queue, function and role fit each other."""
    role = function.configuration["Role"]
    for action in _QUEUE_ACTIONS:
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


def _describe(core: LambdaCore, mapping: Mapping, state: str | None = None) -> Wire:
    described: Wire = {
        "UUID": mapping.uuid,
        "EventSourceMappingArn": mapping.arn,
        "EventSourceArn": mapping.source_arn,
        "FunctionArn": mapping.function_arn,
        "LastModified": mapping.modified_at_ms,
        "State": state or ("Enabled" if mapping.enabled else "Disabled"),
        "StateTransitionReason": "User action" if mapping.is_stream else "USER_INITIATED",
        **mapping.configuration,
    }
    last_result = core.pollers.last_result(mapping.uuid)
    if mapping.is_stream:
        described["LastProcessingResult"] = last_result or "No records processed"
    elif last_result is not None and last_result.startswith("PROBLEM"):
        described["LastProcessingResult"] = last_result
    return described
