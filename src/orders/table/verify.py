"""Compares published orders with the table, OrderQueue and OrderDLQ.

Promises: domain/precedence.py decides the expected result, as it does for the processor: the newest timestamp wins,
and an order since replaced by a newer one is correct. Each incorrect order is reported with its state. Verification
changes nothing and receives nothing from OrderQueue, because a receive counts as one of three attempts. Whether an
order waits is derived from the table, OrderDLQ, the log and the queue's length.
Independent of AWS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, Protocol

from orders.domain.order import Order, parse_order, read_stored, unwrap_body
from orders.domain.precedence import Effect, decide_effect, is_same_content
from orders.errors import OrderRejected
from orders.publishing.message import make_fitting_message
from orders.publishing.order_files import Entry

CHUNK = 100
DIFFERENCES_MAX = 10


class State(str, Enum):
    """What became of an order."""

    STORED = "stored"
    NEWER = "newer"
    """The table holds a newer notification than the file's last one."""
    MISSING = "missing"
    DIFFERENT = "different"
    WAITING = "waiting"
    DEAD = "dead"
    REFUSED = "refused"
    """The file's line is not an order, so it was neither stored nor dead-lettered."""


RIGHT = frozenset({State.STORED, State.NEWER})


class Table(Protocol):
    def find_all(self, order_ids: Sequence[str]) -> dict[str, dict[str, Any]]: ...


class DeadLetter(NamedTuple):
    """A message in OrderDLQ, with its failure reason."""

    message_id: str
    body: str
    reason: str


class Waiting(NamedTuple):
    """The state of OrderQueue: its message count, and the orders that failed recently with the reason."""

    messages: int
    given_back: Mapping[str, str]


class Difference(NamedTuple):
    """A field that differs between file and table, by path; None on the side that lacks it."""

    path: str
    expected: Any
    stored: Any


class Finding(NamedTuple):
    """An order that differs from the file. ``place`` is the line of its last notification in the file."""

    order_id: str | None
    state: State
    place: str
    reason: str
    differences: tuple[Difference, ...] = ()
    message_id: str | None = None


@dataclass(slots=True)
class Report:
    """The number of orders in each state, and the incorrect orders, in file order."""

    counts: Counter[State] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.findings

    @property
    def waiting(self) -> set[str | None]:
        return {finding.order_id for finding in self.findings if finding.state is State.WAITING}

    def renew(self, again: Report) -> None:
        """Merge the result of rechecking the waiting orders."""
        found: dict[str | None, Finding] = {finding.order_id: finding for finding in again.findings}
        waited = self.waiting
        self.counts[State.WAITING] -= len(waited)
        self.counts.update(again.counts)
        renewed = [found.get(one.order_id) if one.order_id in waited else one for one in self.findings]
        self.findings = [finding for finding in renewed if finding is not None]


class Expectations:
    """The expected result for each order. Keeps the JSON texts, not parsed orders: about 2 kB an order."""

    def __init__(self, *, takes_claims: bool = False) -> None:
        """``takes_claims`` says whether the system stores orders that no item can hold."""
        self._takes_claims = takes_claims
        # Several entries if notifications of one timestamp differ: whichever arrived first is correctly the stored one.
        self.orders: dict[str, list[Entry]] = {}
        self.refused: list[tuple[Entry, str]] = []
        self.notifications = 0

    def add(self, entry: Entry) -> None:
        self.notifications += 1
        if entry.problem is not None:
            self.refused.append((entry, entry.problem))
            return
        try:
            order = _parse(entry.text)
            # By the rule of those who publish: what they refuse was neither stored nor dead-lettered.
            make_fitting_message(entry.text, order, claim_check=self._takes_claims)
        except OrderRejected as error:
            self.refused.append((entry, error.reason))
            return
        standing = self.orders.setdefault(order.order_id, [entry])
        if any(one.text == entry.text for one in standing):
            return
        effects = [decide_effect(_parse(one.text), order) for one in standing]
        if Effect.STORE in effects:
            self.orders[order.order_id] = [entry]
        elif all(effect is Effect.CONFLICT for effect in effects):
            standing.append(entry)

    def only(self, order_ids: Collection[str | None]) -> Expectations:
        """The expectations for the given orders."""
        some = Expectations()
        some.orders = {order_id: entries for order_id, entries in self.orders.items() if order_id in order_ids}
        return some


def verify_orders(
    expectations: Expectations,
    table: Table,
    dead_letters: Iterable[DeadLetter],
    waiting: Waiting,
    *,
    connections: int = 3,
    whole: Callable[[dict[str, Any]], dict[str, Any]] = lambda order: order,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Verify every order. Count OrderQueue first, then read OrderDLQ, then call this: orders move in that direction,
    so none is missed in transit. ``whole`` makes an order of the fields that the table holds of it.
    """
    letters = _Letters(dead_letters)
    report = Report()
    for entry, reason in expectations.refused:
        _add(report, _judge_refused(entry, reason, letters))
    on_progress(len(expectations.refused))
    items = list(expectations.orders.items())
    chunks = [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]

    def judge_chunk(chunk: list[tuple[str, list[Entry]]]) -> list[Finding]:
        stored = table.find_all([order_id for order_id, _ in chunk])
        return [
            judge(
                entries,
                whole(stored[order_id]) if order_id in stored else None,
                letters.of_order(order_id),
                waiting,
            )
            for order_id, entries in chunk
        ]

    pool = ThreadPoolExecutor(connections, "verify")
    try:
        for findings in pool.map(judge_chunk, chunks):
            for finding in findings:
                _add(report, finding)
            on_progress(len(findings))
    finally:
        pool.shutdown(cancel_futures=True)
    return report


def _parse(text: str) -> Order:
    """An order of any size: whether it is too large was told when it was read."""
    return parse_order(text, bytes_max=None)


def _add(report: Report, finding: Finding) -> None:
    report.counts[finding.state] += 1
    if finding.state not in RIGHT:
        report.findings.append(finding)


# --- One order --------------------------------------------------------------------------------------------------------


def judge(
    entries: Sequence[Entry],
    stored: dict[str, Any] | None,
    letters: Sequence[tuple[DeadLetter, Order]],
    waiting: Waiting,
) -> Finding:
    """The finding for one order; ``entries`` are its last notifications in the file."""
    expected = [_parse(entry.text) for entry in entries]
    standing = None if stored is None else read_stored(stored)
    finding = _compare(entries, expected, standing)
    for letter, order in letters:
        # A dead letter already stored, or stale, is harmless: a redrive would change nothing.
        if decide_effect(standing, order) in (Effect.STORE, Effect.CONFLICT):
            return finding._replace(
                state=State.DEAD, reason=letter.reason, message_id=letter.message_id, differences=()
            )
    is_due = standing is None or decide_effect(standing, expected[-1]) is Effect.STORE
    if finding.state in RIGHT or not is_due:
        return finding
    given_back = waiting.given_back.get(expected[-1].order_id)
    if given_back is not None:
        return finding._replace(state=State.WAITING, reason=f"failed, to be retried: {given_back}")
    if waiting.messages:
        held = "1 message" if waiting.messages == 1 else f"{waiting.messages:,} messages"
        return finding._replace(state=State.WAITING, reason=f"not stored yet; OrderQueue holds {held}")
    return finding


def _compare(entries: Sequence[Entry], expected: Sequence[Order], standing: Order | None) -> Finding:
    order_id, place = expected[-1].order_id, entries[-1].place
    if standing is None:
        return Finding(order_id, State.MISSING, place, "neither in the table nor in OrderDLQ; OrderQueue is empty")
    effects = [decide_effect(standing, one) for one in expected]
    if Effect.DUPLICATE in effects:
        return Finding(order_id, State.STORED, place, "")
    if effects[-1] is Effect.STALE:
        return Finding(order_id, State.NEWER, place, "a newer notification replaced it")
    differences = tuple(find_differences(expected[-1].attributes, standing.attributes))
    names = ", ".join(one.path for one in differences[:DIFFERENCES_MAX])
    more = f" and {len(differences) - DIFFERENCES_MAX} more" if len(differences) > DIFFERENCES_MAX else ""
    return Finding(order_id, State.DIFFERENT, place, f"differs in {names}{more}", differences)


def find_differences(expected: Any, stored: Any, path: str = "") -> Iterator[Difference]:
    """The paths of all fields that differ, such as ``items[2].quantity``."""
    if isinstance(expected, dict) and isinstance(stored, dict):
        for name in [*expected, *(name for name in stored if name not in expected)]:
            inner = f"{path}.{name}" if path else name
            if name not in expected or name not in stored:
                yield Difference(inner, expected.get(name), stored.get(name))
            else:
                yield from find_differences(expected[name], stored[name], inner)
    elif isinstance(expected, list) and isinstance(stored, list) and len(expected) == len(stored):
        for index, (one, other) in enumerate(zip(expected, stored, strict=True)):
            yield from find_differences(one, other, f"{path}[{index}]")
    elif not is_same_content(expected, stored):
        yield Difference(path, expected, stored)


def _judge_refused(entry: Entry, reason: str, letters: _Letters) -> Finding:
    letter = letters.of_text(entry.text)
    if letter is None:
        return Finding(None, State.REFUSED, entry.place, f"not an order: {reason}")
    return Finding(None, State.DEAD, entry.place, letter.reason, message_id=letter.message_id)


class _Letters:
    """The messages in OrderDLQ, indexed by the order they carry, or by text if they carry none."""

    def __init__(self, dead_letters: Iterable[DeadLetter]) -> None:
        self._by_order: dict[str, list[tuple[DeadLetter, Order]]] = {}
        self._by_text: dict[str, DeadLetter] = {}
        for letter in dead_letters:
            self._add(letter)

    def of_order(self, order_id: str) -> Sequence[tuple[DeadLetter, Order]]:
        return self._by_order.get(order_id, ())

    def of_text(self, text: str) -> DeadLetter | None:
        return self._by_text.get(unwrap_body(text))

    def _add(self, letter: DeadLetter) -> None:
        try:
            order = _parse(letter.body)
        except OrderRejected:
            self._by_text[unwrap_body(letter.body)] = letter
        else:
            self._by_order.setdefault(order.order_id, []).append((letter, order))
