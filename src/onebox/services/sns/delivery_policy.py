"""Delivery policies of topics and HTTP subscriptions: what they may say, what is in force, when to try again.

AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.services.sns.errors import InvalidParameterException
from onebox.services.sns.limits import POLICY_BYTES_MAX
from onebox.text.documents import parse_document

DEFAULT_RETRIES: dict[str, Any] = {
    "minDelayTarget": 20,
    "maxDelayTarget": 20,
    "numRetries": 3,
    "numMaxDelayRetries": 0,
    "numNoDelayRetries": 0,
    "numMinDelayRetries": 0,
    "backoffFunction": "linear",
}
DEFAULT_CONTENT_TYPE = "text/plain; charset=UTF-8"
_DEPTH_MAX = 8
_RETRIES_MAX = 100
_DELAY_S_MAX = 3_600
_BACKOFFS = frozenset(("arithmetic", "exponential", "geometric", "linear"))


def check_delivery_policy(text: str, prefix: str = "Invalid parameter: ") -> None:
    """Raise InvalidParameter unless it is a delivery policy of a topic or a subscription."""
    try:
        policy = parse_document(text, bytes_max=POLICY_BYTES_MAX, depth_max=_DEPTH_MAX)
    except ValueError as error:
        raise InvalidParameterException(f"{prefix}DeliveryPolicy: failed to parse JSON. {error}") from error
    if not isinstance(policy, dict):
        raise InvalidParameterException(f"{prefix}DeliveryPolicy: must be a JSON object")
    http = policy.get("http", policy)
    if not isinstance(http, dict):
        raise InvalidParameterException(f"{prefix}DeliveryPolicy: http must be a JSON object")
    for name in ("defaultHealthyRetryPolicy", "healthyRetryPolicy", "sicklyRetryPolicy"):
        if http.get(name) is not None:
            _check_retries(http[name], prefix)
    for name in ("defaultThrottlePolicy", "throttlePolicy", "defaultRequestPolicy", "requestPolicy"):
        if http.get(name) is not None and not isinstance(http[name], dict):
            raise InvalidParameterException(f"{prefix}DeliveryPolicy: {name} must be a JSON object")
    for name in ("defaultRequestPolicy", "requestPolicy"):
        content_type = (http.get(name) or {}).get("headerContentType")
        if content_type is not None and not _is_content_type(content_type):
            raise InvalidParameterException(f"{prefix}DeliveryPolicy: {name}.headerContentType is invalid")


def _is_content_type(value: Any) -> bool:
    """Whether a value may be sent as an HTTP header."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and len(value) <= 256


def _check_retries(retries: Any, prefix: str) -> None:
    label = f"{prefix}DeliveryPolicy: "
    if not isinstance(retries, dict):
        raise InvalidParameterException(f"{label}healthyRetryPolicy must be a JSON object")
    for name, value in retries.items():
        if name == "backoffFunction":
            if not isinstance(value, str) or value not in _BACKOFFS:
                raise InvalidParameterException(f"{label}healthyRetryPolicy.backoffFunction is invalid")
        elif name not in DEFAULT_RETRIES:
            raise InvalidParameterException(f"{label}Unrecognized field {name}")
        elif isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidParameterException(f"{label}healthyRetryPolicy.{name} must be greater than or equal to 0")
    filled = {**DEFAULT_RETRIES, **retries}
    if filled["numRetries"] > _RETRIES_MAX:
        raise InvalidParameterException(f"{label}healthyRetryPolicy.numRetries must be less than or equal to 100")
    if not 1 <= filled["minDelayTarget"] <= filled["maxDelayTarget"] <= _DELAY_S_MAX:
        raise InvalidParameterException(
            f"{label}healthyRetryPolicy.minDelayTarget and maxDelayTarget must be between 1 and 3600, in this order"
        )
    phases = ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
    if sum(filled[phase] for phase in phases) > filled["numRetries"]:
        raise InvalidParameterException(f"{label}the retries of the phases exceed healthyRetryPolicy.numRetries")


def effective_topic_policy(text: str | None) -> dict[str, Any]:
    """What is in force for a topic: AWS's defaults under what was set."""
    http: dict[str, Any] = {
        "defaultHealthyRetryPolicy": DEFAULT_RETRIES,
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": DEFAULT_CONTENT_TYPE},
    }
    if text:
        given = json.loads(text).get("http", {})
        http = {**http, **{name: value for name, value in given.items() if value is not None}}
        http["defaultHealthyRetryPolicy"] = {**DEFAULT_RETRIES, **http["defaultHealthyRetryPolicy"]}
    return {"http": http}


def effective_subscription_policy(topic_text: str | None, text: str | None) -> dict[str, Any]:
    """What is in force for an HTTP subscription: the topic's policy under its own, unless the topic forbids that."""
    http = effective_topic_policy(topic_text)["http"]
    given = json.loads(text) if text and not http["disableSubscriptionOverrides"] else {}
    retries = given.get("healthyRetryPolicy")
    return {
        "healthyRetryPolicy": {**DEFAULT_RETRIES, **retries} if retries else http["defaultHealthyRetryPolicy"],
        "sicklyRetryPolicy": given.get("sicklyRetryPolicy"),
        "throttlePolicy": given.get("throttlePolicy", http.get("defaultThrottlePolicy")),
        "requestPolicy": given.get("requestPolicy") or http["defaultRequestPolicy"],
        "guaranteed": given.get("guaranteed", False),
    }


def shown_subscription_policy(text: str) -> dict[str, Any]:
    """A subscription's own policy as GetSubscriptionAttributes shows it: every member there, unset ones null."""
    given = json.loads(text)
    members = ("healthyRetryPolicy", "sicklyRetryPolicy", "throttlePolicy", "requestPolicy")
    return {**{name: given.get(name) for name in members}, "guaranteed": given.get("guaranteed", False)}


def retry_delay_s(retries: dict[str, Any], retry: int) -> float | None:
    """Seconds before the retry of this number (1 is the first); None when there is none left.

    The phases follow each other: no delay, the least delay, growing delays, the largest delay.
    """
    total, at_once = retries["numRetries"], retries["numNoDelayRetries"]
    least, most = retries["minDelayTarget"], retries["maxDelayTarget"]
    if retry > total:
        return None
    if retry <= at_once:
        return 0
    growing_from = at_once + retries["numMinDelayRetries"]
    if retry <= growing_from:
        return float(least)
    growing = total - growing_from - retries["numMaxDelayRetries"]
    step = retry - growing_from
    if step > growing:
        return float(most)
    return _growing_delay_s(retries["backoffFunction"], least, most, step, growing)


def _growing_delay_s(backoff: str, least: float, most: float, step: int, steps: int) -> float:
    """From the least to the largest delay in ``steps`` steps along the named curve."""
    if steps <= 1 or most <= least:
        return float(least)
    fraction = (step - 1) / (steps - 1)
    if backoff == "arithmetic":
        fraction = step * (step - 1) / (steps * (steps - 1))
    elif backoff == "exponential":
        fraction = (2.0 ** (step - 1) - 1) / (2.0 ** (steps - 1) - 1)
    elif backoff == "geometric":
        return float(least * (most / least) ** fraction)
    return least + (most - least) * fraction
