"""What an alarm tells its SNS topics and Lambda functions. Pure.

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
"""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from onebox.services.cloudwatch.alarms.reasons import iso_time
from onebox.services.cloudwatch.arns import alarm_arn
from onebox.services.cloudwatch.model import Alarm

_REGIONS = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-south-2": "Asia Pacific (Hyderabad)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-southeast-3": "Asia Pacific (Jakarta)",
    "ap-southeast-4": "Asia Pacific (Melbourne)",
    "ca-central-1": "Canada (Central)",
    "ca-west-1": "Canada West (Calgary)",
    "eu-central-1": "EU (Frankfurt)",
    "eu-central-2": "Europe (Zurich)",
    "eu-north-1": "EU (Stockholm)",
    "eu-south-1": "EU (Milan)",
    "eu-south-2": "Europe (Spain)",
    "eu-west-1": "EU (Ireland)",
    "eu-west-2": "EU (London)",
    "eu-west-3": "EU (Paris)",
    "il-central-1": "Israel (Tel Aviv)",
    "me-central-1": "Middle East (UAE)",
    "me-south-1": "Middle East (Bahrain)",
    "sa-east-1": "South America (Sao Paulo)",
    "us-gov-east-1": "AWS GovCloud (US-East)",
    "us-gov-west-1": "AWS GovCloud (US-West)",
    "cn-north-1": "China (Beijing)",
    "cn-northwest-1": "China (Ningxia)",
}
_STATISTICS = {
    "SampleCount": "SAMPLE_COUNT",
    "Average": "AVERAGE",
    "Sum": "SUM",
    "Minimum": "MINIMUM",
    "Maximum": "MAXIMUM",
}
_ALARM_MEMBERS = (
    ("Period", "Period"),
    ("EvaluationPeriods", "EvaluationPeriods"),
    ("DatapointsToAlarm", "DatapointsToAlarm"),
    ("ComparisonOperator", "ComparisonOperator"),
    ("Threshold", "Threshold"),
)


def subject(alarm: Alarm) -> str:
    """``ALARM: "name" in US East (N. Virginia)``; SNS takes 100 characters at most."""
    text = f'{alarm.state}: "{alarm.name}" in {region_name(alarm.region)}'
    return text if len(text) <= 100 else f"{text[:97]}..."


def sns_message(alarm: Alarm, old_state: str) -> str:
    """The JSON text published to a topic; ``alarm`` is in its new state."""
    configuration = alarm.configuration
    message: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": configuration.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": iso_time(alarm.configured_at_ms),
        "NewStateValue": alarm.state,
        "NewStateReason": alarm.reason,
        "StateChangeTime": iso_time(alarm.state_updated_at_ms),
        "Region": region_name(alarm.region),
        "AlarmArn": alarm_arn(alarm.account, alarm.region, alarm.name),
        "OldStateValue": old_state,
        "OKActions": configuration.get("OKActions", []),
        "AlarmActions": configuration.get("AlarmActions", []),
        "InsufficientDataActions": configuration.get("InsufficientDataActions", []),
    }
    if alarm.type == "CompositeAlarm":
        message["AlarmRule"] = configuration["AlarmRule"]
    else:
        message["Trigger"] = _trigger(configuration)
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def lambda_event(alarm: Alarm, old: Alarm) -> bytes:
    """The event a Lambda function is given; ``alarm`` is in its new state, ``old`` in the one before."""
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": alarm_arn(alarm.account, alarm.region, alarm.name),
        "accountId": alarm.account,
        "time": iso_time(alarm.state_updated_at_ms),
        "region": alarm.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": _state(alarm),
            "previousState": _state(old),
            "configuration": _lambda_configuration(alarm),
        },
    }
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()


def region_name(region: str) -> str:
    """The region as messages name it."""
    return _REGIONS.get(region, region)


def _trigger(configuration: dict[str, Any]) -> dict[str, Any]:
    trigger: dict[str, Any] = {}
    if "MetricName" in configuration:
        extended = configuration.get("ExtendedStatistic")
        trigger |= {"MetricName": configuration["MetricName"], "Namespace": configuration["Namespace"]}
        trigger["StatisticType"] = "ExtendedStatistic" if extended else "Statistic"
        trigger[trigger["StatisticType"]] = extended or _STATISTICS[configuration["Statistic"]]
        trigger["Unit"] = configuration.get("Unit")
        trigger["Dimensions"] = _dimensions(configuration.get("Dimensions", []))
    for member, key in _ALARM_MEMBERS:
        if member in configuration:
            trigger[key] = configuration[member]
    trigger["TreatMissingData"] = configuration.get("TreatMissingData", "missing")
    trigger["EvaluateLowSampleCountPercentile"] = configuration.get("EvaluateLowSampleCountPercentile", "")
    if "Metrics" in configuration:
        trigger["Metrics"] = [_trigger_query(query) for query in configuration["Metrics"]]
    return trigger


def _trigger_query(query: dict[str, Any]) -> dict[str, Any]:
    if "MetricStat" not in query:
        return query
    stat = query["MetricStat"]
    metric = stat["Metric"] | {"Dimensions": _dimensions(stat["Metric"].get("Dimensions", []))}
    return query | {"MetricStat": stat | {"Metric": metric}}


def _dimensions(dimensions: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"value": dimension["Value"], "name": dimension["Name"]} for dimension in dimensions]


def _state(alarm: Alarm) -> dict[str, Any]:
    state = {"value": alarm.state, "reason": alarm.reason, "timestamp": iso_time(alarm.state_updated_at_ms)}
    return state | ({"reasonData": alarm.reason_data} if alarm.reason_data else {})


def _lambda_configuration(alarm: Alarm) -> dict[str, Any]:
    configuration = alarm.configuration
    result: dict[str, Any] = {}
    if "AlarmDescription" in configuration:
        result["description"] = configuration["AlarmDescription"]
    if "AlarmRule" in configuration:
        return result | {"alarmRule": configuration["AlarmRule"]}
    if "Metrics" in configuration:
        metrics = [_lambda_query(query) for query in configuration["Metrics"]]
    else:
        # AWS gives the one metric a random id and keeps it; this one comes from the alarm itself.
        arn = alarm_arn(alarm.account, alarm.region, alarm.name)
        id_ = str(uuid5(NAMESPACE_URL, f"{arn}:{alarm.id}"))
        metrics = [_lambda_query({"Id": id_, "MetricStat": single_metric_stat(configuration)})]
    return result | {"metrics": metrics}


def single_metric_stat(configuration: dict[str, Any]) -> dict[str, Any]:
    """The MetricStat of an alarm on one metric."""
    stat = {
        "Metric": {
            "Namespace": configuration["Namespace"],
            "MetricName": configuration["MetricName"],
            "Dimensions": configuration.get("Dimensions", []),
        },
        "Period": configuration["Period"],
        "Stat": configuration.get("ExtendedStatistic") or configuration["Statistic"],
    }
    return stat | ({"Unit": configuration["Unit"]} if "Unit" in configuration else {})


def _lambda_query(query: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"id": query["Id"], "returnData": query.get("ReturnData", True)}
    if "Expression" in query:
        item["expression"] = query["Expression"]
    if "MetricStat" in query:
        stat = query["MetricStat"]
        metric = stat["Metric"]
        item["metricStat"] = {
            "metric": {
                "namespace": metric["Namespace"],
                "name": metric["MetricName"],
                "dimensions": {pair["Name"]: pair["Value"] for pair in metric.get("Dimensions", [])},
            },
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
    return item
