"""Reads CloudWatch's values and alarms, and the state of each part that status shows."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from orders.aws.clients import Aws, error_code
from orders.aws.measures import BUSINESS_NAMESPACE, MEASURES, QUERIES_MAX, Measure, read_series
from orders.deployment.function import PAUSED_TAG, TAG_PREFIX
from orders.deployment.versions import ALIAS

NOT_THERE = frozenset({"NotFound", "NotFoundException", "ResourceNotFoundException"})


class Alarm(NamedTuple):
    name: str
    state: str
    reason: str
    """CloudWatch's own words for the state."""
    threshold: float | None = None
    since_ms: int | None = None
    """When it last changed its state."""
    actions_enabled: bool = True
    description: str = ""


class FunctionState(NamedTuple):
    runtime: str
    state: str
    last_modified: str
    trigger: str
    paused: str = ""
    """Since when and by whom, as `orders pause` left it; "by hand" for a trigger that was disabled otherwise. Empty
    where orders are processed.
    """
    version: str = ""
    """The version that is live; empty without alias."""
    version_note: str = ""
    """A canary's share, or the rollback that made it live."""
    concurrency: int | None = None
    """The most concurrent calls for OrderQueue; None for no limit."""
    marks: Mapping[str, str] = MappingProxyType({})
    """The function's tags that `orders` sets."""


class TableState(NamedTuple):
    status: str
    items: int
    """DynamoDB's last count; AWS updates it every six hours."""


# The display titles of the business metrics that have a dimension.
NO_CURRENCY_TITLE = "value without a currency"
TITLES = {"OrdersRejected": "rejected:", "OrderValue": "value in"}


class Watch:
    """The state of each service. A method returns None if the resource does not exist."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        # Made here, one after the other: the answers are then read by several threads.
        self._sns, self._lambda = aws.client("sns"), aws.client("lambda")
        self._dynamodb, self._cloudwatch = aws.client("dynamodb"), aws.client("cloudwatch")
        self._names = aws.names
        self._topic_arn = aws.arn("sns", aws.names.topic)
        self._queue_arn = aws.arn("sqs", aws.names.queue)

    def find_subscriptions(self) -> int | None:
        attributes = self._ask(self._sns.get_topic_attributes, TopicArn=self._topic_arn)
        return None if attributes is None else int(attributes["Attributes"].get("SubscriptionsConfirmed", 0))

    def find_function(self) -> FunctionState | None:
        function = self._ask(self._lambda.get_function, FunctionName=self._names.function)
        if function is None:
            return None
        configuration = function["Configuration"]
        # By the queue: Lambda does not list the mappings of an alias under the function's name.
        mappings = self._lambda.list_event_source_mappings(EventSourceArn=self._queue_arn)["EventSourceMappings"]
        tags = function.get("Tags") or {}
        states = sorted({mapping["State"] for mapping in mappings})
        alias = self._ask(self._lambda.get_alias, FunctionName=self._names.function, Name=ALIAS) or {}
        limits = [(mapping.get("ScalingConfig") or {}).get("MaximumConcurrency") for mapping in mappings]
        return FunctionState(
            runtime=configuration["Runtime"],
            state=configuration.get("State", "Active"),
            last_modified=configuration["LastModified"],
            trigger=", ".join(states) or "none",
            paused=_paused(states, tags),
            version=alias.get("FunctionVersion", ""),
            version_note=_note(alias),
            concurrency=next((int(limit) for limit in limits if limit is not None), None),
            marks={name: value for name, value in tags.items() if name.startswith(TAG_PREFIX)},
        )

    def find_table(self) -> TableState | None:
        answer = self._ask(self._dynamodb.describe_table, TableName=self._names.table)
        return None if answer is None else TableState(answer["Table"]["TableStatus"], answer["Table"]["ItemCount"])

    def alarms(self) -> list[Alarm]:
        answer = self._cloudwatch.describe_alarms(AlarmNamePrefix=self._names.alarms)
        return [
            Alarm(
                name=alarm["AlarmName"],
                state=alarm["StateValue"],
                reason=alarm.get("StateReason", ""),
                threshold=alarm.get("Threshold"),
                since_ms=_since_ms(alarm),
                actions_enabled=bool(alarm.get("ActionsEnabled", True)),
                description=alarm.get("AlarmDescription", ""),
            )
            for alarm in answer.get("MetricAlarms", [])
        ]

    def series(self, since_ms: int, until_ms: int) -> dict[Measure, dict[int, float]]:
        """The values by the start of the minute; minutes without a value are omitted."""
        measures = [*MEASURES, *self._business_measures()][:QUERIES_MAX]
        return read_series(self._cloudwatch.get_metric_data, self._names, measures, since_ms, until_ms)

    def _business_measures(self) -> list[Measure]:
        """OrderProcessor's metrics by reason and by currency; CloudWatch lists which exist."""
        request: dict[str, Any] = {"Namespace": self._names.metrics}
        found: list[Measure] = []
        while True:
            answer = self._cloudwatch.list_metrics(**request)
            for metric in answer["Metrics"]:
                dimensions = tuple((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
                title = TITLES.get(metric["MetricName"])
                if title and dimensions:
                    label = f"{title} {', '.join(value for _, value in dimensions)}"
                    label = NO_CURRENCY_TITLE if label == "value in none" else label
                    found.append(Measure(label, BUSINESS_NAMESPACE, metric["MetricName"], dimensions))
            if not answer.get("NextToken"):
                return sorted(found)
            request["NextToken"] = answer["NextToken"]

    def _ask(self, operation: Any, **request: Any) -> Any:
        from botocore.exceptions import ClientError

        try:
            return operation(**request)
        except ClientError as error:
            if error_code(error) in NOT_THERE:
                return None
            raise


def _since_ms(alarm: dict[str, Any]) -> int | None:
    since = alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp")
    return None if since is None else int(since.timestamp() * 1000)


def _paused(states: list[str], tags: dict[str, str]) -> str:
    if not states or not all(state in ("Disabled", "Disabling") for state in states):
        return ""
    return tags.get(PAUSED_TAG, "by hand")


def _note(alias: dict[str, Any]) -> str:
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    shares = [f"version {version} gets {100 * share:g} %" for version, share in weights.items()]
    return ", ".join(shares) or str(alias.get("Description", ""))
