"""AddPermission and RemovePermission: statements of a queue's policy, written and removed by label. Pure.

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from onebox.arn import partition_of
from onebox.services.sqs.errors import InvalidParameterValue, MissingParameter, OverLimit, invalid_value
from onebox.services.sqs.model import Queue

_ACTIONS = frozenset(
    {
        "*",
        "SendMessage",
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "PurgeQueue",
    }
)
_ACTIONS_MAX = 7
_STATEMENTS_MAX = 20
DEFAULT_POLICY_ID = "__default_policy_ID"


def add_statement(queue: Queue, label: str, accounts: Sequence[str], actions: Sequence[str]) -> str:
    """The queue's policy with one more statement. Raises MissingParameter, InvalidParameterValue or OverLimit."""
    _check(accounts, actions)
    policy = _read(queue)
    if any(statement.get("Sid") == label for statement in policy["Statement"]):
        raise invalid_value(label, "Label", "Already exists.")
    if len(policy["Statement"]) >= _STATEMENTS_MAX:
        raise OverLimit(f"{len(policy['Statement']) + 1} statements were found, maximum allowed is {_STATEMENTS_MAX}.")
    partition = partition_of(queue.region)
    policy["Statement"].append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": _one_or_list([f"arn:{partition}:iam::{account}:root" for account in accounts])},
            "Action": _one_or_list([f"SQS:{action}" for action in actions]),
            "Resource": queue.arn,
        }
    )
    return json.dumps(policy, separators=(",", ":"))


def remove_statement(queue: Queue, label: str) -> str:
    """The queue's policy without a statement; empty if none is left. Raises InvalidParameterValue."""
    policy = _read(queue)
    left = [statement for statement in policy["Statement"] if statement.get("Sid") != label]
    if len(left) == len(policy["Statement"]):
        raise invalid_value(label, "Label", "can't find label.")
    return json.dumps({**policy, "Statement": left}, separators=(",", ":")) if left else ""


def _check(accounts: Sequence[str], actions: Sequence[str]) -> None:
    if not accounts:
        raise MissingParameter("The request must contain the parameter PrincipalId.")
    if not actions:
        raise MissingParameter("The request must contain the parameter Actions.")
    if len(actions) > _ACTIONS_MAX:
        raise OverLimit(f"{len(actions)} Actions were found, maximum allowed is {_ACTIONS_MAX}.")
    for action in actions:
        if action not in _ACTIONS:
            raise InvalidParameterValue(
                f"Value SQS:{action} for parameter ActionName is invalid. Reason: Only the queue owner is allowed "
                "to invoke this action."
            )
    for account in accounts:
        if len(account) != 12 or not (account.isascii() and account.isdigit()):
            raise invalid_value([account], "PrincipalId", "Unable to verify.")


def _read(queue: Queue) -> dict[str, Any]:
    """The policy as it stands, with its statements as a list."""
    text = queue.attributes.get("Policy")
    if text is None:
        return {"Version": "2008-10-17", "Id": f"{queue.arn}/{DEFAULT_POLICY_ID}", "Statement": []}
    policy: dict[str, Any] = json.loads(text)
    statements = policy.get("Statement", [])
    policy["Statement"] = statements if isinstance(statements, list) else [statements]
    return policy


def _one_or_list(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
