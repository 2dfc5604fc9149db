"""Goal: whichever relays claim when, however old their view is and wherever they are killed, no row is published before
an earlier row of its order was published or refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orders.outbox.planning import find_followers, find_heads
from orders.outbox.queue import Pending, SendQueue
from orders.outbox.rows import Place, Row
from orders.publishing.ports import Rejection

places = st.lists(st.sampled_from("abcd"), max_size=40).map(
    lambda ids: [Place(number, order_id) for number, order_id in enumerate(ids)]
)


@given(places)
def test_heads_are_the_first_rows_of_their_orders(window: list[Place]) -> None:
    heads = find_heads(window)
    assert heads == sorted(heads)
    assert {window[id_].order_id for id_ in heads} == {place.order_id for place in window}
    assert all(window[id_].order_id not in {place.order_id for place in window[:id_]} for id_ in heads)


@given(places, st.data(), st.integers(0, 30))
def test_followers_leave_no_gap_behind_the_held_heads(window: list[Place], data: st.DataObject, limit: int) -> None:
    held = [id_ for id_ in find_heads(window) if data.draw(st.booleans())]
    followers = find_followers(window, held, limit)
    assert len(followers) <= limit
    claimed = {*held, *followers}
    held_orders = {window[id_].order_id for id_ in held}
    assert {window[id_].order_id for id_ in followers} <= held_orders
    for id_ in followers:
        assert all(place.id in claimed for place in window[:id_] if place.order_id == window[id_].order_id)


def test_followers_give_every_order_one_more_row_before_any_gets_two() -> None:
    window = [Place(number, order_id) for number, order_id in enumerate("aaaaabb")]
    assert find_followers(window, [0, 5], 2) == [1, 6]


class Outbox:
    """The table and its row locks, as the databases promise them."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.waiting: set[int] = set()
        self.locked: dict[int, int] = {}
        self.published: set[int] = set()
        self.may_repeat = False
        self.refused: set[int] = set()
        self.hopeless: set[int] = set()

    def insert(self, order_id: str, kind: str) -> None:
        """A row that is valid, or no order at all, or that SNS refuses whenever it is sent."""
        id_ = len(self.rows)
        self.rows.append(Row(id_, order_id, "{}" if kind == "invalid" else f'{{"orderId": "{order_id}"}}'))
        self.waiting.add(id_)
        if kind != "valid":
            self.hopeless.add(id_)

    def window(self, limit: int) -> list[Place]:
        return [Place(id_, self.rows[id_].order_id) for id_ in sorted(self.waiting)[:limit]]

    def lock(self, ids: Sequence[int], relay: int, limit: int) -> list[int]:
        """FOR UPDATE SKIP LOCKED of those that wait now."""
        free = [id_ for id_ in ids if id_ in self.waiting and id_ not in self.locked][:limit]
        self.locked.update(dict.fromkeys(free, relay))
        return free

    def unlock(self, relay: int) -> None:
        self.locked = {id_: holder for id_, holder in self.locked.items() if holder != relay}

    def publish(self, id_: int) -> None:
        """Fails where an earlier row of the order was not published, unless it never will be; and if it was published
        before, unless relays were killed or answers lost.
        """
        assert self.may_repeat or id_ not in self.published
        mine = self.rows[id_].order_id
        for earlier in range(id_):
            if self.rows[earlier].order_id == mine:
                assert earlier in self.published | self.hopeless, f"row {id_} was published before row {earlier}"
        self.published.add(id_)


class ModelRelay:
    """A relay that takes one small step at a time: look, lock, send a batch, record; or is killed in between."""

    def __init__(self, number: int, outbox: Outbox, data: st.DataObject) -> None:
        self._number = number
        self._outbox = outbox
        self._data = data
        self._window: list[Place] | None = None
        self._queue: SendQueue | None = None

    def step(self) -> None:
        if self._window is None:
            self._window = self._outbox.window(self._draw(st.integers(1, 12)))
        elif self._queue is None:
            heads = self._outbox.lock(find_heads(self._window), self._number, self._draw(st.integers(1, 4)))
            followers = find_followers(self._window, heads, self._draw(st.integers(0, 6)))
            there = [id_ for id_ in followers if id_ in self._outbox.waiting]
            self._queue = SendQueue([self._outbox.rows[id_] for id_ in sorted([*heads, *there])])
        elif batch := self._queue.next_batch(only_full=False):
            self._send(self._queue, batch)
        else:
            self._record(self._queue)

    def kill(self) -> None:
        self._outbox.unlock(self._number)
        self._window, self._queue = None, None

    def _send(self, queue: SendQueue, batch: list[Pending]) -> None:
        fates = ["answered", "answered", "unsent", "lost"] if self._outbox.may_repeat else ["answered", "unsent"]
        fate = self._draw(st.sampled_from(fates))
        answers = [self._answer(pending.row.id) for pending in batch]
        if fate != "unsent":
            for pending, answer in zip(batch, answers, strict=True):
                if answer is None:
                    self._outbox.publish(pending.row.id)
        if fate == "answered":
            queue.record(batch, answers)
        else:
            queue.fail("the connection broke")

    def _answer(self, id_: int) -> Rejection | None:
        return HOPELESS if id_ in self._outbox.hopeless else self._draw(st.sampled_from([None, None, RETRYABLE]))

    def _record(self, queue: SendQueue) -> None:
        outcome = queue.outcome
        self._outbox.refused.update(refusal.id for refusal in outcome.refused)
        self._outbox.waiting -= {*outcome.sent, *(refusal.id for refusal in outcome.refused)}
        self.kill()

    def _draw(self, strategy: st.SearchStrategy[Any]) -> Any:
        return self._data.draw(strategy)


KINDS = ("valid", "valid", "valid", "invalid", "hopeless")
RETRYABLE = Rejection("Throttled", "slow down", retryable=True)
HOPELESS = Rejection("InvalidParameter", "no", retryable=False)


@given(st.data())
def test_rows_of_an_order_are_published_in_order_whatever_relays_do(data: st.DataObject) -> None:
    outbox = Outbox()
    outbox.may_repeat = data.draw(st.booleans())
    relays = [ModelRelay(number, outbox, data) for number in range(3)]
    for _ in range(data.draw(st.integers(1, 60))):
        action = data.draw(st.sampled_from(["insert", "step", "step", *(["kill"] if outbox.may_repeat else [])]))
        if action == "insert":
            outbox.insert(data.draw(st.sampled_from("abc")), data.draw(st.sampled_from(KINDS)))
        else:
            relay = data.draw(st.sampled_from(relays))
            relay.step() if action == "step" else relay.kill()
    for relay in relays:
        relay.kill()
    assert outbox.waiting | outbox.published | outbox.refused == set(range(len(outbox.rows)))
    assert outbox.refused <= outbox.hopeless
