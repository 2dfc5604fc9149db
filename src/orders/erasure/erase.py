"""Erases a person, place by place. Every step can be repeated; a run that was interrupted is run again.

The order of the steps is what makes the result last. The orders are marked as erased first: from then on nothing that
waits in a queue or is replayed stores them again. Messages are deleted next, then the archive's copies. The history is
last, after OrderHistory has passed the erasure in the stream of the table: it has then written whatever came before.
Until then the marks tell whose orders they were, so that a run after a crash looks for the same orders everywhere.
Independent of AWS but for the types of the places that have a part of their own in the order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from orders.erasure.person import Person
from orders.erasure.report import Found
from orders.errors import OperatorError

if TYPE_CHECKING:
    from orders.erasure.ports import Copies
    from orders.erasure.queue_copies import QueueCopies
    from orders.erasure.table_copies import EventCopies, OrderCopies

# Each round finds the orders that the one before has made known.
ROUNDS_MAX = 10


class Places(NamedTuple):
    """Where copies are. ``events`` is None without a history."""

    orders: OrderCopies
    queues: Sequence[QueueCopies]
    others: Sequence[Copies]
    """The archive and spools."""
    events: EventCopies | None

    @property
    def all(self) -> list[Copies]:
        return [self.orders, *self.queues, *self.others, *([self.events] if self.events is not None else [])]


def find_person(places: Places, user: str | None, order_id: str | None) -> tuple[Person, list[Found]]:
    """The person with all orders, and the copies at each place that can be looked at."""
    ids = {order_id} if order_id is not None else set()
    if user is not None:
        ids |= set(places.orders.ids_of_user(user))
    for _ in range(ROUNDS_MAX):
        person = Person(user, frozenset(ids))
        found = {one.place: list(one.find(person)) for one in places.all if one.is_looked_at_first}
        named = {found_id for copies in found.values() for found_id in copies if found_id is not None}
        new = {one for one in named - ids if not places.orders.is_of_another(one)}
        if not new:
            return person, [Found(one.place, one.what, len(found.get(one.place, []))) for one in places.all]
        ids |= new
    raise OperatorError("new orders of this person keep arriving", "Run the same command again.")


def erase(places: Places, person: Person, found: Sequence[Found], on_step: Callable[[str], None]) -> Person:
    """Erase what was found; the person with the orders that the queues have made known. ``found`` gets the counts."""
    rows = {one.place: one for one in found}

    def at(copies: Copies) -> None:
        on_step(copies.place)
        rows[copies.place].erased += copies.erase(person)

    is_known = any(one.copies for one in found) or (person.user is not None and bool(person.order_ids))
    if is_known:  # a mistyped id is not marked: it may be an order's one day
        at(places.orders)
    for queue in places.queues:
        at(queue)
    is_known_now = any(rows[queue.place].erased for queue in places.queues)
    ids = {one for queue in places.queues for one in queue.found_ids}
    new = {one for one in ids - person.order_ids if not places.orders.is_of_another(one)}
    if new or (is_known_now and not is_known):
        person = Person(person.user, person.order_ids | new)
        at(places.orders)
    for other in places.others:
        at(other)
    if places.events is not None:
        on_step("OrderHistory")
        if not places.events.wait_for_history(places.orders.marked):
            rows[places.events.place].note = "OrderHistory has not passed the erasure yet: run the same command again"
            rows[places.events.place].left += 1
        at(places.events)
    return person


def check(places: Places, person: Person, found: Sequence[Found]) -> None:
    """Look again everywhere; ``found`` gets what is left. Where nothing is, the erasure is over."""
    rows = {one.place: one for one in found}
    for copies in places.all:
        if copies.is_looked_at_first:
            rows[copies.place].left += sum(1 for _ in copies.find(person))
    for queue in places.queues:
        hidden = queue.unreachable()
        if hidden:
            rows[queue.place].note = (
                f"{hidden:,} messages are held by a reader or delayed; what is stored of erased orders is dropped. "
                "Run the same command again when they are processed"
            )
    if not any(one.left for one in found):
        places.orders.finish()
