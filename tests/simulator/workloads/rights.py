"""Rights of a role: clients grant and withdraw them, and use them with the role's credentials."""

from __future__ import annotations

from typing import Any

import orjson

from tests.simulator.calls import Caller, Lost, NotSent
from tests.simulator.client import Client, Request
from tests.simulator.requests import Answer, Credentials
from tests.simulator.workloads.keys import Keys

ROLE = "tester"
_DENIED = ("AccessDenied", "AccessDeniedException")
_OUTDATED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId")


class RightsWorkload:
    """Each key is an inline policy of the role and the name of a queue whose URL it allows to ask for. No such queue
    exists: whoever may ask learns that."""

    def __init__(self) -> None:
        self._keys = Keys("right", at_a_time=2, uses=40)
        self._callers: dict[Client, Caller] = {}

    async def step(self, client: Client) -> None:
        """One operation."""
        key = self._keys.draw(client.chance)
        draw = client.chance.random()
        if draw < 0.25:
            await _grant(client, key)
        elif draw < 0.45:
            await _withdraw(client, key)
        else:
            await self._use(client, key)

    async def _use(self, client: Client, key: str) -> None:
        caller = self._callers.get(client) or await _assume(client)
        if caller is None:
            return
        self._callers[client] = caller

        def meaning(answer: Answer) -> Any:
            if answer.code in _OUTDATED:
                self._callers.pop(client, None)  # the next use assumes the role again
                return None
            if answer.code in _DENIED:
                return {"allowed": False}
            return {"allowed": True} if answer.code == "QueueDoesNotExist" else None

        request = Request("sqs", "GetQueueUrl", {"QueueName": key})
        await client.do("right-use", {"key": key}, request, meaning=meaning, caller=caller)

    async def end(self, client: Client) -> None:
        """Use each a last time."""
        for key in self._keys.current:
            await self._use(client, key)


async def _assume(client: Client) -> Caller | None:
    parameters = {"RoleArn": f"arn:aws:iam::000000000000:role/{ROLE}", "RoleSessionName": "simulated"}
    try:
        answer = await client.caller.call("sts", "AssumeRole", parameters)
    except (NotSent, Lost):
        return None
    if answer.status >= 300:
        return None
    keys = answer.value["Credentials"]
    return client.caller.with_credentials(
        Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    )


async def _grant(client: Client, key: str) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:GetQueueUrl", "Resource": f"arn:aws:sqs:*:*:{key}"}
    document = orjson.dumps({"Version": "2012-10-17", "Statement": [statement]}).decode()
    await client.do("right-grant", {"key": key}, Request("iam", "PutRolePolicy", _named(key, PolicyDocument=document)))


async def _withdraw(client: Client, key: str) -> None:
    await client.do(
        "right-withdraw",
        {"key": key},
        Request("iam", "DeleteRolePolicy", _named(key)),
        lambda _: {"done": True},
        meaning=lambda answer: {"done": False} if answer.code == "NoSuchEntity" else None,
    )


def _named(key: str, **others: Any) -> dict[str, Any]:
    return {"RoleName": ROLE, "PolicyName": key, **others}
