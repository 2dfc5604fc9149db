"""Delivery status logs: what became of deliveries, as events of CloudWatch Logs, where a topic asks for them.

Promises: every failure and the sampled share of the successes is logged, with the rights of the role that the topic
names, in the transaction that records the outcome. A role that may not log loses the event, as on AWS, and a line of
onebox's own log says so.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-topic-attributes.html
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import orjson

from onebox.arn import make_arn, partition_of
from onebox.errors import AwsError
from onebox.ids import Ids
from onebox.services.context import Principal, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.logs.internal import LogsInternal
from onebox.services.sns.neighbours import SERVICE
from onebox.services.sns.topic_cache import CachedTopic

_SESSION = "SNSFeedback"
_NO_ANSWER = "Unrecoverable"
"""What AWS shows in place of the request id of a delivery that the endpoint's service refused for good."""

_log = logging.getLogger("onebox.sns")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery. ``provider_response`` is the text that AWS shows for the protocol."""

    destination: str
    status_code: int
    provider_response: str
    attempts: int | None = None
    """Shown where a delivery may be tried again."""
    succeeded: bool = True


class DeliveryStatusLog:
    """Writes the events of all topics."""

    def __init__(self, logs: LogsInternal, iam: IamInternal, ids: Ids) -> None:
        self._logs = logs
        self._iam = iam
        self._ids = ids

    def record(
        self, context: RequestContext, topic: CachedTopic, protocol: str, notification: Wire, outcome: Outcome
    ) -> None:
        """Log an outcome if the topic wants it. ``notification`` is what :func:`describe_notification` gave."""
        feedback = topic.feedback.get(protocol)
        if feedback is None:
            return
        if not outcome.succeeded:
            role, group = feedback.failure_role, f"{_group(topic)}/Failure"
        elif self._is_sampled(feedback.success_percent):
            role, group = feedback.success_role, _group(topic)
        else:
            return
        if role:
            text = _event(notification, outcome, self._ids.uuid(), context.now_ms)
            self._put(context, topic, role, group, text)

    def _is_sampled(self, percent: int) -> bool:
        return percent >= 100 or int(self._ids.hex(8), 16) % 100 < percent

    def _put(self, context: RequestContext, topic: CachedTopic, role_arn: str, group: str, text: str) -> None:
        stream = self._ids.uuid()
        acting = replace(context, account=topic.account, region=topic.region, principal=_principal(topic, role_arn))
        streams = make_arn("logs", topic.region, topic.account, f"log-group:{group}:log-stream:")
        role = self._iam.find_role(topic.account, role_arn)
        if role is None or not self._iam.trusts_service(role, SERVICE):
            _log.warning("sns: %s logs no delivery: SNS may not assume %s", topic.arn, role_arn)
            return

        def may(action: str, arn: str) -> bool:
            return self._iam.check(acting, action, [arn]).allowed

        if not (may("logs:CreateLogStream", streams + stream) and may("logs:PutLogEvents", streams + stream)):
            _log.warning("sns: %s logs no delivery: %s may not write the log group %s", topic.arn, role_arn, group)
            return
        may_create = may("logs:CreateLogGroup", streams)
        self._logs.put(acting, group, stream, [(context.now_ms, text)], may_create_group=may_create)


def describe_notification(message_id: str, topic_arn: str, body: str, published_at_ms: int) -> Wire:
    """What an event says of the message itself; ``published_at_ms`` is kept with it for the dwell time."""
    return {
        "messageMD5Sum": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "messageId": message_id,
        "topicArn": topic_arn,
        "timestamp": published_at_ms,
    }


def accepted_by(protocol: str, destination: str, request_id: str) -> Outcome:
    """A delivery that SQS or Lambda took."""
    status = 202 if protocol == "lambda" else 200
    return Outcome(destination, status, _text({f"{protocol}RequestId": request_id}))


def refused_by(protocol: str, destination: str, error: AwsError) -> Outcome:
    """A delivery that SQS or Lambda refused."""
    response = {
        "ErrorCode": error.wire_code,
        "ErrorMessage": error.message,
        f"{protocol}RequestId": _NO_ANSWER,
    }
    return Outcome(destination, error.status, _text(response), succeeded=False)


def _event(notification: Wire, outcome: Outcome, delivery_id: str, now_ms: int) -> str:
    published_at_ms = notification["timestamp"]
    moment = datetime.fromtimestamp(published_at_ms / 1000, timezone.utc)
    shown_moment = moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{published_at_ms % 1000:03d}"
    delivery = {
        "deliveryId": delivery_id,
        "destination": outcome.destination,
        "providerResponse": outcome.provider_response,
        "dwellTimeMs": max(0, now_ms - published_at_ms),
        "statusCode": outcome.status_code,
    }
    if outcome.attempts is not None:
        delivery["attempts"] = outcome.attempts
    return _text(
        {
            "notification": {**notification, "timestamp": shown_moment},
            "delivery": delivery,
            "status": "SUCCESS" if outcome.succeeded else "FAILURE",
        }
    )


def _text(document: Wire) -> str:
    return orjson.dumps(document).decode()


def _group(topic: CachedTopic) -> str:
    return f"sns/{topic.region}/{topic.account}/{topic.row.name}"


def _principal(topic: CachedTopic, role_arn: str) -> Principal:
    name = role_arn.rpartition("/")[2]
    arn = f"arn:{partition_of(topic.region)}:sts::{topic.account}:assumed-role/{name}/{_SESSION}"
    return Principal(account=topic.account, arn=arn, user_id=f"{name}:{_SESSION}", role_name=name, entity_arn=role_arn)
