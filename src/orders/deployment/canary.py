"""The alarm that guards a canary: if the new version's calls fail, OrderCanaryGuard takes its share back.

The guard is a function of the stack (template.yaml) that the alarm invokes, so it works although no command runs.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
"""

from __future__ import annotations

from orders.aws.clients import Aws, error_code
from orders.aws.errors import load_client_errors
from orders.deployment.versions import ALIAS


class CanaryAlarm:
    """Raises botocore's errors."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._names = aws.names

    def watch(self, version: str) -> None:
        """Watch the errors of a version that the alias gives a share; an earlier alarm and its state are forgotten."""
        self.remove()
        function = self._names.function
        dimensions = {"FunctionName": function, "Resource": f"{function}:{ALIAS}", "ExecutedVersion": version}
        self._aws.client("cloudwatch").put_metric_alarm(
            AlarmName=self._names.canary_alarm,
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
                self._aws.arn("lambda", f"function:{self._names.canary_guard}"),
                self._aws.arn("sns", self._names.alarm_topic),
            ],
        )

    def remove(self) -> None:
        """Delete the alarm; none is fine."""
        try:
            self._aws.client("cloudwatch").delete_alarms(AlarmNames=[self._names.canary_alarm])
        except load_client_errors() as error:
            if error_code(error) not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise
