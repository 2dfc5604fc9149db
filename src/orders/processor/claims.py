"""Orders that came by claim check: read from S3, checked, and reduced to what the table holds of them.

Promises: nothing but a claim of the system's own bucket is read. Of a batch one order is in memory at a time: only its
head goes on, once its body is kept.
Standard library only: this file travels with the function.
"""

from __future__ import annotations

from typing import NamedTuple

from orders.domain.bodies import body_key, split_body
from orders.domain.claims import Pointer, check_pointer, read_content
from orders.domain.order import Order, parse_order
from orders.processor.ports import Claims


class Claimed(NamedTuple):
    """An order as it is stored, and the body that has to be in S3 before; None where the item holds the whole order."""

    order: Order
    body: bytes | None
    claims: Claims

    def keep_body(self) -> None:
        """Raises OrderUnavailable."""
        key = body_key(self.order.attributes)
        if key is not None and self.body is not None:
            self.claims.keep(key, self.body)


def read_claimed(pointer: Pointer, claims: Claims | None) -> Claimed:
    """The order that a message points to. Raises OrderRejected or OrderUnavailable.

    ``claims`` is None in a system without claim checks.
    """
    key = check_pointer(pointer, None if claims is None else claims.name)
    assert claims is not None
    text = read_content(key, claims.load(key))
    order, body = split_body(parse_order(text, bytes_max=None), text)
    return Claimed(order, body, claims)
