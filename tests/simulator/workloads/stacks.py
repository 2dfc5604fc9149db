"""Small stacks that clients create, update and delete, some with a template that fails half-way and is rolled back."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import orjson

from tests.simulator.client import Client, Request
from tests.simulator.workloads.queues import NeverEmpty

STACKS = ("side-a", "side-b")
_SLOTS = 3
_POLLS_MAX = 150


class StackWorkload:
    """Two stacks; each version names its queue anew and sets a parameter to its number."""

    def __init__(self) -> None:
        self._versions = itertools.count(1)

    async def step(self, client: Client) -> None:
        """Ask for a change. CloudFormation refuses most of those that come while another is under way."""
        stack = client.chance.choice(STACKS)
        draw = client.chance.random()
        if draw < 0.2:
            request = Request("cloudformation", "DeleteStack", {"StackName": stack})
            await client.do("stack-delete", {"stack": stack}, request)
            return
        version = next(self._versions)
        fails = client.chance.random() < 0.25
        operation = "CreateStack" if draw < 0.6 else "UpdateStack"
        parameters = {"StackName": stack, "TemplateBody": _template(stack, version, fails=fails)}
        asked = {"stack": stack, "version": version, "fails": fails}
        f = "stack-create" if operation == "CreateStack" else "stack-update"
        await client.do(f, asked, Request("cloudformation", operation, parameters))

    async def end(self, client: Client) -> None:
        """Wait until no change is under way, and read stacks and resources. Raises NeverEmpty."""
        for stack in STACKS:
            for _ in range(_POLLS_MAX):
                status = await _find_status(client, stack)
                if not status.endswith("_IN_PROGRESS"):
                    break
                await asyncio.sleep(5)
            else:
                raise NeverEmpty(f"{stack} is {status}")
            await _read(client, stack, status)


async def _find_status(client: Client, stack: str) -> str:
    answer = await client.caller.call("cloudformation", "DescribeStacks", {"StackName": stack})
    return str(answer.value["Stacks"][0]["StackStatus"]) if answer.status < 300 else "DELETE_COMPLETE"


async def _read(client: Client, stack: str, status: str) -> None:
    call = client.caller.call
    listed: list[str] = []
    if status != "DELETE_COMPLETE":
        answer = await call("cloudformation", "ListStackResources", {"StackName": stack})
        listed = [
            each["LogicalResourceId"]
            for each in answer.value["StackResourceSummaries"]
            if each["ResourceStatus"] != "DELETE_COMPLETE"
        ]
    queues = await call("sqs", "ListQueues", {"QueueNamePrefix": f"{stack}-"})
    names = [url.rpartition("/")[2] for url in queues.value.get("QueueUrls", [])]
    found = await call("ssm", "GetParameter", {"Name": f"/{stack}/version"})
    version = int(found.value["Parameter"]["Value"]) if found.status < 300 else None
    request = Request("sqs", "ListQueues", {"QueueNamePrefix": f"{stack}-"})
    state = {"status": status, "resources": sorted(listed), "queues": names, "version": version}
    await client.do("stack-end", {"stack": stack}, request, lambda _: state)


def queue_of(stack: str, version: int) -> str:
    """The name of the queue in a version of a stack."""
    return f"{stack}-{version % _SLOTS}"


def _template(stack: str, version: int, *, fails: bool) -> str:
    resources: dict[str, Any] = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": queue_of(stack, version)}},
        "Version": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"/{stack}/version", "Type": "String", "Value": str(version)},
        },
    }
    if fails:
        resources["Bad"] = {
            "Type": "AWS::SQS::Queue",
            "DependsOn": ["Queue", "Version"],
            "Properties": {"QueueName": f"{stack}-bad", "VisibilityTimeout": 999_999},
        }
    return orjson.dumps({"Resources": resources}).decode()
