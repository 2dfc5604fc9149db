"""Bugs to be planted into onebox, to prove that the simulator finds bugs of their kind.

Each breaks one promise at one place, as a mistake in a later change could. :func:`plant` puts one in for a run.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from unittest.mock import patch

from onebox.errors import AwsError
from onebox.services.dynamodb.store.streams import StreamStore
from onebox.services.dynamodb.store.tokens import TokenStore
from onebox.services.dynamodb.transactions import Transaction
from onebox.services.dynamodb.writes import ItemWriter
from onebox.services.iam.store.entity_policies import EntityPolicyStore
from onebox.services.lambda_.background.queue_poller import QueuePoller
from onebox.services.logs.store.events import EventStore
from onebox.services.s3.store.contents import ContentStore
from onebox.services.sqs.store.deduplication import DeduplicationStore
from onebox.services.sqs.store.messages import MessageStore
from onebox.services.ssm.store.parameters import ParameterStore
from onebox.storage import starting
from onebox.storage.database import Storage
from tests.simulator.plan import Plan, make_plan


class Planted(NamedTuple):
    """A bug and what finds it."""

    target: object
    method: str
    make: Callable[[Callable[..., Any]], Callable[..., Any]]
    """From the right method to the wrong one."""
    workloads: tuple[str, ...]
    faults: tuple[str, ...]
    promises: tuple[str, ...]
    """What the simulator says when it has found it; the begin of a promise is enough."""


def _acknowledge_before_sync(_right: Callable[..., Any]) -> Callable[..., Any]:
    def after_commit(self: Storage, effect: Callable[[], None], *, patient: bool = False) -> None:
        self._effects.append(_nothing)
        if not patient:
            self._timer.hasten()
        effect()

    return after_commit


def _nothing() -> None:
    """What is left to do after a commit."""


def _drop_every_third(right: Callable[..., Any]) -> Callable[..., Any]:
    calls = iter(range(10**9))

    def dropping(*arguments: Any, **options: Any) -> Any:
        return None if next(calls) % 3 == 2 else right(*arguments, **options)

    return dropping


def _drop_redelivery(right: Callable[..., Any]) -> Callable[..., Any]:
    def find_due(*arguments: Any) -> Any:
        return right(*arguments)[:-1]

    return find_due


def _find_nothing(_right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *_arguments, **_options: None


def _do_not_count(right: Callable[..., Any]) -> Callable[..., Any]:
    def mark_received(self: MessageStore, ids: Iterable[int], *times: int, by_mapping: bool) -> None:
        received = list(ids)
        right(self, received, *times, by_mapping=by_mapping)
        self.uncount_receives(received)

    return mark_received


def _reverse(right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: right(*arguments)[::-1]


def _ignore_conditions(right: Callable[..., Any]) -> Callable[..., Any]:
    def prepare(self: ItemWriter, write: Any, **options: Any) -> Any:
        return right(self, dataclasses.replace(write, condition=None), **options)

    return prepare


def _commit_half(right: Callable[..., Any]) -> Callable[..., Any]:
    def run(self: Transaction) -> Any:
        self._writes[-1] = None
        return right(self)

    return run


def _delete_what_failed(right: Callable[..., Any]) -> Callable[..., Any]:
    def completed(self: QueuePoller, batch: Any, outcome: Any) -> None:
        with contextlib.suppress(AwsError):
            right(self, batch, dataclasses.replace(outcome, failed=False, payload=b""))

    return completed


def _lose_last_line(right: Callable[..., Any]) -> Callable[..., Any]:
    def append(self: EventStore, group_id: int, stream_id: int, events: Any, *others: int) -> Any:
        return right(self, group_id, stream_id, events[:-1] or events, *others)

    return append


def _say_done(_right: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *_arguments: True


PLANTED = {
    "acknowledge before sync": Planted(
        Storage,
        "after_commit",
        _acknowledge_before_sync,
        ("standard", "registers", "bank"),
        ("power loss in a write",),
        ("queue:", "table:", "transactions:", "stream:"),
    ),
    "drop redelivery": Planted(
        MessageStore, "find_due", _drop_redelivery, ("standard",), ("slow disk",), ("run: stuck", "queue: lost")
    ),
    "forget deduplication": Planted(
        DeduplicationStore, "find", _find_nothing, ("fifo",), ("answers lost",), ("fifo: duplicate",)
    ),
    "reverse groups": Planted(MessageStore, "find_messages", _reverse, ("fifo",), ("slow disk",), ("fifo: overtaken",)),
    "ignore conditions": Planted(
        ItemWriter, "prepare", _ignore_conditions, ("registers",), ("slow disk",), ("table: not linearizable",)
    ),
    "commit half": Planted(Transaction, "run", _commit_half, ("bank",), ("slow disk",), ("transactions:",)),
    "forget idempotency": Planted(
        TokenStore, "find", _find_nothing, ("bank",), ("answers lost",), ("transactions:", "onebox:")
    ),
    "lose stream records": Planted(
        StreamStore, "append", _drop_every_third, ("registers",), ("slow disk",), ("stream:",)
    ),
    "delete what failed": Planted(
        QueuePoller, "_completed", _delete_what_failed, ("orders",), ("functions",), ("orders: lost",)
    ),
    "trust a failed sync": Planted(
        starting,
        "rewrite_frames",
        _find_nothing,
        ("registers", "bank"),
        ("disk failure", "power loss"),
        ("run: stuck", "table:", "transactions:", "stream:"),
    ),
    "do not count receives": Planted(
        MessageStore, "mark_received", _do_not_count, ("standard",), ("slow disk",), ("queue: receive not counted",)
    ),
    "lose chunks of objects": Planted(
        ContentStore, "_insert_chunk", _drop_every_third, ("objects",), ("slow disk",), ("objects:", "onebox:")
    ),
    "lose versions of parameters": Planted(
        ParameterStore, "add_version", _drop_every_third, ("parameters",), ("slow disk",), ("parameters:", "onebox:")
    ),
    "lose log lines": Planted(EventStore, "append", _lose_last_line, ("log lines",), ("slow disk",), ("log:",)),
    "withdraw no right": Planted(
        EntityPolicyStore, "delete_inline", _say_done, ("rights",), ("slow disk",), ("rights:",)
    ),
}


@contextlib.contextmanager
def plant(name: str) -> Iterator[None]:
    """Have the bug in onebox meanwhile."""
    bug = PLANTED[name]
    with patch.object(bug.target, bug.method, bug.make(getattr(bug.target, bug.method))):
        yield


def plan_for(name: str, seed: int, events: int) -> Plan:
    """A run that concentrates on what the bug breaks."""
    bug = PLANTED[name]
    plan = make_plan(seed, events)
    return dataclasses.replace(
        plan,
        workloads=bug.workloads,
        faults=bug.faults,
        clients=6,
        think_s=0.1,
        fault_pause_s=min(plan.fault_pause_s, 3.0),
    )


def is_found(name: str, promises: Iterable[str]) -> bool:
    """Whether one of the broken promises is what the bug breaks."""
    return any(promise.startswith(PLANTED[name].promises) for promise in promises)
