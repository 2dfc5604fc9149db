"""CloudWatch's figures and alarms of the order system, and the parts that status shows, each read by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from orders.adapters.aws import Aws, error_code
from orders.names import ALARM_PREFIX, FUNCTION, TABLE, TOPIC

PERIOD_S = 60
NOT_THERE = frozenset({"NotFound", "NotFoundException", "ResourceNotFoundException"})


class Alarm(NamedTuple):
    name: str
    state: str
    reason: str


class FunctionState(NamedTuple):
    runtime: str
    state: str
    last_modified: str
    trigger: str


class TableState(NamedTuple):
    status: str
    items: int
    """As DynamoDB counted it last, which on AWS it does every six hours."""


class Watch:
    """What the services tell of themselves. Each answer is None where the part is not there."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        # Made here, one after the other: the answers are then read by several threads.
        self._sns, self._lambda = aws.client("sns"), aws.client("lambda")
        self._dynamodb, self._cloudwatch = aws.client("dynamodb"), aws.client("cloudwatch")
        self._topic_arn = aws.arn("sns", TOPIC)

    def find_subscriptions(self) -> int | None:
        attributes = self._ask(self._sns.get_topic_attributes, TopicArn=self._topic_arn)
        return None if attributes is None else int(attributes["Attributes"].get("SubscriptionsConfirmed", 0))

    def find_function(self) -> FunctionState | None:
        configuration = self._ask(self._lambda.get_function_configuration, FunctionName=FUNCTION)
        if configuration is None:
            return None
        mappings = self._lambda.list_event_source_mappings(FunctionName=FUNCTION)["EventSourceMappings"]
        return FunctionState(
            configuration["Runtime"],
            configuration.get("State", "Active"),
            configuration["LastModified"],
            ", ".join(sorted({mapping["State"] for mapping in mappings})) or "none",
        )

    def find_table(self) -> TableState | None:
        answer = self._ask(self._dynamodb.describe_table, TableName=TABLE)
        return None if answer is None else TableState(answer["Table"]["TableStatus"], answer["Table"]["ItemCount"])

    def alarms(self) -> list[Alarm]:
        answer = self._cloudwatch.describe_alarms(AlarmNamePrefix=ALARM_PREFIX)
        return [
            Alarm(alarm["AlarmName"], alarm["StateValue"], alarm.get("StateReason", ""))
            for alarm in answer.get("MetricAlarms", [])
        ]

    def sums(self, names: Sequence[str], since_ms: int, until_ms: int) -> dict[str, float]:
        """The sums of the function's metrics over a time."""
        answer = self._cloudwatch.get_metric_data(
            StartTime=_moment(since_ms),
            EndTime=_moment(until_ms),
            MetricDataQueries=[
                {
                    "Id": f"m{index}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Lambda",
                            "MetricName": name,
                            "Dimensions": [{"Name": "FunctionName", "Value": FUNCTION}],
                        },
                        "Period": PERIOD_S,
                        "Stat": "Sum",
                    },
                }
                for index, name in enumerate(names)
            ],
        )
        values = {result["Id"]: sum(result["Values"]) for result in answer["MetricDataResults"]}
        return {name: values.get(f"m{index}", 0.0) for index, name in enumerate(names)}

    def _ask(self, operation: Any, **request: Any) -> Any:
        from botocore.exceptions import ClientError

        try:
            return operation(**request)
        except ClientError as error:
            if error_code(error) in NOT_THERE:
                return None
            raise


def _moment(at_ms: int) -> datetime:
    # CloudWatch takes whole minutes for periods of a minute.
    return datetime.fromtimestamp(at_ms // 1000, timezone.utc)
