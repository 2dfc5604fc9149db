"""``orders find``: what an id names."""

from __future__ import annotations

import sys
from typing import Any

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, say, show_time
from orders.clock import SystemClock
from orders.domain.amounts import with_amounts
from orders.text import printable
from orders.tracking.search import FoundMessage, FoundRequest, SearchResult, find_anything
from orders.tracking.search_sources import SystemSources

# Of each field of a line.
SHOWN_MAX = 300
EXIT_NOTHING = 1


@click.command()
@click.argument("text")
@json_option
@aws_options
def find(aws: Aws, text: str, as_json: bool) -> None:
    """Find what TEXT names: an order id, a user, a message id or a request id of OrderProcessor.

    Message ids and request ids may be shortened to their first eight characters. The search reads the table's indexes,
    the last 14 days of OrderProcessor's log and, for failed orders, OrderDLQ. Exit code 1 if nothing is found.
    """
    result = find_anything(text, SystemSources(aws), SystemClock())
    if as_json:
        print_json(_plain(result))
    else:
        _print(result)
    sys.exit(EXIT_NOTHING if result.is_empty else 0)


def _print(result: SearchResult) -> None:
    if result.order is not None:
        order_id = str(result.order["orderId"])
        _print_line("order", order_id, f"stored, {_describe(result.order, 'userId')}; `orders get {order_id}`")
    if result.user_orders:
        newest = f"the newest {len(result.user_orders)} orders" if result.has_more_user_orders else _count(result)
        _print_line("user", result.text, f"{newest}; `orders list --user {result.text}`")
        for order in result.user_orders:
            say(f"         {printable(order['orderId'])}  {_describe(order)}")
    for message in result.messages:
        _print_message(message)
    for request in result.requests:
        _print_request(request)
    if result.is_empty:
        say(f"nothing found: no order, user, message or request is named {printable(result.text, SHOWN_MAX)}")
    if not result.is_complete:
        say("The search stopped at its limit of time or messages. A complete id is found sooner.", err=True)


def _count(result: SearchResult) -> str:
    return plural(len(result.user_orders), "order")


def _print_line(kind: str, name: str, what: str) -> None:
    say(f"{kind:<8} {printable(name)}  {what}")


def _print_message(message: FoundMessage) -> None:
    of_order = "" if message.order_id is None else f"order {printable(message.order_id, SHOWN_MAX)}, "
    said = f": {printable(message.said, SHOWN_MAX)}" if message.said else ""
    place = ", in OrderDLQ" if message.dead_letter else ""
    outcome = message.outcome or "failed"
    _print_line("message", message.message_id, f"{of_order}{outcome} {show_time(message.last_at_ms)}{place}{said}")
    if message.dead_letter:
        say(f"         `orders dlq show {message.message_id}`")


def _print_request(request: FoundRequest) -> None:
    times = show_time(request.first_at_ms)
    messages = plural(len(request.message_ids), "message")
    _print_line("request", request.request_id, f"{times}, {messages}; `orders logs --request {request.request_id}`")


def _describe(order: dict[str, Any], *more: str) -> str:
    shown = with_amounts(order)
    fields = [shown.get(name) for name in (*more, "status", "timestamp", "total", "currency")]
    return "  ".join(printable(value, SHOWN_MAX) for value in fields if value is not None)


def _plain(result: SearchResult) -> dict[str, Any]:
    return {
        "text": result.text,
        "order": result.order,
        "userOrders": result.user_orders,
        "hasMoreUserOrders": result.has_more_user_orders,
        "messages": [
            {
                "messageId": one.message_id,
                "orderId": one.order_id,
                "outcome": one.outcome,
                "said": one.said,
                "lastAtMs": one.last_at_ms,
                "requestIds": one.request_ids,
                "isDeadLettered": one.dead_letter is not None,
            }
            for one in result.messages
        ],
        "requests": [
            {
                "requestId": one.request_id,
                "firstAtMs": one.first_at_ms,
                "lastAtMs": one.last_at_ms,
                "messageIds": one.message_ids,
            }
            for one in result.requests
        ],
        "isComplete": result.is_complete,
    }
