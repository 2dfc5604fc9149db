"""RedrivePolicy and RedriveAllowPolicy: from AWS's JSON text to values, with AWS's words for what is wrong.

Pure; whether the dead-letter queue exists is asked by the operation.
AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
"""

from __future__ import annotations

from typing import Any

from onebox.arn import find_arn
from onebox.services.sqs.errors import InvalidParameterValue, invalid_value
from onebox.services.sqs.limits import RECEIVE_COUNT_MAX, REDRIVE_ALLOW_SOURCES_MAX
from onebox.services.sqs.model import Queue, RedriveAllowPolicy, RedrivePolicy
from onebox.text.documents import parse_object

ALLOW_ALL = RedriveAllowPolicy("allowAll")
# Ours; ten ARNs of the longest names have some 2 KB.
_POLICY_BYTES_MAX = 16_384
_POLICY_DEPTH_MAX = 4
_SHOWN_CHARACTERS_MAX = 1_000
_REDRIVE_KEYS = frozenset({"deadLetterTargetArn", "maxReceiveCount"})
_ALLOW_KEYS = frozenset({"redrivePermission", "sourceQueueArns"})


def parse_redrive_policy(text: str) -> RedrivePolicy:
    """The RedrivePolicy attribute. Raises InvalidParameterValue."""
    policy = _parse_map(text, "RedrivePolicy", "Redrive policy is not a valid JSON map.")
    for key in ("deadLetterTargetArn", "maxReceiveCount"):
        if key not in policy:
            raise _refused(text, f"Redrive policy does not contain mandatory attribute: {key}.")
    if not policy.keys() <= _REDRIVE_KEYS:
        raise _refused(text, "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].")
    target = policy["deadLetterTargetArn"]
    arn = find_arn(target) if isinstance(target, str) else None
    if arn is None or arn.service != "sqs" or not arn.region or not arn.account:
        raise _refused(text, "Invalid value for deadLetterTargetArn.")
    count = _parse_count(policy["maxReceiveCount"])
    if count is None or not 1 <= count <= RECEIVE_COUNT_MAX:
        raise _refused(
            text,
            f"Invalid value for maxReceiveCount: {str(policy['maxReceiveCount'])[:_SHOWN_CHARACTERS_MAX]}, "
            f"valid values are from 1 to {RECEIVE_COUNT_MAX} both inclusive.",
        )
    return RedrivePolicy(target, count)


def check_dead_letter_queue(text: str, source_arn: str, source_is_fifo: bool, target: Queue | None) -> None:
    """Check that ``target`` may be the dead-letter queue of ``source_arn``. Raises InvalidParameterValue."""
    if target is None:
        raise _refused(text, "Dead letter target does not exist.")
    if target.is_fifo != source_is_fifo:
        raise _refused(text, "Dead-letter queue must be same type of queue as the source.")
    allow = target.redrive_allow
    if allow.permission == "denyAll" or (allow.permission == "byQueue" and source_arn not in allow.source_arns):
        raise _refused(text, "The dead-letter queue's redrive allow policy does not permit this source queue.")


def check_dead_letter_owner(text: str, policy: RedrivePolicy, account: str, region: str) -> None:
    """Check that the target is in the same account and region. Raises InvalidParameterValue."""
    arn = find_arn(policy.dead_letter_arn)
    assert arn is not None, "parse_redrive_policy lets only ARNs pass"
    if arn.account != account:
        raise _refused(text, "Dead-letter target owner should be same as the source.")
    if arn.region != region:
        raise _refused(text, "Dead-letter target should be in same region as the source.")


def parse_redrive_allow_policy(text: str) -> RedriveAllowPolicy:
    """The RedriveAllowPolicy attribute. Raises InvalidParameterValue."""
    policy = _parse_map(text, "RedriveAllowPolicy", "Redrive allow policy is not a valid JSON map.")
    permission = policy.get("redrivePermission")
    if permission not in ("allowAll", "denyAll", "byQueue") or not policy.keys() <= _ALLOW_KEYS:
        raise invalid_value(text, "RedriveAllowPolicy", "Invalid value for redrivePermission.")
    sources = policy.get("sourceQueueArns")
    if (permission == "byQueue") != (sources is not None):
        raise invalid_value(
            text,
            "RedriveAllowPolicy",
            "sourceQueueArns can be specified only when redrivePermission is byQueue.",
        )
    if sources is None:
        return RedriveAllowPolicy(permission)
    if not isinstance(sources, list) or not all(isinstance(s, str) and find_arn(s) for s in sources):
        raise invalid_value(text, "RedriveAllowPolicy", "Invalid value for sourceQueueArns.")
    if not 1 <= len(sources) <= REDRIVE_ALLOW_SOURCES_MAX:
        raise invalid_value(
            text, "RedriveAllowPolicy", f"sourceQueueArns must have 1 to {REDRIVE_ALLOW_SOURCES_MAX} ARNs."
        )
    return RedriveAllowPolicy(permission, tuple(sources))


def _parse_map(text: str, parameter: str, reason: str) -> dict[str, Any]:
    try:
        return parse_object(text, bytes_max=_POLICY_BYTES_MAX, depth_max=_POLICY_DEPTH_MAX)
    except ValueError:
        raise invalid_value(text[:_SHOWN_CHARACTERS_MAX], parameter, reason) from None


def _parse_count(value: object) -> int | None:
    """maxReceiveCount may come as a number or as its text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _refused(text: str, reason: str) -> InvalidParameterValue:
    return invalid_value(text, "RedrivePolicy", reason)
