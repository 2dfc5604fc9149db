"""A lean SNS client over plain sockets: so little of the machine goes to the client that the servers are measured.

It speaks what every SDK speaks (the query protocol over HTTP/1.1 keep-alive, a SigV4-shaped header); the same
bytes go to every peer.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from urllib.parse import quote_plus

from tests.bench.connection import Connection

_FORM = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"


class SnsConnection:
    """One keep-alive connection."""

    def __init__(self, host: str, port: int, topic_arn: str) -> None:
        self._connection = Connection(host, port, "sns", _FORM)
        self._topic = quote_plus(topic_arn)

    def publish(self, quoted: str) -> None:
        """Publish one message, given as form text; returns when it is acknowledged."""
        self._call(f"Action=Publish&Version=2010-03-31&TopicArn={self._topic}&Message={quoted}")

    def publish_batch(self, quoted: Sequence[str]) -> None:
        """Publish up to ten messages, given as form text, in one request."""
        entries = "".join(
            f"&PublishBatchRequestEntries.member.{i}.Id={i}&PublishBatchRequestEntries.member.{i}.Message={message}"
            for i, message in enumerate(quoted, 1)
        )
        body = self._call(f"Action=PublishBatch&Version=2010-03-31&TopicArn={self._topic}{entries}")
        if body.count(b"<MessageId>") != len(quoted):
            raise RuntimeError(f"not every entry was accepted: {body[:500]!r}")

    def close(self) -> None:
        self._connection.close()

    def _call(self, form: str) -> bytes:
        return self._connection.call(form.encode())


def quote(messages: Sequence[str]) -> list[str]:
    """Messages as form text; done before the clock starts, being work of neither server."""
    return [quote_plus(message) for message in messages]


def publish_all(host: str, port: int, topic_arn: str, messages: Sequence[str], *, threads: int, batch: int) -> None:
    """Publish every message (form text) by ``threads`` connections, ``batch`` to a call. Raises the first failure."""
    failures: list[BaseException] = []

    def work(share: Sequence[str]) -> None:
        connection = SnsConnection(host, port, topic_arn)
        try:
            if batch == 1:
                for message in share:
                    connection.publish(message)
            else:
                for start in range(0, len(share), batch):
                    connection.publish_batch(share[start : start + batch])
        except (OSError, RuntimeError) as error:
            failures.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(messages[i::threads],)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
