"""The order that a message points to, and the whole order of which the table holds the head.

Promises: a message that is no pointer, and an order that its item holds whole, cost no call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from orders.domain.bodies import DamagedBody, body_key, read_body
from orders.domain.claims import check_pointer, find_pointer, read_content
from orders.errors import OperatorError, OrderRejected


class Objects(Protocol):
    """The claims bucket."""

    @property
    def name(self) -> str: ...

    def get(self, key: str) -> bytes | None: ...


def text_of(body: str, claims: Objects) -> str:
    """What a message says: the order that it points to, or the message itself, where it points to nothing of ours."""
    pointer = find_pointer(body)
    if pointer is None:
        return body
    try:
        key = check_pointer(pointer, claims.name)
        content = claims.get(key)
        return body if content is None else read_content(key, content)
    except OrderRejected:
        return body


def whole_order(
    attributes: dict[str, Any], claims: Objects, read_again: Callable[[str], Mapping[str, Any] | None]
) -> dict[str, Any]:
    """The whole order whose stored attributes these are.

    ``read_again`` reads the item of an order: a body that is not there belonged to one that was replaced meanwhile.
    Raises OperatorError where the body is lost or damaged.
    """
    for _ in range(2):
        key = body_key(attributes)
        if key is None:
            return attributes
        content = claims.get(key)
        if content is not None:
            try:
                return read_body(attributes, content)
            except DamagedBody as error:
                reason = f"the body of order {attributes['orderId'][:100]} in S3 is damaged: {error}"
                raise OperatorError(reason, "Publish the order again.") from error
        attributes = dict(read_again(attributes["orderId"]) or attributes)
    raise OperatorError(
        f"the body of order {attributes['orderId'][:100]} is not in S3: {key} of {claims.name}",
        "Publish the order again, or `orders replay` it.",
    )
