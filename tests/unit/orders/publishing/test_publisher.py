"""Goal: the publisher takes orders, sends them in order, waits when it must, and tells what is not accepted."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import orders as orders_package
from orders import AsyncOrderPublisher, OrderPublisher, PublisherFull
from orders.domain import value_count
from orders.domain.order import parse_order
from orders.errors import OperatorError, OrderRejected, OrderUnavailable
from orders.publishing.message import Message
from orders.publishing.ports import Rejection
from tests.polling import until
from tests.unit.orders.fakes import FakeClock

Answer = Rejection | None


class EagerClock(FakeClock):
    """No retry waits for long; it knows how long each would have been at most."""

    def __init__(self) -> None:
        super().__init__()
        self.limits_ms: list[float] = []

    def jitter_ms(self, limit_ms: float) -> float:
        self.limits_ms.append(limit_ms)
        return 1.0


class Endpoint:
    """A topic that is there or away, and answers as it is told."""

    def __init__(self, answer: Callable[[str], Answer] = lambda _: None) -> None:
        self.here = threading.Event()
        self.here.set()
        self.error: Exception = OrderUnavailable("connection refused")
        self.ids: list[str] = []
        self.batches: list[int] = []
        self._answer = answer

    def connect(self) -> Endpoint:
        if not self.here.is_set():
            raise self.error
        return self

    def publish(self, messages: Sequence[Message]) -> list[Answer]:
        if not self.here.is_set():
            raise self.error
        answers = [self._answer(message.text) for message in messages]
        self.batches.append(len(messages))
        pairs = zip(messages, answers, strict=True)
        self.ids += [parse_order(message.text, bytes_max=None).order_id for message, answer in pairs if answer is None]
        return answers


def orders(count: int, first: int = 0) -> list[dict[str, object]]:
    return [{"orderId": str(number)} for number in range(first, first + count)]


def ids(count: int) -> list[str]:
    return [str(number) for number in range(count)]


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def publisher(
    endpoint: Endpoint, spool: Path | None, limit_bytes: int | None = None, *, claim_check: bool = False
) -> OrderPublisher:
    return OrderPublisher(
        spool, connect=endpoint.connect, clock=EagerClock(), limit_bytes=limit_bytes, claim_check=claim_check
    )


@pytest.mark.parametrize("on_disk", [True, False])
def test_publish_sends_in_order_in_batches_of_ten(endpoint: Endpoint, tmp_path: Path, on_disk: bool) -> None:
    endpoint.here.clear()
    with publisher(endpoint, tmp_path if on_disk else None) as ours:
        assert ours.publish_all(orders(25)) == 25
        endpoint.here.set()
        report = ours.flush()
    assert (report.accepted, report.waiting, report.order_ids, report.reason) == (25, 0, (), None)
    assert report.is_complete
    assert (endpoint.ids, endpoint.batches) == (ids(25), [10, 10, 5])


def test_publish_of_large_orders_keeps_calls_within_256_kib(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.here.clear()
    with publisher(endpoint, tmp_path) as ours:
        ours.publish_all({"orderId": str(number), "note": "x" * 100_000} for number in range(5))
        endpoint.here.set()
        ours.flush()
    assert (endpoint.ids, endpoint.batches) == (ids(5), [2, 2, 1])


def test_an_order_that_was_spooled_before_there_was_a_bound_on_values_is_reported(
    endpoint: Endpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.here.clear()
    with publisher(endpoint, tmp_path) as before:
        before.publish({"orderId": "1", "x": [1, 2, 3]})
        before.close(0)
    monkeypatch.setattr(value_count, "COUNTED_CHARACTERS_MIN", 0)
    monkeypatch.setattr(value_count, "VALUES_MAX", 5)
    with publisher(endpoint, tmp_path) as ours:
        with pytest.raises(OrderRejected, match="6 values: an order has 5 at most"):
            ours.publish({"orderId": "2", "x": [1, 2, 3]})
        assert ours.close(0).order_ids == ("1",)


def test_publish_of_what_is_no_order_is_refused_at_once_by_name(endpoint: Endpoint) -> None:
    with publisher(endpoint, None) as ours:
        for bad in ({"total": 1}, '{"orderId":""}', "no JSON", {"orderId": "1", "note": "x" * 262_144}):
            with pytest.raises(OrderRejected):
                ours.publish(bad)
        assert ours.flush().accepted == 0
    assert endpoint.ids == []


def test_publish_when_some_fail_retries_those_alone_and_before_later_ones(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(text: str) -> Answer:
        seen.append(text)
        return Rejection("Throttled", "slow down", retryable=True) if '"3"' in text and seen.count(text) < 3 else None

    endpoint = Endpoint(answer)
    endpoint.here.clear()
    with publisher(endpoint, tmp_path) as ours:
        ours.publish_all(orders(12))
        endpoint.here.set()
        assert ours.flush().accepted == 12
    assert endpoint.batches == [10, 1, 1, 2]
    assert endpoint.ids == ["0", "1", "2", "4", "5", "6", "7", "8", "9", "3", "10", "11"]


def test_publish_of_what_sns_refuses_sets_it_aside_and_goes_on(tmp_path: Path) -> None:
    endpoint = Endpoint(
        lambda text: Rejection("InvalidParameter", "not that", retryable=False) if '"1"' in text else None
    )
    with publisher(endpoint, tmp_path) as ours:
        ours.publish_all(orders(3))
        report = ours.flush()
    assert (report.accepted, report.waiting, report.is_complete) == (2, 0, False)
    assert [(order.text, order.reason) for order in report.refused] == [('{"orderId":"1"}', "not that")]
    assert "not that" in (tmp_path / "refused.jsonl").read_text()


@pytest.mark.parametrize("error", [OrderUnavailable("away"), OperatorError("there is no topic OrderTopic")])
def test_flush_while_the_endpoint_is_away_tells_what_waits_and_why(
    endpoint: Endpoint, tmp_path: Path, error: Exception
) -> None:
    endpoint.here.clear()
    endpoint.error = error
    ours = publisher(endpoint, tmp_path)
    ours.publish_all(orders(3))
    report = until(lambda: found if (found := ours.flush(0)).reason else None, "a reason")
    assert (report.accepted, report.waiting, report.order_ids) == (0, 3, ("0", "1", "2"))
    assert report.reason == str(error)
    endpoint.here.set()
    assert ours.close().is_complete


def test_orders_left_in_the_spool_are_sent_first_by_the_next_publisher(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.here.clear()
    first = publisher(endpoint, tmp_path)
    first.publish_all(orders(15))
    assert first.close(0).waiting == 15
    with pytest.raises(OperatorError, match="closed"):
        first.publish({"orderId": "late"})
    assert first.flush().waiting == 15
    endpoint.here.set()
    with publisher(endpoint, tmp_path) as second:
        second.publish_all(orders(5, first=15))
        assert second.flush().accepted == 20
    assert endpoint.ids == ids(20)


def test_flush_tells_of_large_orders_that_wait(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.here.clear()
    with publisher(endpoint, tmp_path, claim_check=True) as ours:
        ours.publish({"orderId": "large", "note": "x" * 1_000_000})
        assert ours.flush(0).order_ids == ("large",)
        endpoint.here.set()
        assert ours.flush().is_complete


def test_publish_when_too_much_waits_waits_and_then_says_so(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.here.clear()
    ours = publisher(endpoint, tmp_path, limit_bytes=20)
    ours.publish({"orderId": "0"})
    with pytest.raises(PublisherFull, match="1 orders wait"):
        ours.publish({"orderId": "1"}, timeout_s=0.01)
    blocked = threading.Thread(target=ours.publish, args=({"orderId": "1"},))
    blocked.start()
    endpoint.here.set()
    blocked.join()
    ours.close()
    assert endpoint.ids == ["0", "1"]


def test_sender_outlives_an_error_nobody_foresaw(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.here.clear()
    endpoint.error = ZeroDivisionError()
    with publisher(endpoint, tmp_path) as ours:
        ours.publish({"orderId": "0"})
        assert ours.flush(0.02).waiting == 1
        endpoint.here.set()
        assert ours.flush().is_complete


def test_retry_limits_double_up_to_five_seconds(endpoint: Endpoint) -> None:
    endpoint.here.clear()
    clock = EagerClock()
    with OrderPublisher(None, connect=endpoint.connect, clock=clock) as ours:
        ours.publish({"orderId": "0"})
        until(lambda: len(clock.limits_ms) > 9, "nine retries")
        endpoint.here.set()
    assert clock.limits_ms[:9] == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]


def test_async_publish_by_many_tasks_keeps_their_order(endpoint: Endpoint, tmp_path: Path) -> None:
    async def run() -> None:
        async with AsyncOrderPublisher(tmp_path, connect=endpoint.connect) as ours:
            with pytest.raises(OrderRejected):
                await ours.publish({"total": 1})
            await asyncio.gather(*(ours.publish(order) for order in orders(700)))
            assert (await ours.flush()).accepted == 700

    asyncio.run(run())
    assert endpoint.ids == ids(700)


def test_async_publish_after_close_is_refused(endpoint: Endpoint) -> None:
    async def run() -> None:
        ours = AsyncOrderPublisher(None, connect=endpoint.connect)
        await ours.publish({"orderId": "0"})
        assert (await ours.close()).is_complete
        with pytest.raises(OperatorError, match="closed"):
            await ours.publish({"orderId": "1"})

    asyncio.run(run())


def test_import_of_orders_loads_no_publisher_before_it_is_named() -> None:
    probe = "import sys, orders; assert 'orders.publishing.publisher' not in sys.modules; orders.OrderPublisher"
    probe += "; assert 'orders.publishing.publisher' in sys.modules and 'boto3' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", probe], check=False).returncode == 0
    with pytest.raises(AttributeError):
        orders_package.nothing  # noqa: B018
