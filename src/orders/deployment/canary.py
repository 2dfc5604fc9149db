"""The alarm that guards a canary: if the new version's calls fail, OrderCanaryGuard takes its share back.

The guard is a function of the stack (template.yaml) that the alarm invokes, so it works although no command runs.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

from orders.aws.clients import Aws, error_code
from orders.aws.errors import load_client_errors
from orders.aws.names import ALARM_TOPIC, CANARY_ALARM, CANARY_GUARD, FUNCTION
from orders.deployment.versions import ALIAS


class CanaryAlarm:
    """Raises botocore's errors."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def watch(self, version: str) -> None:
        """Watch the errors of a version that the alias gives a share; an earlier alarm and its state are forgotten."""
        self.remove()
        dimensions = {"FunctionName": FUNCTION, "Resource": f"{FUNCTION}:{ALIAS}", "ExecutedVersion": version}
        self._aws.client("cloudwatch").put_metric_alarm(
            AlarmName=CANARY_ALARM,
            AlarmDescription=f"Version {version} failed for whole batches, so it gets no more. `orders logs --errors`.",
            Namespace="AWS/Lambda",
            MetricName="Errors",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            ComparisonOperator="GreaterThanThreshold",
            Threshold=0,
            TreatMissingData="notBreaching",
            AlarmActions=[
                self._aws.arn("lambda", f"function:{CANARY_GUARD}"),
                self._aws.arn("sns", ALARM_TOPIC),
            ],
        )

    def remove(self) -> None:
        """Delete the alarm; none is fine."""
        try:
            self._aws.client("cloudwatch").delete_alarms(AlarmNames=[CANARY_ALARM])
        except load_client_errors() as error:
            if error_code(error) not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise
