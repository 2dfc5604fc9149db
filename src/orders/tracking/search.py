"""Finds what a text names: an order, a user, a message or a request.

Promises: no scan of the table. The log search ends after BUDGET_MS. OrderDLQ is read only if the log shows a failure or
nothing else was found, and up to DEAD_LETTERS_MAX messages. ``is_complete`` says whether both were searched to their
end. A text that cannot be an id finds nothing.
Independent of AWS: the four sources are ports; search_sources.py implements them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from orders.clock import Clock
from orders.dead_letters.grouping import select
from orders.dead_letters.reasons import FailedOrder
from orders.domain.contract import INDEX_KEY_BYTES_MAX, ORDER_ID_BYTES_MAX
from orders.function_log.lines import Entry
from orders.function_log.search import Log, order_pattern, search_back, text_pattern
from orders.table.query import OrderIndexes, Wanted, find_orders

USER_ORDERS_MAX = 10
DEAD_LETTERS_MAX = 200
LINES_MAX = 200
BUDGET_MS = 4_000.0
# OrderDLQ keeps a message as long; no message or request is older than its retention.
LOOK_BACK_MS = 14 * 86_400_000
# SNS, SQS and Lambda use UUIDs in lower case. The first eight characters are enough to find a message or a request.
_beginning_of_uuid = re.compile(r"[0-9a-f]{8}[0-9a-f-]{0,28}")


class Sources(Protocol):
    """Where a search looks."""

    @property
    def indexes(self) -> OrderIndexes: ...

    @property
    def log(self) -> Log: ...

    def find_order(self, order_id: str) -> dict[str, Any] | None:
        """The stored order."""

    def failed_orders(self, limit: int) -> Sequence[FailedOrder]:
        """At most ``limit`` orders of OrderDLQ with their reasons."""


class FoundMessage(NamedTuple):
    """A message that OrderProcessor logged or that lies in OrderDLQ."""

    message_id: str
    order_id: str | None
    outcome: str | None
    """The last outcome in the log; None without a log line."""
    said: str
    """The reason of a failure, else what the log says of the last attempt."""
    last_at_ms: int | None
    request_ids: tuple[str, ...]
    """The requests that processed it, the last first."""
    dead_letter: FailedOrder | None
    """The message in OrderDLQ."""


class FoundRequest(NamedTuple):
    """One call of OrderProcessor."""

    request_id: str
    first_at_ms: int
    last_at_ms: int
    message_ids: tuple[str, ...]
    lines: int


class SearchResult(NamedTuple):
    """Everything that the text names."""

    text: str
    order: dict[str, Any] | None = None
    """The stored order of this id."""
    user_orders: tuple[dict[str, Any], ...] = ()
    """The newest orders of this user, at most USER_ORDERS_MAX."""
    has_more_user_orders: bool = False
    messages: tuple[FoundMessage, ...] = ()
    """Messages of this order id or message id, the last first."""
    requests: tuple[FoundRequest, ...] = ()
    is_complete: bool = True

    @property
    def is_empty(self) -> bool:
        return self.order is None and not (self.user_orders or self.messages or self.requests)


class IdQuery(NamedTuple):
    """The log lines that carry an id: the order's, the message's or the request's, the last two by their beginning."""

    text: str

    @property
    def pattern(self) -> str:
        return text_pattern(self.text) if is_uuid_beginning(self.text) else order_pattern(self.text)

    def holds(self, entry: Entry) -> bool:
        return entry.order_id == self.text or self.names(entry.message_id) or self.names(entry.request_id)

    def names(self, uuid: str | None) -> bool:
        """Whether the text is this id of AWS's, or at least its first eight characters."""
        return uuid is not None and is_uuid_beginning(self.text) and uuid.startswith(self.text)


def is_uuid_beginning(text: str) -> bool:
    """Whether a text may be a message id, a request id, or the beginning of one."""
    return _beginning_of_uuid.fullmatch(text) is not None


def find_anything(text: str, sources: Sources, clock: Clock) -> SearchResult:
    """What ``text`` names, in all four sources. Surrounding white space does not count."""
    text = text.strip()
    if not _may_be_an_id(text):
        return SearchResult(text)
    order = sources.find_order(text)
    user_orders = _find_user_orders(text, sources.indexes)
    query = IdQuery(text)
    entries, token = search_back(
        sources.log,
        query,
        clock,
        since_ms=max(0, clock.now_ms() - LOOK_BACK_MS),
        limit=LINES_MAX,
        budget_ms=BUDGET_MS,
    )
    of_messages = [entry for entry in entries if entry.order_id == text or query.names(entry.message_id)]
    has_failed = any(entry.level == "ERROR" for entry in of_messages)
    is_known = order is not None or bool(user_orders) or bool(entries)
    dead_letters, has_read_all = _find_dead_letters(text, sources) if has_failed or not is_known else ([], True)
    return SearchResult(
        text=text,
        order=order,
        user_orders=user_orders[:USER_ORDERS_MAX],
        has_more_user_orders=len(user_orders) > USER_ORDERS_MAX,
        messages=tuple(_make_messages(of_messages, dead_letters)),
        requests=tuple(_make_requests([entry for entry in entries if query.names(entry.request_id)])),
        is_complete=not token and has_read_all,
    )


def _may_be_an_id(text: str) -> bool:
    """Whether DynamoDB can hold the text as a key; half of a surrogate pair has no UTF-8."""
    try:
        return 0 < len(text.encode()) <= ORDER_ID_BYTES_MAX
    except UnicodeEncodeError:
        return False


def _find_user_orders(user: str, indexes: OrderIndexes) -> tuple[dict[str, Any], ...]:
    if len(user.encode()) > INDEX_KEY_BYTES_MAX:
        return ()
    wanted = Wanted(user=user, limit=USER_ORDERS_MAX + 1)
    return tuple(islice(find_orders(indexes, wanted), USER_ORDERS_MAX + 1))


def _find_dead_letters(text: str, sources: Sources) -> tuple[list[FailedOrder], bool]:
    """The messages of OrderDLQ that the text names, and whether the search was complete."""
    failed_orders = sources.failed_orders(DEAD_LETTERS_MAX)
    found = [one for one in select(failed_orders, text) if one.order_id == text or is_uuid_beginning(text)]
    return found, bool(found) or len(failed_orders) < DEAD_LETTERS_MAX


def _make_messages(entries: Sequence[Entry], dead_letters: Sequence[FailedOrder]) -> Iterator[FoundMessage]:
    """A message for each id, from its log lines, the newest first, and from OrderDLQ."""
    lines: dict[str, list[Entry]] = {one.message_id: [] for one in dead_letters}
    for entry in entries:
        if entry.message_id is not None:
            lines.setdefault(entry.message_id, []).append(entry)
    dead = {one.message_id: one for one in dead_letters}
    for message_id, own in lines.items():
        letter = dead.get(message_id)
        order_ids = [entry.order_id for entry in own if entry.order_id is not None]
        yield FoundMessage(
            message_id=message_id,
            order_id=order_ids[0] if order_ids else None if letter is None else letter.order_id,
            outcome=own[0].outcome if own else None,
            said=own[0].summary if own else "" if letter is None else letter.full_reason,
            last_at_ms=own[0].at_ms if own else None if letter is None else letter.sent_at_ms,
            request_ids=tuple(dict.fromkeys(entry.request_id for entry in own if entry.request_id is not None)),
            dead_letter=letter,
        )


def _make_requests(entries: Sequence[Entry]) -> Iterator[FoundRequest]:
    lines: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.request_id is not None:
            lines.setdefault(entry.request_id, []).append(entry)
    for request_id, own in lines.items():
        yield FoundRequest(
            request_id=request_id,
            first_at_ms=min(entry.at_ms for entry in own),
            last_at_ms=max(entry.at_ms for entry in own),
            message_ids=tuple(dict.fromkeys(entry.message_id for entry in own if entry.message_id is not None)),
            lines=len(own),
        )
