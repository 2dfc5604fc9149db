"""Publishing a stack's events to its notification topics.

Promises: notifications are sent in the order of the events and after the commit that holds them. A restart may lose
those that were not sent yet; the events themselves are durable.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-create-stack.html (notification options)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from datetime import datetime, timezone

from onebox.clock import sleep_until
from onebox.errors import AwsError, StorageFault
from onebox.services.cloudformation.deploy.callbacks import Callbacks
from onebox.services.cloudformation.deploy.client import StackClient, principal_of
from onebox.services.cloudformation.model import Event, Stack
from onebox.services.context import Deps
from onebox.services.registry import ApiCaller
from onebox.storage.faults import DatabaseBusy

_log = logging.getLogger("onebox.cloudformation")
_BUSY_PAUSE_MS = 1_000


class Notifications:
    """The sender of notifications."""

    def __init__(self, deps: Deps, caller: ApiCaller, callbacks: Callbacks) -> None:
        self._deps = deps
        self._caller = caller
        self._callbacks = callbacks
        self._pending: asyncio.Queue[tuple[Stack, Event]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin sending."""
        self._task = asyncio.get_running_loop().create_task(self._send_all())

    async def stop(self) -> None:
        """Stop sending; what is pending is dropped."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def listen(self, stack: Stack, event: Event) -> None:
        """Send a notification of ``event`` once it is durable; inside its transaction."""
        if stack.source.notification_arns:
            self._deps.storage.after_commit(lambda: self._pending.put_nowait((stack, event)))

    async def _send_all(self) -> None:
        with contextlib.suppress(StorageFault):  # the engine stops
            while True:
                stack, event = await self._pending.get()
                for topic_arn in stack.source.notification_arns:
                    while not await self._try_send(stack, event, topic_arn):
                        await sleep_until(self._deps.clock, self._deps.clock.steady_ms() + _BUSY_PAUSE_MS)

    async def _try_send(self, stack: Stack, event: Event, topic_arn: str) -> bool:
        """Send one notification; False if it must be tried again."""
        client = StackClient(self._deps, self._caller, stack, self._callbacks)
        request = {
            "TopicArn": topic_arn,
            "Subject": "AWS CloudFormation Notification",
            "Message": notification_text(stack, event),
        }
        try:
            await client.call("sns", "Publish", request)
        except AwsError as error:
            _log.warning("stack %s could not notify %s: %s", stack.name, topic_arn, error.message)
        except StorageFault:
            raise
        except DatabaseBusy:
            return False  # said where it was found
        except Exception:  # noqa: BLE001 - the edge of a background task: the next notifications are sent
            _log.exception("stack %s could not notify %s", stack.name, topic_arn)
        return True


def notification_text(stack: Stack, event: Event) -> str:
    """The message as CloudFormation words it: one ``Name='value'`` a line."""
    moment = datetime.fromtimestamp(event.at_ms / 1000, timezone.utc)
    values = {
        "StackId": stack.stack_id,
        "Timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{event.at_ms % 1000:03d}Z",
        "EventId": event.event_id,
        "LogicalResourceId": event.logical_id,
        "Namespace": stack.account,
        "PhysicalResourceId": event.physical_id or "",
        "PrincipalId": principal_of(stack).user_id,
        "ResourceProperties": event.properties or "null",
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.status_reason or "",
        "ResourceType": event.type,
        "StackName": stack.name,
        "ClientRequestToken": event.client_token or "null",
    }
    return "".join(f"{name}='{value}'\n" for name, value in values.items())
