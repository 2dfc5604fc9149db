"""What OrderProcessor and SNS would say of orders that are about to be published."""

from __future__ import annotations

from collections.abc import Iterable

from orders.console.context import Console
from orders.doctor.inspection import Inspection
from orders.domain.violations import find_violations
from orders.errors import OrderRejected
from orders.publishing.bulk import make_order_message
from orders.publishing.order_files import Entry

# A shorter text makes no message that is too large for SNS: a character takes 4 bytes at most, the attributes 7,000.
LARGE_CHARACTERS = 60_000


def takes_claims(console: Console, texts: Iterable[str]) -> bool:
    """Whether these orders may go through S3. AWS is asked only if one of them may be too large for SNS."""
    if not any(len(text) > LARGE_CHARACTERS for text in texts):
        return False
    return bool(Inspection(console.aws, console.clock).claims_variable())


def find_first_violation(entry: Entry, *, claim_check: bool) -> tuple[str, str] | None:
    """The path and the words of what is wrong with an order; None for one that will be accepted and stored."""
    if entry.problem is not None:
        return "", entry.problem
    found = find_violations(entry.text, at_most=1, bytes_max=None)
    if found:
        return found[0].path, found[0].expectation
    try:
        make_order_message(entry.text, claim_check=claim_check)
    except OrderRejected as error:
        return "", error.reason
    return None
