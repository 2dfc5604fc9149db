"""A queue with its dead-letter queue: clients send, receive, delete, and change visibilities."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, NamedTuple

from tests.simulator.client import Client, Request
from tests.simulator.requests import HOST

VISIBILITIES_S = (0, 1, 5, 20)
DRAIN_VISIBILITY_S = 600
RECEIVES_MAX = 3
_HELD_MAX = 200
_GROUPS = "abcd"
_DRAIN_ROUNDS_MAX = 150


def queue_url(name: str) -> str:
    """The address of a queue of the built-in account."""
    return f"http://{HOST}/000000000000/{name}"


class _Held(NamedTuple):
    body: str
    id: str
    handle: str


class NeverEmpty(Exception):
    """A queue could not be drained."""


class QueueWorkload:
    """One queue. ``is_fifo`` for a queue with groups and deduplication ids."""

    def __init__(self, name: str, *, is_fifo: bool) -> None:
        self.name = name
        self.dead_name = f"{name.removesuffix('.fifo')}-dead{'.fifo' if is_fifo else ''}"
        self._is_fifo = is_fifo
        self._numbers = itertools.count(1)
        self._held: list[_Held] = []

    async def step(self, client: Client) -> None:
        """One operation."""
        draw = client.chance.random()
        if draw < 0.3:
            await self.send(client)
        elif draw < 0.4:
            await self._send_batch(client)
        elif draw < 0.75 or not self._held:
            visibility = client.chance.choice(VISIBILITIES_S)
            await self.receive(client, self.name, client.chance.randint(1, 10), visibility)
        elif draw < 0.9:
            await self.delete(client, self._take(client))
        elif draw < 0.95:
            await self._delete_batch(client)
        else:
            await self._change(client, self._take(client))

    def _take(self, client: Client) -> _Held:
        return self._held.pop(client.chance.randrange(len(self._held)))

    async def send(self, client: Client) -> None:
        """A message of its own."""
        body = f"{self.name}-{next(self._numbers)}"
        parameters: dict[str, Any] = {"QueueUrl": queue_url(self.name), "MessageBody": body}
        asked: dict[str, Any] = {"queue": self.name, "body": body}
        if self._is_fifo:
            asked["group"] = client.chance.choice(_GROUPS)
            parameters |= {"MessageGroupId": asked["group"], "MessageDeduplicationId": body}
        elif client.chance.random() < 0.2:
            parameters["DelaySeconds"] = client.chance.randint(1, 10)
        await client.do(
            "send",
            asked,
            Request("sqs", "SendMessage", parameters),
            lambda answer: {"id": answer["MessageId"], "sequence": answer.get("SequenceNumber", "")},
            retries=3 if self._is_fifo else client.chance.choice((0, 0, 2)),
        )

    async def _send_batch(self, client: Client) -> None:
        messages: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        for _ in range(client.chance.randint(1, 10)):
            body = f"{self.name}-{next(self._numbers)}"
            entry = {"Id": str(len(entries)), "MessageBody": body}
            message = {"body": body}
            if self._is_fifo:
                message["group"] = client.chance.choice(_GROUPS)
                entry |= {"MessageGroupId": message["group"], "MessageDeduplicationId": body}
            entries.append(entry)
            messages.append(message)

        def learn(answer: dict[str, Any]) -> Any:
            sent = ((int(each["Id"]), each) for each in answer.get("Successful", []))
            return {
                "done": {
                    messages[place]["body"]: {"id": each["MessageId"], "sequence": each.get("SequenceNumber", "")}
                    for place, each in sent
                }
            }

        request = Request("sqs", "SendMessageBatch", {"QueueUrl": queue_url(self.name), "Entries": entries})
        asked = {"queue": self.name, "messages": messages}
        await client.do("send-batch", asked, request, learn, retries=3 if self._is_fifo else 0)

    async def _delete_batch(self, client: Client) -> None:
        held = [self._take(client) for _ in range(min(len(self._held), client.chance.randint(1, 10)))]
        entries = [{"Id": str(place), "ReceiptHandle": each.handle} for place, each in enumerate(held)]
        asked = {"queue": self.name, "messages": [{"body": each.body, "id": each.id} for each in held]}

        def learn(answer: dict[str, Any]) -> Any:
            places = (int(each["Id"]) for each in answer.get("Successful", []))
            return {"done": {held[place].body: {} for place in places}}

        request = Request("sqs", "DeleteMessageBatch", {"QueueUrl": queue_url(self.name), "Entries": entries})
        await client.do("delete-batch", asked, request, learn)

    async def receive(
        self, client: Client, queue: str, limit: int, visibility_s: int, f: str = "receive"
    ) -> list[_Held]:
        """Up to ten messages, which are held from now on."""
        parameters = {
            "QueueUrl": queue_url(queue),
            "MaxNumberOfMessages": limit,
            "VisibilityTimeout": visibility_s,
            "AttributeNames": ["All"],
            "WaitTimeSeconds": client.chance.choice((0, 0, 2)),
        }
        messages: list[dict[str, Any]] = []

        def learn(answer: dict[str, Any]) -> Any:
            messages.extend(answer.get("Messages", []))
            return {"messages": [_shown(message) for message in messages]}

        # The checkers call a dead-letter queue by the name of its source.
        shown_name = self.name if queue == self.name else f"{self.name}-dead"
        asked = {"queue": shown_name, "visibility": visibility_s}
        await client.do(f, asked, Request("sqs", "ReceiveMessage", parameters), learn)
        held = [_Held(m["Body"], m["MessageId"], m["ReceiptHandle"]) for m in messages]
        if queue == self.name:
            self._held = (self._held + held)[-_HELD_MAX:]
        return held

    async def delete(self, client: Client, held: _Held, queue: str | None = None) -> None:
        """Delete a message that somebody received."""
        parameters = {"QueueUrl": queue_url(queue or self.name), "ReceiptHandle": held.handle}
        shown_name = f"{self.name}-dead" if queue == self.dead_name else self.name
        asked = {"queue": shown_name, "body": held.body, "id": held.id}
        await client.do("delete-message", asked, Request("sqs", "DeleteMessage", parameters))

    async def _change(self, client: Client, held: _Held) -> None:
        visibility_s = client.chance.choice(VISIBILITIES_S)
        parameters = {
            "QueueUrl": queue_url(self.name),
            "ReceiptHandle": held.handle,
            "VisibilityTimeout": visibility_s,
        }
        asked = {"queue": self.name, "body": held.body, "id": held.id, "visibility": visibility_s}
        await client.do("change-visibility", asked, Request("sqs", "ChangeMessageVisibility", parameters))

    async def end(self, client: Client) -> None:
        """Take out all that is left, from the queue and then from its dead-letter queue. Raises NeverEmpty."""
        for queue in (self.name, self.dead_name):
            for _ in range(_DRAIN_ROUNDS_MAX):
                held = await self.receive(client, queue, 10, DRAIN_VISIBILITY_S, "drain")
                for each in held:
                    await self.delete(client, each, queue)
                if not held and await count_messages(client, queue) == 0:
                    break
                if not held:
                    await asyncio.sleep(5)
            else:
                raise NeverEmpty(queue)


async def count_messages(client: Client, queue: str) -> int:
    """How many a queue has, visible or not; -1 if it does not answer."""
    request = Request("sqs", "GetQueueAttributes", {"QueueUrl": queue_url(queue), "AttributeNames": ["All"]})

    def learn(answer: dict[str, Any]) -> Any:
        kinds = ("", "NotVisible", "Delayed")
        return sum(int(answer["Attributes"][f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)

    count = await client.do("count", {"queue": queue}, request, learn)
    return -1 if count is None else int(count)


def _shown(message: dict[str, Any]) -> dict[str, Any]:
    attributes = message["Attributes"]
    return {
        "body": message["Body"],
        "id": message["MessageId"],
        "receives": int(attributes["ApproximateReceiveCount"]),
        "sequence": attributes.get("SequenceNumber", ""),
    }
