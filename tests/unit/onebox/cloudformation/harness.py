"""CloudFormation by itself: in-memory storage, a clock moved by hand, fake services, and restarts at will."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from onebox.errors import StorageFault
from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.cloudformation.service import CloudFormation
from onebox.services.cloudformation.workbench import refusing_depth
from onebox.services.context import Deps, Principal, RequestContext, Wire
from onebox.services.iam.core import make_core
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.service import Iam
from onebox.services.registry import BoundOperation, BoundWaitingOperation
from onebox.storage.database import Storage
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock
from tests.unit.onebox.cloudformation.fake_services import FakeServices

T = TypeVar("T")
ACCOUNT = "123456789012"
REGION = "eu-west-1"


class InlineWorkbench:
    """Runs the work at once: the harness counts turns of the loop, and a thread takes no turns."""

    async def run(self, work: Callable[[], T]) -> T:
        return refusing_depth(work)

    def stop(self) -> None:
        """Nothing waits."""


def _no_fault(fault: StorageFault) -> None:
    raise fault


class Harness:
    """Calls operations as the pipeline would, without sockets."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = ManualClock()
        connection = open_connection(None)
        migrate(connection)
        self.storage = Storage(connection, on_fault=_no_fault)
        log = logging.getLogger("onebox.test")
        self.deps = Deps(self.storage, self.clock, RandomIds(seed=7), MetricBuffer(), log)
        self.services = FakeServices()
        core = make_core(self.deps)
        self.iam, self.iam_internal = Iam(core), IamInternal(core, log)
        self.cloudformation = self._make()
        self.run(self.cloudformation.start())

    def _make(self) -> CloudFormation:
        return CloudFormation(self.deps, self.services, self.iam_internal, InlineWorkbench())

    def close(self) -> None:
        """Stop the service and give everything back."""
        self.run(self.cloudformation.stop())
        self.storage.close()
        self.loop.close()

    def restart(self) -> None:
        """Cut off what runs, as a crash would, and start anew on what is on disk."""
        self.run(self.cloudformation.stop())
        self.services.hang_before = self.services.hang_after = None
        self.cloudformation = self._make()
        self.run(self.cloudformation.start())
        self.settle()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self.loop.run_until_complete(work)

    def settle(self) -> None:
        """Let everything happen that can."""

        async def turns() -> None:
            for _ in range(2_000):
                await asyncio.sleep(0)

        self.run(turns())

    def call(self, operation: str, **request: Any) -> Wire:
        """Call an operation; durable when it returns. Raises its AwsError."""
        entry = self.cloudformation.operations[operation]
        context = self.context()

        async def waiting(entry: BoundWaitingOperation) -> Wire:
            call = asyncio.ensure_future(entry.run(context, request))
            for _ in range(2_000):
                if call.done():
                    break
                await asyncio.sleep(0)
            else:
                await self.clock.advance(3)  # the work hangs; the answer does not wait for it
            return await call

        async def writing(entry: BoundOperation) -> Wire:
            return await self.storage.write(lambda: entry.run(context, request))

        if isinstance(entry, BoundWaitingOperation):
            return self.run(waiting(entry))
        assert isinstance(entry, BoundOperation)
        return self.run(writing(entry))

    def create_role(self, name: str, path: str) -> str:
        """A role that CloudFormation may assume; its ARN."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        entry = self.iam.operations["CreateRole"]
        assert isinstance(entry, BoundOperation)
        request = {"RoleName": name, "Path": path, "AssumeRolePolicyDocument": trust}
        answer = self.run(self.storage.write(lambda: entry.run(self.context(), request)))
        return str(answer["Role"]["Arn"])

    def context(self) -> RequestContext:
        """A request of the root of the account, now."""
        principal = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        return RequestContext(ACCOUNT, REGION, principal, self.clock.now_ms(), "request", "http://onebox.test")

    # What most tests do.

    def create(self, template: Wire, name: str = "shop", **request: Any) -> str:
        """Create a stack from a template; its id."""
        answer = self.call("CreateStack", StackName=name, TemplateBody=json.dumps(template), **request)
        return str(answer["StackId"])

    def update(self, template: Wire, name: str = "shop", **request: Any) -> None:
        """Update a stack to a template."""
        self.call("UpdateStack", StackName=name, TemplateBody=json.dumps(template), **request)

    def stack(self, name: str = "shop") -> Wire:
        """DescribeStacks of one."""
        stack: Wire = self.call("DescribeStacks", StackName=name)["Stacks"][0]
        return stack

    def events(self, name: str = "shop") -> list[tuple[str, str]]:
        """Logical id and status of every event, the oldest first."""
        events = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def reasons(self, name: str = "shop") -> list[str]:
        """The reasons of all events that have one, the oldest first."""
        events = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [event["ResourceStatusReason"] for event in reversed(events) if "ResourceStatusReason" in event]

    def resources(self, name: str = "shop") -> dict[str, Wire]:
        """DescribeStackResources by logical id."""
        rows = self.call("DescribeStackResources", StackName=name)["StackResources"]
        return {row["LogicalResourceId"]: row for row in rows}
