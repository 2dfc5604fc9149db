"""How large an order may be on its way: as a message, as an item of the table, by claim check.

Promises: this is the only definition; all publishers, the intake and those who edit failed orders use it, so that no
order is sent that OrderProcessor then refuses for its size. A message up to MESSAGE_BYTES_MAX is sent as it is, and its
order is stored as an item. A larger one is sent by claim check, where there are claim checks; S3 then keeps what no
item holds (bodies.py).
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

from orders.domain.claims import CLAIM_BYTES_MAX, too_large
from orders.domain.limits import check_item_size
from orders.domain.order import Order, parse_order
from orders.errors import OrderRejected

MESSAGE_BYTES_MAX = 262_144
# What a queue takes, with the attributes.
QUEUE_BYTES_MAX = 1_048_576


def check_message_size(message_bytes: int, *, claim_check: bool) -> None:
    """Raises OrderRejected for a message that SNS does not take, nor S3 where ``claim_check`` sends it through there.

    ``message_bytes`` is what SNS counts: the text and the attributes.
    """
    if claim_check and message_bytes > CLAIM_BYTES_MAX:
        raise too_large(message_bytes)
    if not claim_check and message_bytes > MESSAGE_BYTES_MAX:
        raise OrderRejected(
            f"{message_bytes:,} bytes: SNS takes {MESSAGE_BYTES_MAX:,}, a claim check {CLAIM_BYTES_MAX:,}",
            code="InvalidParameter",
        )


def check_size(order: Order, text: str, message_bytes: int, *, claim_check: bool) -> None:
    """Raises OrderRejected for a valid order that is too large for its way. ``text`` is what it was read from."""
    check_message_size(message_bytes, claim_check=claim_check)
    if message_bytes <= MESSAGE_BYTES_MAX:
        check_item_size(order.attributes, text)


def parse_edited(text: str, *, claim_check: bool) -> Order:
    """The order in an edited text. Raises OrderRejected for what OrderQueue or OrderProcessor would refuse.

    It goes to the queue and not through SNS: laid out in lines it may be longer than the message that came.
    ``claim_check`` tells that the order came by claim check, and goes back so if it is still large.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if claim_check:
        order = parse_order(text, bytes_max=None)
        check_size(order, text, size, claim_check=True)
        return order
    order = parse_order(text)
    if size > QUEUE_BYTES_MAX:
        raise OrderRejected(f"{size:,} bytes: a queue takes {QUEUE_BYTES_MAX:,}")
    return order
