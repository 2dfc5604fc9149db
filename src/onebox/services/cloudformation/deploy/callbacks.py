"""Waiting for answers from outside: custom resources and wait conditions answer by HTTP PUT to an address of onebox.

Promises: an answer is durable before its sender hears so, and is found again after a restart. An address holds an
unguessable token and takes a bounded number of small answers.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
"""

from __future__ import annotations

import asyncio

from onebox.clock import wait_for
from onebox.errors import AwsError
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Operation, Stack
from onebox.services.cloudformation.store import Store
from onebox.services.context import Deps, Wire
from onebox.services.own_paths import CALLBACKS_PATH
from onebox.text.documents import parse_object

ANSWER_BYTES_MAX = 4_096
"""AWS's limit of a custom resource's answer."""
ANSWERS_MAX = 100
_TOKEN_CHARACTERS = 40


class Interrupted(AwsError):
    """The stack's operation was cancelled or replaced while a resource waited."""

    code = "Cancelled"

    def __init__(self) -> None:
        super().__init__("Resource creation cancelled")


class Callbacks:
    """The open addresses and who waits for them."""

    def __init__(self, deps: Deps, store: Store) -> None:
        self._deps = deps
        self._store = store
        self._waiters: dict[str, tuple[str, asyncio.Event]] = {}

    async def open(self, stack: Stack) -> str:
        """A new address; its URL."""
        token = self._deps.ids.token(_TOKEN_CHARACTERS)
        await self._deps.storage.write(lambda: self._store.callbacks.add(token, stack.stack_id))
        return f"{stack.settings.endpoint_url}{CALLBACKS_PATH}{token}"

    def receive(self, token: str, body: bytes) -> None:
        """Take an answer; inside a transaction. Raises ValidationError."""
        answers = self._store.callbacks.find(token)
        if answers is None:
            raise ValidationError("Nobody waits for an answer at this address.")
        if len(answers) >= ANSWERS_MAX:
            raise ValidationError(f"At most {ANSWERS_MAX} answers are taken at one address.")
        try:
            answer = parse_object(body, bytes_max=ANSWER_BYTES_MAX)
        except ValueError as error:
            raise ValidationError(f"The answer is not valid: {error}.") from None
        self._store.callbacks.save(token, [*answers, answer])
        self._deps.storage.after_commit(lambda: self._wake(token))

    async def wait(self, url: str, count: int, until_ms: int, stack: Stack, operation: Operation | None) -> list[Wire]:
        """The answers at an address, as soon as there are ``count`` of them or it is ``until_ms``.

        Raises Interrupted if the stack has another operation meanwhile."""
        token = url.rpartition("/")[2]
        event = asyncio.Event()
        self._waiters[token] = (stack.stack_id, event)
        try:
            while True:
                answers = self._store.callbacks.find(token) or []
                if len(answers) >= count or self._deps.clock.steady_ms() >= until_ms:
                    return answers
                if self._store.stacks.find_operation(stack.stack_id) != operation:
                    raise Interrupted
                event.clear()
                await wait_for(self._deps.clock, event, until_ms)
        finally:
            del self._waiters[token]

    async def close(self, url: str) -> None:
        """Take no more answers at the address."""
        token = url.rpartition("/")[2]
        await self._deps.storage.write(lambda: self._store.callbacks.delete(token))

    def wake_stack(self, stack_id: str) -> None:
        """Have those who wait for a stack's answers look again: the stack's operation changed."""
        for waiting_stack_id, event in self._waiters.values():
            if waiting_stack_id == stack_id:
                event.set()

    def _wake(self, token: str) -> None:
        if token in self._waiters:
            self._waiters[token][1].set()
