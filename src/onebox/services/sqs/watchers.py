"""Who waits for the messages of a queue: long polls, and the pollers of event source mappings.

Promises: a watcher is called, on the event loop, after the commit of a message it may receive, and when a delay or a
visibility timeout ends. A queue nobody watches costs nothing: no timer runs and no effect is registered for it.
Being called is a hint; who comes late finds nothing. Watchers are known by the queue's ARN, so that one may wait for
a queue that is deleted and made again. Many watchers of one queue are called a few at a time, those that wait longest
first, and only as long as the queue has something: neither they nor other requests wait for all of them.
A watcher may look at other times too, and then find messages that are not on disk yet: :meth:`Watchers.group_of`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from onebox.clock import Clock, Timer

Callback = Callable[[], None]


class Subscription:
    """A watcher's place. ``cancel`` is idempotent."""

    __slots__ = ("_cancel",)

    def __init__(self, cancel: Callback) -> None:
        self._cancel: Callback | None = cancel

    def cancel(self) -> None:
        """Stop being called."""
        if self._cancel is not None:
            cancel, self._cancel = self._cancel, None
            cancel()


# How many are called in one turn of the event loop; each then looks into the queue.
_SLICE = 20


class _Arrivals(NamedTuple):
    """The messages that one group of the storage brought to a queue."""

    group: int
    first_id: int
    """Messages of later groups have greater row ids."""


class _Watch:
    __slots__ = ("arrivals", "callbacks", "due_at_ms", "timer", "told_group", "uncalled")

    def __init__(self, group: int) -> None:
        # At most two groups are not on disk, the open one and the one that is being synced.
        self.arrivals: deque[_Arrivals] = deque([_Arrivals(group, 0)], maxlen=2)
        """Of the last groups that brought messages, the newest at the end."""
        self.told_group = -1
        """The last group whose messages the watchers have seen."""
        self.callbacks: dict[object, Callback] = {}
        self.uncalled: list[object] | None = None
        """The keys still to be called in the round that is under way, the last one first."""
        self.timer: Timer | None = None
        self.due_at_ms: int | None = None


class Watchers:
    """All who wait, by queue."""

    def __init__(
        self,
        clock: Clock,
        find_next_due: Callable[[str, int], int | None],
        has_visible: Callable[[str], bool],
        find_group: Callable[[], int],
    ) -> None:
        """``find_next_due(queue_arn, after_ms)`` tells when the next message becomes visible by itself,
        ``has_visible(queue_arn)`` whether one is visible, or becomes so with the next look, ``find_group()`` the
        storage's group that holds what was done last."""
        self._clock = clock
        self._find_group = find_group
        self._has_visible = has_visible
        self._find_next_due = find_next_due
        self._watches: dict[str, _Watch] = {}
        self.is_closed = False
        """Whether the service stops, so that there is nothing to wait for."""

    def watch(self, queue_arn: str, callback: Callback) -> Subscription:
        """Call ``callback`` when the queue may have something to receive."""
        watch = self._watches.get(queue_arn)
        if watch is None:
            watch = self._watches[queue_arn] = _Watch(self._find_group())
            self._arm_next(queue_arn, watch)
        key = object()
        watch.callbacks[key] = callback
        return Subscription(lambda: self._unwatch(queue_arn, key))

    def is_watched(self, queue_arn: str) -> bool:
        """Whether anybody waits for this queue."""
        return queue_arn in self._watches

    def brought(self, queue_arn: str, first_id: int) -> None:
        """Messages come with the storage's present group; ``first_id`` is the row id of the first."""
        watch = self._watches.get(queue_arn)
        if watch is not None and (group := self._find_group()) != watch.arrivals[-1].group:
            watch.arrivals.append(_Arrivals(group, first_id))

    def group_of(self, queue_arn: str, row_id: int) -> int:
        """The group with which a message of a watched queue, and all older ones, are durable (Storage.when_durable)."""
        watch = self._watches.get(queue_arn)
        if watch is None:
            return self._find_group()
        for arrivals in reversed(watch.arrivals):
            if row_id >= arrivals.first_id:
                return arrivals.group
        return watch.arrivals[0].group - 1

    def notify(self, queue_arn: str) -> None:
        """Messages may have become visible."""
        watch = self._watches.get(queue_arn)
        if watch is not None:
            self._call_all(queue_arn, watch)

    def tell(self, queue_arn: str, group: int) -> None:
        """The storage's group ``group``, which brought visible messages, is on disk. As :meth:`notify`, once for each
        group: whoever was called for its first message has found the others too."""
        watch = self._watches.get(queue_arn)
        if watch is not None and watch.told_group != group:
            watch.told_group = group
            self._call_all(queue_arn, watch)

    def _call_all(self, queue_arn: str, watch: _Watch) -> None:
        if len(watch.callbacks) <= _SLICE:
            for callback in list(watch.callbacks.values()):
                callback()
            return
        is_under_way = watch.uncalled is not None
        watch.uncalled = list(reversed(watch.callbacks))
        if not is_under_way:
            self._call_slice(queue_arn, watch)

    def _call_slice(self, queue_arn: str, watch: _Watch) -> None:
        """Call the next few watchers, and the others in the turns of the event loop that follow."""
        assert watch.uncalled is not None
        for _ in range(min(_SLICE, len(watch.uncalled))):
            callback = watch.callbacks.get(watch.uncalled.pop())
            if callback is not None:
                callback()
        if watch.uncalled and not self.is_closed:
            asyncio.get_running_loop().call_soon(self._go_on, queue_arn, watch)
        else:
            watch.uncalled = None

    def _go_on(self, queue_arn: str, watch: _Watch) -> None:
        if self._watches.get(queue_arn) is watch and self._has_visible(queue_arn):
            self._call_slice(queue_arn, watch)
        else:
            watch.uncalled = None

    def close(self) -> None:
        """Wake everyone for good: the service stops."""
        self.is_closed = True
        for watch in list(self._watches.values()):
            for callback in list(watch.callbacks.values()):
                callback()

    def expect(self, queue_arn: str, due_at_ms: int) -> None:
        """A message will become visible at ``due_at_ms``."""
        watch = self._watches.get(queue_arn)
        if watch is not None and (watch.due_at_ms is None or due_at_ms < watch.due_at_ms):
            self._arm(queue_arn, watch, due_at_ms)

    def _unwatch(self, queue_arn: str, key: object) -> None:
        watch = self._watches[queue_arn]
        del watch.callbacks[key]
        if not watch.callbacks:
            del self._watches[queue_arn]
            if watch.timer is not None:
                watch.timer.cancel()

    def _arm(self, queue_arn: str, watch: _Watch, due_at_ms: int) -> None:
        if watch.timer is not None:
            watch.timer.cancel()
        watch.due_at_ms = due_at_ms
        watch.timer = self._clock.call_at(due_at_ms, lambda: self._fire(queue_arn, watch))

    def _arm_next(self, queue_arn: str, watch: _Watch) -> None:
        due_at_ms = self._find_next_due(queue_arn, self._clock.steady_ms())
        if due_at_ms is not None:
            self._arm(queue_arn, watch, due_at_ms)

    def _fire(self, queue_arn: str, watch: _Watch) -> None:
        watch.timer, watch.due_at_ms = None, None
        if self._watches.get(queue_arn) is not watch:
            return
        self._arm_next(queue_arn, watch)
        self.notify(queue_arn)
