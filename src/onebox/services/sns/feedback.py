"""Which deliveries a topic wants logged, and with which role: its feedback attributes. Pure.

AWS: https://docs.aws.amazon.com/sns/latest/dg/topics-attrib.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_PROTOCOLS = {"HTTP": ("http", "https"), "SQS": ("sqs",), "Lambda": ("lambda",)}


class Feedback(NamedTuple):
    """The feedback settings of one protocol. A role's ARN, empty where none is set."""

    success_role: str
    success_percent: int
    failure_role: str


def compile_feedback(attributes: Mapping[str, str]) -> dict[str, Feedback]:
    """The settings by protocol (``sqs``), for the protocols that have a role."""
    found: dict[str, Feedback] = {}
    for prefix, protocols in _PROTOCOLS.items():
        feedback = Feedback(
            success_role=attributes.get(f"{prefix}SuccessFeedbackRoleArn", ""),
            success_percent=int(attributes.get(f"{prefix}SuccessFeedbackSampleRate", 0)),
            failure_role=attributes.get(f"{prefix}FailureFeedbackRoleArn", ""),
        )
        if feedback.success_role or feedback.failure_role:
            found |= dict.fromkeys(protocols, feedback)
    return found
