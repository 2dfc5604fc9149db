"""What a batch means for the shop, as CloudWatch metrics in the embedded metric format: no call, a line of log.

Promises: one line for a batch, and a further one only where it holds a second currency or a second reason;
nothing where nothing happened. A rejected order counts at its first receive and not again. The sum of ``OrderValue``
is the value of the orders in the table: an order that takes another's place adds the difference.
Pure. Standard library only: this file travels with the function.
AWS:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import zip_longest
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from orders.domain.contract import CURRENCY_PATTERN, KNOWN_PATHS
from orders.domain.order import Order
from orders.domain.precedence import Effect
from orders.processor.outcomes import REJECTED, UNAVAILABLE, Outcome

if TYPE_CHECKING:
    from orders.processor.next_try import Receive

NAMESPACE = "Orders"
# The outcomes that are counted as they are; those that are set aside are counted by their reasons.
COUNTS = {
    Effect.STORE.value: "OrdersStored",
    Effect.DUPLICATE.value: "OrdersDuplicate",
    Effect.STALE.value: "OrdersStale",
    Effect.ERASED.value: "OrdersErased",
    UNAVAILABLE: "OrdersUnavailable",
}
UNAVAILABLE_METRIC = COUNTS[UNAVAILABLE]
# For how many seconds the table has not taken the order that waits longest for it.
WAITED = "OrderWaitSeconds"
REJECTIONS = "OrdersRejected"
VALUE = "OrderValue"
REASON = "Reason"
CURRENCY = "Currency"
# What is paid for is a metric by its dimensions, so what others write must not make new ones: a reason is a
# field that the contract knows, or the name of an exception.
NO_CURRENCY = "none"
# CloudWatch takes no greater number, and leaves out the whole line that holds one.
VALUE_MAX = Decimal(2**360)

_ZERO = Decimal()

_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_index = re.compile(r"\[\d+\]")
_is_currency = re.compile(CURRENCY_PATTERN).search


def metric_lines(
    outcomes: Sequence[Outcome], now_ms: int, given_back: Mapping[int, Receive] = {}, namespace: str = NAMESPACE
) -> list[str]:
    """The lines for a batch, most often one. ``given_back`` has the receives of what was not stored, by position."""
    counts: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for position, outcome in enumerate(outcomes):
        metric = COUNTS.get(outcome.name)
        if metric is not None:
            counts[metric] = counts.get(metric, 0) + 1
        elif position not in given_back or given_back[position].number <= 1:
            reason = reason_of(outcome)
            reasons[reason] = reasons.get(reason, 0) + 1
    if UNAVAILABLE_METRIC in counts and given_back:
        counts[WAITED] = max(receive.waited_ms for receive in given_back.values()) // 1_000
    values = _value_changes(outcomes)
    lines = []
    for reason_count, currency_value in zip_longest(reasons.items(), values.items()):
        lines.append(_line(namespace, counts, reason_count, currency_value, now_ms))
        counts = {}
    return lines or ([_line(namespace, counts, None, None, now_ms)] if counts else [])


def reason_of(outcome: Outcome) -> str:
    """Why a record was set aside, as one of a few dozen words: ``items[].quantity``, ``OrderConflict``."""
    if outcome.name == REJECTED and outcome.field is not None:
        path = _index.sub("[]", outcome.field)
        return path if path in KNOWN_PATHS else "unknown field"
    return outcome.code or outcome.name


def _value_changes(outcomes: Iterable[Outcome]) -> dict[str, Decimal]:
    values: dict[str, Decimal] = {}
    for outcome in outcomes:
        if outcome.stored is not None:
            _add_value(values, outcome.stored, 1)
            if outcome.replaced is not None:
                _add_value(values, outcome.replaced, -1)
    return {currency: value for currency, value in values.items() if abs(value) < VALUE_MAX}


def _add_value(values: dict[str, Decimal], order: Order, sign: int) -> None:
    """Add an order's total. One that stood in the table may be of others' making."""
    total = order.attributes.get("total")
    if type(total) is not int and type(total) is not Decimal:
        return
    currency = order.attributes.get("currency")
    if type(currency) is not str or (currency not in values and not _is_currency(currency)):
        currency = NO_CURRENCY
    values[currency] = values.get(currency, _ZERO) + (total if sign > 0 else -total)


def _line(
    namespace: str,
    counts: dict[str, int],
    reason_count: tuple[str, int] | None,
    currency_value: tuple[str, Decimal] | None,
    now_ms: int,
) -> str:
    members: dict[str, Any] = {**counts}
    if reason_count is not None:
        members[REASON], members[REJECTIONS] = reason_count
    if currency_value is not None:
        members[CURRENCY], members[VALUE] = currency_value[0], float(currency_value[1])
    directives = _directives(namespace, tuple(counts), reason_count is not None, currency_value is not None)
    return f'{{"_aws":{{"Timestamp":{now_ms},"CloudWatchMetrics":{directives}}},{_encode(members)[1:]}'


@cache  # a handful of combinations, and most of the line
def _directives(namespace: str, counts: tuple[str, ...], has_reason: bool, has_currency: bool) -> str:
    numbers = tuple(name for name in counts if name != WAITED)
    directives = [_directive(namespace, [], numbers, "Count")] if numbers else []
    if WAITED in counts:
        directives.append(_directive(namespace, [], (WAITED,), "Seconds"))
    if has_reason:
        directives.append(_directive(namespace, [REASON], [REJECTIONS], "Count"))
    if has_currency:
        directives.append(_directive(namespace, [CURRENCY], [VALUE], "None"))
    return _encode(directives)


def _directive(namespace: str, dimensions: list[str], names: Iterable[str], unit: str) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": unit} for name in names]
    return {"Namespace": namespace, "Dimensions": [dimensions], "Metrics": metrics}
