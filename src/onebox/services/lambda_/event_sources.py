"""The settings of event source mappings: which there are for a queue and for a stream, checked and completed. Pure.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""

from __future__ import annotations

from onebox.services.context import Wire
from onebox.services.lambda_ import limits
from onebox.services.lambda_.errors import InvalidParameterValueException, ValidationException
from onebox.services.lambda_.filters import parse_filters
from onebox.services.lambda_.validation import check_range, constraint_error, must_be_one_of

QUEUE_DEFAULTS: Wire = {
    "BatchSize": limits.BATCH_SIZE_DEFAULT,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
}
STREAM_DEFAULTS: Wire = {
    "BatchSize": limits.BATCH_SIZE_STREAM_DEFAULT,
    "MaximumBatchingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
    "ParallelizationFactor": 1,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "BisectBatchOnFunctionError": False,
    "TumblingWindowInSeconds": 0,
}
_ONLY_STREAMS = (
    *("ParallelizationFactor", "StartingPosition", "StartingPositionTimestamp", "BisectBatchOnFunctionError"),
    *("MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "TumblingWindowInSeconds", "DestinationConfig"),
)
_ONLY_QUEUES = ("ScalingConfig", "ProvisionedPollerConfig")
_OTHER_SOURCES = (
    *("Topics", "Queues", "SourceAccessConfigurations", "SelfManagedEventSource"),
    *("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig", "DocumentDBEventSourceConfig"),
)
_NOT_HERE = ("KMSKeyArn", "LoggingConfig")
_STARTS = ("LATEST", "AT_TIMESTAMP", "TRIM_HORIZON")
"""In the order in which AWS lists them."""


def queue_settings(before: Wire, request: Wire) -> Wire:
    """The settings of a queue's mapping after a request. Raises in AWS's words."""
    _refuse(request, (*_ONLY_STREAMS, *_OTHER_SOURCES))
    changed = _common_settings(before, request)
    if "ScalingConfig" in request:
        changed.pop("ScalingConfig", None)
        concurrency = request["ScalingConfig"].get("MaximumConcurrency")
        if concurrency is not None:
            low, high = limits.MAPPING_CONCURRENCY_MIN, limits.MAPPING_CONCURRENCY_MAX
            check_range("scalingConfig.maximumConcurrency", concurrency, low, high)
            changed["ScalingConfig"] = {"MaximumConcurrency": concurrency}
    if "ProvisionedPollerConfig" in request:
        changed.pop("ProvisionedPollerConfig", None)
        if request["ProvisionedPollerConfig"]:
            changed["ProvisionedPollerConfig"] = _provisioned_pollers(request["ProvisionedPollerConfig"])
    return changed


def stream_settings(before: Wire, request: Wire) -> Wire:
    """The settings of a stream's mapping after a request. Raises in AWS's words."""
    _refuse(request, (*_ONLY_QUEUES, *_OTHER_SOURCES))
    changed = _common_settings(before, request)
    for member, name, low, high in (
        ("ParallelizationFactor", "parallelizationFactor", 1, 10),
        ("MaximumRetryAttempts", "maximumRetryAttempts", -1, 10_000),
        ("MaximumRecordAgeInSeconds", "maximumRecordAgeInSeconds", -1, 604_800),
        ("TumblingWindowInSeconds", "tumblingWindowInSeconds", 0, 900),
    ):
        if request.get(member) is not None:
            check_range(name, request[member], low, high)
            changed[member] = request[member]
    if 0 <= changed["MaximumRecordAgeInSeconds"] < limits.EVENT_AGE_S_MIN:
        raise InvalidParameterValueException("MaximumRecordAgeInSeconds must be -1, or at least 60.")
    if changed["TumblingWindowInSeconds"]:
        raise InvalidParameterValueException("TumblingWindowInSeconds is not supported in this environment.")
    if request.get("BisectBatchOnFunctionError") is not None:
        changed["BisectBatchOnFunctionError"] = request["BisectBatchOnFunctionError"]
    if "DestinationConfig" in request:
        changed["DestinationConfig"] = {"OnFailure": (request["DestinationConfig"] or {}).get("OnFailure") or {}}
    return changed


def starting_position(request: Wire) -> str:
    """Where a new stream mapping begins: TRIM_HORIZON or LATEST."""
    position = request.get("StartingPosition")
    if position is None:
        raise InvalidParameterValueException(
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        )
    if position not in _STARTS:
        raise constraint_error("startingPosition", position, must_be_one_of(_STARTS))
    if position == "AT_TIMESTAMP":
        raise InvalidParameterValueException(f"Unsupported starting position for arn type: {request['EventSourceArn']}")
    return str(position)


def _common_settings(before: Wire, request: Wire) -> Wire:
    for member in _NOT_HERE:
        if request.get(member):
            raise InvalidParameterValueException(f"{member} is not supported in this environment.")
    changed = dict(before)
    for member in ("BatchSize", "MaximumBatchingWindowInSeconds"):
        if request.get(member) is not None:
            changed[member] = request[member]
    check_range("batchSize", changed["BatchSize"], 1, limits.BATCH_SIZE_MAX)
    window_s = changed["MaximumBatchingWindowInSeconds"]
    check_range("maximumBatchingWindowInSeconds", window_s, 0, limits.BATCHING_WINDOW_S_MAX)
    if "FunctionResponseTypes" in request:
        changed["FunctionResponseTypes"] = _response_types(request["FunctionResponseTypes"])
    if "FilterCriteria" in request:
        changed.pop("FilterCriteria", None)
        if parse_filters(request["FilterCriteria"]):
            changed["FilterCriteria"] = request["FilterCriteria"]
    if "MetricsConfig" in request:
        changed["MetricsConfig"] = _metrics_config(request["MetricsConfig"])
    return changed


def _refuse(request: Wire, members: tuple[str, ...]) -> None:
    for member in members:
        if request.get(member):
            raise InvalidParameterValueException(f"Unsupported {member} parameter for given event source mapping type.")


def _provisioned_pollers(config: Wire) -> Wire:
    """Stored; onebox polls as fast as the function keeps up."""
    for member, name, low, high in (
        ("MinimumPollers", "provisionedPollerConfig.minimumPollers", 2, 200),
        ("MaximumPollers", "provisionedPollerConfig.maximumPollers", 2, 2000),
    ):
        check_range(name, config.get(member), low, high)
    return dict(config)


def _metrics_config(config: Wire) -> Wire:
    """Stored; the metrics of mappings are not sent."""
    metrics = config.get("Metrics") or []
    for name in metrics:
        if name != "EventCount":
            raise constraint_error("metricsConfig.metrics", f"[{', '.join(metrics)}]", must_be_one_of(["EventCount"]))
    return {"Metrics": metrics}


def _response_types(types: list[str]) -> list[str]:
    if any(name != "ReportBatchItemFailures" for name in types) or len(types) > 1:
        raise ValidationException(
            f"1 validation error detected: Value '[{', '.join(types)}]' at 'functionResponseTypes' failed to "
            "satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
            "[ReportBatchItemFailures], Member must not be null]"
        )
    return list(types)
