"""Publishes a stream of messages, as fast as onebox takes them or at a steady rate, and notes what was acknowledged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from tests.bench.publisher import SnsConnection
from tests.soak.ledger import Ledger
from tests.soak.traffic import Message

BATCH = 10
RETRY_EVERY_S = 0.5
LATE_S_MAX = 60.0


class Publisher:
    """Several connections to one topic. Everything taken from the stream is published in the end."""

    def __init__(self, port: int, topic_arn: str, ledger: Ledger) -> None:
        self._port = port
        self._topic_arn = topic_arn
        self._ledger = ledger
        self._turn = threading.Lock()
        self.failures: list[str] = []
        """A sentence for each publish that onebox refused or cut; it is published again."""

    def flat_out(self, take: Callable[[], Message], seconds: float, connections: int) -> None:
        """Publish without a pause for so long."""
        deadline = time.monotonic() + seconds
        self._in_threads(connections, take, lambda: time.monotonic() < deadline)

    def count(self, take: Callable[[], Message], messages: int) -> None:
        """Publish so many, in whole batches."""
        batches = iter(range(messages // BATCH))
        self._in_threads(1, take, lambda: next(batches, None) is not None)

    def steadily(self, take: Callable[[], Message], rate: float, seconds: float, is_over: threading.Event) -> None:
        """Publish at a rate (messages a second); after a stall what was due meanwhile follows at once.

        A machine that is too busy for the rate is given a minute more."""
        began = time.monotonic()
        connection = self._connect()
        for batch in range(int(rate * seconds / BATCH)):
            passed_s = time.monotonic() - began
            if passed_s > seconds + LATE_S_MAX or is_over.wait(max(0.0, batch * BATCH / rate - passed_s)):
                break
            connection = self._publish(connection, [take() for _ in range(BATCH)])
        connection.close()

    def _in_threads(self, connections: int, take: Callable[[], Message], goes_on: Callable[[], bool]) -> None:
        def work() -> None:
            connection = self._connect()
            while True:
                with self._turn:
                    if not goes_on():
                        break
                    batch = [take() for _ in range(BATCH)]
                connection = self._publish(connection, batch)
            connection.close()

        workers = [threading.Thread(target=work) for _ in range(connections)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _publish(self, connection: SnsConnection, batch: Sequence[Message]) -> SnsConnection:
        """Publish until it is acknowledged; returns the connection to go on with."""
        texts = [message.text.decode() for message in batch]
        while True:
            try:
                connection.publish_batch(texts)
                break
            except (OSError, RuntimeError, IndexError, ValueError) as error:
                self.failures.append(f"a publish failed: {error!r}")
                connection.close()
                time.sleep(RETRY_EVERY_S)
                connection = self._connect()
        with self._turn:
            self._ledger.note(batch)
        return connection

    def _connect(self) -> SnsConnection:
        return SnsConnection("127.0.0.1", self._port, self._topic_arn)
