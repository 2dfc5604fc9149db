"""The relay: publishes committed rows of an outbox to OrderTopic until it is stopped.

Promises:
- Each committed row is published at least once, and no row that was rolled back: only committed rows can be read.
- Rows of one order are published in the order of their ids, whichever relays publish them and whatever fails.
- A row leaves the waiting ones only after SNS accepted it, or with the reason why it never will be.
- A lost database or endpoint ends nothing: the relay says so, waits with full jitter and goes on.

After a crash rows may be published again. That is harmless: OrderProcessor stores the newest notification of an order.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from orders.clock import Clock
from orders.errors import OperatorError, OrdersError, OrderUnavailable
from orders.outbox.claims import make_claims
from orders.outbox.database import DatabaseUnavailable, check_server
from orders.outbox.report import Progress, Tally
from orders.outbox.sending import send_rows
from orders.outbox.store import OutboxStore
from orders.outbox.waking import Waking
from orders.publishing.ports import Topic
from orders.retry import Backoff

# A topic that failed so often is looked up again: credentials may have been edited.
FAILURES_BEFORE_RECONNECT = 3
BACKOFF = Backoff(base_ms=50.0, cap_ms=5_000.0)
# Of `--once`: with full jitter about half a minute of trying.
ATTEMPTS_MAX = 12
ORDERS_PER_CONNECTION = 50
REPORT_EVERY_MS = 2_000.0
CLEAN_EVERY_MS = 60_000.0
# A relay that was silent for so long ended without taking its row away.
FORGOTTEN_AFTER_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Options:
    """How a relay works."""

    name: str
    """Of this relay, among all that share the work."""
    connections: int = 2
    """Calls of SNS at a time."""
    keep_ms: int = 0
    """How long sent rows are kept; 0 deletes them when they are sent."""
    group_field: str | None = None
    """The field whose values are the message groups of a fair queue."""
    claim_check: bool = False
    """Whether orders that are too large for SNS are taken; the topic sends them through S3."""
    linger_ms: float = 0.0
    """How long to wait for more rows after the first one: fuller calls, which cost less, against latency."""


class _TopicMissing(OrdersError):
    """The topic cannot be found as things are configured."""


class Round(NamedTuple):
    """What one look at the outbox came to."""

    done: int
    waiting_elsewhere: bool


class Relay:
    """One relay. ``connect`` makes the topic, ``on_progress`` hears of each change."""

    def __init__(
        self,
        store: OutboxStore,
        connect: Callable[[], Topic],
        waking: Waking,
        clock: Clock,
        options: Options,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._connect = connect
        self._waking = waking
        self._clock = clock
        self._options = options
        self._on_progress = on_progress
        self._claims = make_claims(store, keep=options.keep_ms > 0)
        self._pool = ThreadPoolExecutor(options.connections, "orders-relay")
        self._topic: Topic | None = None
        self._tally = Tally()
        self._failures = 0
        self._is_checked = False
        self._needs_operator = False
        self._reported_ms = self._cleaned_ms = float("-inf")

    def run(self, *, once: bool = False) -> Progress:
        """Publish until stopped; with ``once`` until no row waits, or until ATTEMPTS_MAX attempts brought nothing.

        The result's ``problem`` says what is unsent, if anything is.
        """
        try:
            while not self._waking.is_stopped:
                found = self._attempt()
                self._on_progress(self._progress())
                if once and self._is_finished(found):
                    break
                self._rest(found)
            return self._progress()
        finally:
            self._end()

    def _is_finished(self, found: Round | None) -> bool:
        if found is None:
            return self._needs_operator or self._failures >= ATTEMPTS_MAX
        return not found.done and not found.waiting_elsewhere

    def _attempt(self) -> Round | None:
        """Look once and send what is there; None if it failed."""
        try:
            self._check()
            found = self._send_claimed()
            self._report()
            self._clean()
            return found
        except (DatabaseUnavailable, OrderUnavailable) as error:
            self._failed(error.reason)
        except _TopicMissing as error:
            self._needs_operator = True
            self._failed(error.reason)
        return None

    def _check(self) -> None:
        """Before the first look: the table must be there. Raises OperatorError for what no waiting cures."""
        if self._is_checked:
            return
        try:
            check_server(self._store.database)
            self._store.check_tables()
        except DatabaseUnavailable as error:
            if error.permanent:
                raise OperatorError(error.reason, "Check --database.") from error
            raise
        self._is_checked = True

    def _failed(self, problem: str) -> None:
        self._failures += 1
        self._tally.problem = problem
        if self._failures >= FAILURES_BEFORE_RECONNECT:
            self._topic = None
        with suppress(DatabaseUnavailable):
            self._report()

    def _send_claimed(self) -> Round:
        # Before rows are claimed: nobody else could send them while this one looks for the endpoint.
        topic = self._topic = self._topic or self._find_topic()
        options = self._options
        with self._claims.claim(options.connections * ORDERS_PER_CONNECTION) as claim:
            if claim.rows:
                claim.outcome = send_rows(
                    claim.rows,
                    topic,
                    self._pool,
                    connections=options.connections,
                    is_stopped=lambda: self._waking.is_stopped,
                    group_field=options.group_field,
                    claim_check=options.claim_check,
                )
        outcome = claim.outcome
        # Not before the claim has ended well: else the rows are sent again.
        self._tally.add(len(outcome.sent), len(outcome.refused), self._clock.monotonic_ms())
        if outcome.done:
            self._failures = 0
        if outcome.problem is not None:
            raise OrderUnavailable(outcome.problem)
        self._failures = 0
        self._tally.problem = None
        return Round(outcome.done, claim.waiting_elsewhere)

    def _find_topic(self) -> Topic:
        try:
            return self._connect()
        except OperatorError as error:
            raise _TopicMissing(f"{error.reason}. {error.advice}" if error.advice else error.reason) from error

    def _rest(self, found: Round | None) -> None:
        """Wait for rows if none were found, and after a failure for a random time that grows with the failures."""
        if found is None:
            self._waking.pause_ms(BACKOFF.wait_ms(self._failures, self._clock))
        elif not found.done:
            self._waking.wait_for_rows()
            if self._options.linger_ms:
                self._waking.pause_ms(self._options.linger_ms)

    # --- What others see of it ----------------------------------------------------------------------------------------

    def _progress(self) -> Progress:
        return self._tally.progress(self._clock.monotonic_ms())

    def _report(self) -> None:
        """Every REPORT_EVERY_MS: this relay's row in the database."""
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._reported_ms < REPORT_EVERY_MS:
            return
        self._reported_ms = now_ms
        with self._store.database.transaction() as connection:
            self._store.report(connection, self._options.name, self._progress()._asdict())

    def _clean(self) -> None:
        """Every CLEAN_EVERY_MS: delete what was kept long enough, and the rows of relays that are gone."""
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._cleaned_ms < CLEAN_EVERY_MS:
            return
        with self._store.database.transaction() as connection:
            removed = self._store.remove_sent(connection, self._options.keep_ms)
            self._store.forget_relays(connection, None, FORGOTTEN_AFTER_MS)
        if removed == 0:
            self._cleaned_ms = now_ms

    def _end(self) -> None:
        self._pool.shutdown()
        with suppress(DatabaseUnavailable), self._store.database.transaction() as connection:
            self._store.forget_relays(connection, self._options.name, FORGOTTEN_AFTER_MS)
        self._claims.close()
        self._waking.close()
        self._store.database.close()
