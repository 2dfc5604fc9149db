"""Reads what the checks need from AWS: current settings, stack drift, and the result of a test order.

Raises OperatorError with AWS's message and advice for every AWS error.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from orders.aws import rates
from orders.aws.clients import Aws, error_code
from orders.aws.errors import GARBLED_ADVICE, describe_garbled_answer
from orders.aws.measures import FAILED_REQUESTS, HISTORY_AGE, REFUSED_REQUESTS, REQUESTS, read_series
from orders.aws.names import Names
from orders.clock import Clock
from orders.deployment.function import PAUSED_TAG
from orders.errors import OperatorError

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENCY_QUOTA = ("lambda", "L-B99A9384")
DRIFT_POLL_MS = 200.0
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
HOUR_MS = 3_600_000
MISSING_CODES = frozenset(
    {
        *("404", "NotFound", "NotFoundException", "NoSuchBucket", "ResourceNotFoundException"),
        *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"),
    }
)
# The error codes of endpoints that lack an operation or service. AWS itself offers all operations used here.
NOT_OFFERED_CODES = frozenset({"InvalidAction", "NotImplemented", "UnknownOperationException", "UnknownOperation"})
NOT_OFFERED_STATUSES = frozenset({404, 501})
DENIED_CODES = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})


class NotOffered(OperatorError):
    """The endpoint is not AWS and lacks the operation."""


class Identity(NamedTuple):
    account: str
    arn: str
    region: str
    place: str


class QueueSettings(NamedTuple):
    arn: str
    visibility_s: int
    retention_s: int
    dead_letter_arn: str | None
    max_receives: int
    messages: int
    """All that it holds, those included that a reader has or that are delayed: as `orders status` counts them."""


class FunctionSettings(NamedTuple):
    state: str
    timeout_s: int
    reserved: int | None
    """The reserved concurrency; None if not set."""


class TriggerSettings(NamedTuple):
    state: str
    batching_window_s: int
    reports_items: bool
    max_concurrency: int | None
    paused: str = ""
    """Since when and by whom, as `orders pause` left it."""


class MappingState(NamedTuple):
    """The trigger of a function."""

    state: str
    last_result: str


class ClaimsSettings(NamedTuple):
    """The bucket of large orders."""

    bucket: str
    days: int | None
    """After which claims are deleted; None for never."""
    read_by_function: str
    """The bucket that OrderProcessor reads; empty for none."""


class UrlSettings(NamedTuple):
    """A function URL."""

    url: str
    auth_type: str
    open_actions: frozenset[str]
    """What the function's policy allows everybody."""


class RequestCounts(NamedTuple):
    """The requests to OrderIntake's URL, by how they were answered."""

    a_minute: float
    """In the last minute."""
    last_hour: float
    refused: float
    """Answered with 4xx in the last hour."""
    failed: float
    """Answered with 5xx in the last hour."""


class Drifted(NamedTuple):
    logical_id: str
    resource_type: str
    status: str
    differences: tuple[str, ...]


class Inspection:
    """Reads one system. Only `publish` and `remove` change it."""

    def __init__(self, aws: Aws, clock: Clock) -> None:
        self.names: Names = aws.names
        self._aws = aws
        self._clock = clock

    def identity(self) -> Identity:
        answer = self._ask("sts", "get_caller_identity")
        return Identity(str(answer["Account"]), str(answer["Arn"]), self._aws.region, self._aws.place)

    def concurrency(self) -> tuple[int, int]:
        """The account's concurrency limit, and its unreserved part."""
        limits = self._ask("lambda", "get_account_settings")["AccountLimit"]
        return int(limits["ConcurrentExecutions"]), int(limits["UnreservedConcurrentExecutions"])

    def concurrency_quota(self) -> float:
        """The concurrency quota in Service Quotas, where an increase is requested."""
        service, code = CONCURRENCY_QUOTA
        answer = self._ask("service-quotas", "get_service_quota", retries=1, ServiceCode=service, QuotaCode=code)
        return float(answer["Quota"]["Value"])

    def find_queue(self, name: str) -> QueueSettings | None:
        url = self._find("sqs", "get_queue_url", QueueName=name)
        if url is None:
            return None
        attributes = self._ask("sqs", "get_queue_attributes", QueueUrl=url["QueueUrl"], AttributeNames=["All"])[
            "Attributes"
        ]
        redrive = json.loads(attributes.get("RedrivePolicy") or "{}")
        return QueueSettings(
            arn=attributes["QueueArn"],
            visibility_s=int(attributes["VisibilityTimeout"]),
            retention_s=int(attributes["MessageRetentionPeriod"]),
            dead_letter_arn=redrive.get("deadLetterTargetArn"),
            max_receives=int(redrive.get("maxReceiveCount", 0)),
            messages=sum(int(attributes[name]) for name in COUNTS),
        )

    def find_function(self) -> FunctionSettings | None:
        answer = self._find("lambda", "get_function_configuration", FunctionName=self.names.function)
        if answer is None:
            return None
        reserved = self._ask("lambda", "get_function_concurrency", FunctionName=self.names.function)
        return FunctionSettings(
            answer.get("State", "Active"), int(answer["Timeout"]), reserved.get("ReservedConcurrentExecutions")
        )

    def find_url(self, function: str) -> UrlSettings | None:
        """The URL of a function; None if it has none, or the function does not exist."""
        answer = self._find("lambda", "get_function_url_config", FunctionName=function)
        if answer is None:
            return None
        policy = self._find("lambda", "get_policy", FunctionName=function)
        statements = json.loads(policy["Policy"])["Statement"] if policy else []
        actions = frozenset(str(one.get("Action")) for one in statements if one.get("Principal") in ("*", {"AWS": "*"}))
        return UrlSettings(str(answer["FunctionUrl"]), str(answer["AuthType"]), actions)

    def count_requests(self) -> RequestCounts:
        """The requests to OrderIntake's URL."""
        now_ms = self._clock.now_ms()
        ask = partial(self._ask, "cloudwatch", "get_metric_data")
        measures = (REQUESTS, REFUSED_REQUESTS, FAILED_REQUESTS)
        series = read_series(ask, self.names, measures, now_ms - HOUR_MS, now_ms + rates.MINUTE_MS)
        last_hour, refused, failed = (sum(series[measure].values()) for measure in measures)
        return RequestCounts(rates.rate(series, REQUESTS, now_ms), last_hour, refused, failed)

    def history_age_ms(self) -> float:
        """How old the newest batch of changes was when OrderHistory got it; 0 without one in the last minutes."""
        now_ms = self._clock.now_ms()
        ask = partial(self._ask, "cloudwatch", "get_metric_data")
        series = read_series(ask, self.names, (HISTORY_AGE,), now_ms - HOUR_MS, now_ms + rates.MINUTE_MS)
        return rates.latest(series, HISTORY_AGE, now_ms)

    def count_parameters(self, path: str) -> int:
        """How many parameters stand below a path; at most 50 are counted."""
        filters = [{"Key": "Path", "Option": "OneLevel", "Values": [path]}]
        return len(self._ask("ssm", "describe_parameters", ParameterFilters=filters, MaxResults=50)["Parameters"])

    def find_trigger(self, queue_arn: str) -> TriggerSettings | None:
        mappings = self._ask("lambda", "list_event_source_mappings", EventSourceArn=queue_arn)["EventSourceMappings"]
        if not mappings:
            return None
        one = mappings[0]
        return TriggerSettings(
            one["State"],
            int(one.get("MaximumBatchingWindowInSeconds") or 0),
            "ReportBatchItemFailures" in one.get("FunctionResponseTypes", []),
            one.get("ScalingConfig", {}).get("MaximumConcurrency"),
            self._find_pause(),
        )

    def find_mapping(self, function: str) -> MappingState | None:
        """The first trigger of a function; None if it has none, or the function does not exist."""
        answer = self._find("lambda", "list_event_source_mappings", FunctionName=function)
        if answer is None or not answer["EventSourceMappings"]:
            return None
        one = answer["EventSourceMappings"][0]
        return MappingState(one["State"], one.get("LastProcessingResult") or "")

    def has_table(self, name: str) -> bool:
        return self._find("dynamodb", "describe_table", TableName=name) is not None

    def archive_bucket(self) -> str | None:
        """The name of the archive bucket; None if this account has none."""
        name = self.names.archive_bucket(self._aws.account, self._aws.region)
        found = self._find("s3", "head_bucket", Bucket=name, ExpectedBucketOwner=self._aws.account)
        return None if found is None else name

    def claims_bucket(self) -> ClaimsSettings | None:
        """The bucket of large orders; None if this account has none."""
        place = {
            "Bucket": self.names.claims_bucket(self._aws.account, self._aws.region),
            "ExpectedBucketOwner": self._aws.account,
        }
        if self._find("s3", "head_bucket", **place) is None:
            return None
        found = self._find("s3", "get_bucket_lifecycle_configuration", **place) or {}
        days = [
            int(rule["Expiration"]["Days"])
            for rule in found.get("Rules", [])
            if rule.get("Status") == "Enabled" and "Days" in rule.get("Expiration", {})
        ]
        return ClaimsSettings(place["Bucket"], min(days, default=None), self.claims_variable())

    def claims_variable(self) -> str:
        """The bucket that OrderProcessor is told to read large orders from; empty for none."""
        function = self._find("lambda", "get_function_configuration", FunctionName=self.names.function) or {}
        return str(function.get("Environment", {}).get("Variables", {}).get("CLAIMS_BUCKET", ""))

    def _find_pause(self) -> str:
        function = self._find("lambda", "get_function", FunctionName=self.names.function)
        return "" if function is None else str((function.get("Tags") or {}).get(PAUSED_TAG, ""))

    def subscribers(self, topic: str) -> list[tuple[str, str, bool]] | None:
        """Protocol, endpoint and whether it is confirmed; None if the topic does not exist."""
        request = {"TopicArn": self._aws.arn("sns", topic)}
        found: list[tuple[str, str, bool]] = []
        while True:
            answer = self._find("sns", "list_subscriptions_by_topic", **request)
            if answer is None:
                return None
            found += [
                (one["Protocol"], one["Endpoint"], one["SubscriptionArn"].startswith("arn:"))
                for one in answer["Subscriptions"]
            ]
            if not answer.get("NextToken"):
                return found
            request["NextToken"] = answer["NextToken"]

    def alarms(self) -> list[tuple[str, str, bool]]:
        """Name, state, and whether it has enabled actions."""
        answer = self._ask("cloudwatch", "describe_alarms", AlarmNamePrefix=self.names.alarms)
        return [
            (one["AlarmName"], one["StateValue"], bool(one.get("ActionsEnabled") and one.get("AlarmActions")))
            for one in answer.get("MetricAlarms", [])
        ]

    def template_of(self, stack: str) -> str:
        body = self._ask("cloudformation", "get_template", StackName=stack, TemplateStage="Original")["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def drift(self, stack: str) -> list[Drifted]:
        """The resources that drifted from the stack's template."""
        detection = self._ask("cloudformation", "detect_stack_drift", StackName=stack)["StackDriftDetectionId"]
        while True:
            answer = self._ask(
                "cloudformation", "describe_stack_drift_detection_status", StackDriftDetectionId=detection
            )
            if answer["DetectionStatus"] == "DETECTION_FAILED":
                raise OperatorError(f"drift detection failed: {answer.get('DetectionStatusReason', 'no reason given')}")
            if answer["DetectionStatus"] == "DETECTION_COMPLETE":
                break
            self._clock.wait_ms(DRIFT_POLL_MS)
        return self._drifted(stack) if answer.get("StackDriftStatus") == "DRIFTED" else []

    def _drifted(self, stack: str) -> list[Drifted]:
        request: dict[str, Any] = {"StackName": stack, "StackResourceDriftStatusFilters": ["MODIFIED", "DELETED"]}
        found: list[Drifted] = []
        while True:
            answer = self._ask("cloudformation", "describe_stack_resource_drifts", **request)
            found += [
                Drifted(
                    one["LogicalResourceId"],
                    one["ResourceType"],
                    one["StackResourceDriftStatus"],
                    tuple(
                        f"{difference['PropertyPath']} is {difference['ActualValue']}, "
                        f"made as {difference['ExpectedValue']}"
                        for difference in one.get("PropertyDifferences", [])
                    ),
                )
                for one in answer["StackResourceDrifts"]
            ]
            if not answer.get("NextToken"):
                return found
            request["NextToken"] = answer["NextToken"]

    # --- The test order -----------------------------------------------------------------------------------------------

    def publish(self, text: str) -> None:
        self._ask("sns", "publish", TopicArn=self._aws.arn("sns", self.names.topic), Message=text)

    def is_stored(self, order_id: str) -> bool:
        key = {"orderId": {"S": order_id}}
        return "Item" in self._ask("dynamodb", "get_item", TableName=self.names.table, Key=key, ConsistentRead=True)

    def remove(self, order_id: str) -> None:
        self._ask("dynamodb", "delete_item", TableName=self.names.table, Key={"orderId": {"S": order_id}})

    # --- Calls --------------------------------------------------------------------------------------------------------

    def _find(self, service: str, operation: str, **request: Any) -> Any:
        """As `_ask`, but None if the resource does not exist."""
        return self._call(service, operation, request, lambda code: code in MISSING_CODES)

    def _ask(self, service: str, operation: str, *, retries: int = 5, **request: Any) -> Any:
        return self._call(service, operation, request, lambda _code: False, retries)

    def _call(
        self,
        service: str,
        operation: str,
        request: dict[str, Any],
        is_missing: Callable[[str], bool],
        retries: int = 5,
    ) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            return getattr(self._aws.client(service, retries=retries), operation)(**request)
        except ClientError as error:
            code = error_code(error)
            if is_missing(code):
                return None
            if _is_not_offered(error, code):
                raise NotOffered(f"the endpoint offers no {service} {operation}") from error
            advice = "Grant the credentials this permission." if code in DENIED_CODES else ""
            raise OperatorError(f"{service} {operation}: {code}: {_message(error)}", advice) from error
        except ResponseParserError as error:
            raise OperatorError(f"{service} {operation}: {describe_garbled_answer(error)}", GARBLED_ADVICE) from error
        except BotoCoreError as error:
            raise OperatorError(f"{service} {operation}: {error}", "Is the endpoint reachable?") from error


def _is_not_offered(error: Any, code: str) -> bool:
    """Services name the missing resource; a bare status code means that the endpoint has no such path."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return code in NOT_OFFERED_CODES or (code == str(status) and status in NOT_OFFERED_STATUSES)


def _message(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Message", error))
