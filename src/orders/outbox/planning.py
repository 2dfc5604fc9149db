"""Which rows a relay claims. Pure.

A relay reads a window: the places of the first waiting rows by id, all of one moment. An order belongs to the relay
that holds the lock on its first waiting row, its head. So no two relays send rows of one order at the same time.

Promises: of the rows in the window, one is claimed only behind all earlier rows of its order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orders.outbox.rows import Place


def find_heads(window: Iterable[Place]) -> list[int]:
    """The id of the first row of each order, in the order of ids."""
    heads: dict[str, int] = {}
    for place in window:
        heads.setdefault(place.order_id, place.id)
    return list(heads.values())


def find_followers(window: Sequence[Place], held: Iterable[int], limit: int) -> list[int]:
    """The ids of at most ``limit`` rows that follow the held heads; of each order the next ones, without a gap.

    Every order gets one more row before any gets two, so that an order with many rows does not take all the places.
    """
    held_ids = set(held)
    behind: dict[str, list[int]] = {place.order_id: [] for place in window if place.id in held_ids}
    for place in window:
        if place.order_id in behind and place.id not in held_ids:
            behind[place.order_id].append(place.id)
    rounds = max(map(len, behind.values()), default=0)
    followers = (ids[number] for number in range(rounds) for ids in behind.values() if number < len(ids))
    return sorted(id_ for id_, _ in zip(followers, range(limit), strict=False))
