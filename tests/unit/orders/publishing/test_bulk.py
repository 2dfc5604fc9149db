"""Goal: nothing that was accepted is sent again, nothing that was not is forgotten, and refusals are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.aws.outage import Outage
from orders.errors import OrderUnavailable
from orders.publishing.bulk import ATTEMPTS_MAX, PendingOrder, Progress, make_batches, publish_entries
from orders.publishing.ledger import FileLedger, NoLedger
from orders.publishing.message import Message
from orders.publishing.order_files import Entry, read_entries
from orders.publishing.ports import BATCH_BYTES_MAX, Rejection
from tests.unit.orders.fakes import FakeClock

Answer = Rejection | None


class FakeTopic:
    """Accepts all, unless ``answer`` says otherwise for a text."""

    def __init__(self, answer: Callable[[str], Answer] = lambda _: None) -> None:
        self.accepted: list[str] = []
        self.calls = 0
        self.broken_calls = 0
        self._answer = answer

    def publish(self, messages: Sequence[Message]) -> list[Answer]:
        self.calls += 1
        if self.broken_calls:
            self.broken_calls -= 1
            raise OrderUnavailable("connection closed", "ConnectionClosedError")
        texts = [message.text for message in messages]
        answers = [self._answer(text) for text in texts]
        self.accepted += [text for text, answer in zip(texts, answers, strict=True) if answer is None]
        return answers


def entries(count: int) -> list[Entry]:
    return [Entry("f", number, number, json.dumps({"orderId": str(number)})) for number in range(1, count + 1)]


def publish(some: Iterable[Entry], topic: FakeTopic, *, connections: int = 1, check: bool = True) -> Progress:
    progress = Progress()
    publish_entries(some, topic, NoLedger(), FakeClock(), progress, connections=connections, check=check)
    return progress


def test_publish_sends_all_in_batches_of_ten() -> None:
    topic = FakeTopic()
    progress = publish(entries(25), topic, connections=3)
    assert (progress.accepted, topic.calls) == (25, 3)
    assert sorted(topic.accepted) == sorted(entry.text for entry in entries(25))


def test_publish_of_an_order_the_model_refuses_names_its_line_and_sends_the_others() -> None:
    topic = FakeTopic()
    bad = Entry("f.jsonl", 2, 2, '{"total":1}')
    progress = publish([entries(1)[0], bad, entries(3)[2]], topic)
    assert [(refusal.entry.place, refusal.retryable) for refusal in progress.refusals] == [("f.jsonl:2", False)]
    assert progress.accepted == 2


def test_publish_unchecked_sends_what_the_model_would_refuse() -> None:
    topic = FakeTopic()
    assert publish([Entry("f", 1, 1, "no JSON")], topic, check=False).accepted == 1


def test_publish_when_some_fail_retries_those_alone() -> None:
    seen: set[str] = set()

    def fail_once(text: str) -> Answer:
        if '"3"' in text and text not in seen:
            seen.add(text)
            return Rejection("InternalError", "try again", retryable=True)
        return None

    topic = FakeTopic(fail_once)
    progress = publish(entries(5), topic)
    assert (progress.accepted, progress.retried, topic.calls) == (5, 1, 2)
    assert len(topic.accepted) == 5


def test_publish_when_the_topic_refuses_one_for_good_tells_it_and_does_not_retry() -> None:
    topic = FakeTopic(
        lambda text: Rejection("InvalidParameter", "too long", retryable=False) if '"2"' in text else None
    )
    progress = publish(entries(3), topic)
    assert [refusal.reason for refusal in progress.refusals] == ["too long"]
    assert (topic.calls, progress.unsent) == (1, [])


def test_publish_when_the_endpoint_is_away_for_a_while_loses_nothing() -> None:
    topic = FakeTopic()
    topic.broken_calls = 4
    assert publish(entries(10), topic).accepted == 10


def test_publish_when_the_endpoint_stays_away_tells_what_was_not_sent() -> None:
    topic = FakeTopic()
    topic.broken_calls = 10_000
    progress = publish(entries(10), topic)
    assert (progress.accepted, len(progress.unsent), topic.calls) == (0, 10, ATTEMPTS_MAX)


def test_publish_interrupted_and_resumed_sends_each_order_once(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(entry.text for entry in entries(95)))
    topic = FakeTopic()
    progress = Progress()

    def interrupted() -> Iterator[Entry]:
        for entry in read_entries(str(path)):
            if entry.number > 47:
                raise KeyboardInterrupt
            yield entry

    ledger = FileLedger.of_file(str(path), tmp_path, FakeClock(), resume=False)
    with pytest.raises(KeyboardInterrupt):
        publish_entries(interrupted(), topic, ledger, FakeClock(), progress)
    ledger.save()
    assert len(topic.accepted) == progress.accepted == 40  # the batch that was not full was never sent

    again = FileLedger.of_file(str(path), tmp_path, FakeClock(), resume=True)
    publish_entries(read_entries(str(path)), topic, again, FakeClock(), Progress())
    assert sorted(topic.accepted) == sorted(entry.text for entry in entries(95))


def test_ledger_of_a_changed_file_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    path.write_text("{}")
    ledger = FileLedger.of_file(str(path), tmp_path, FakeClock(), resume=False)
    ledger.accept(entries(3))
    ledger.save()
    assert FileLedger.of_file(str(path), tmp_path, FakeClock(), resume=True).accepted == 3
    path.write_text("{} ")
    assert FileLedger.of_file(str(path), tmp_path, FakeClock(), resume=True).accepted == 0


@given(st.permutations(range(1, 12)), st.integers(0, 11))
def test_ledger_knows_exactly_what_was_accepted_in_any_order(order: list[int], count: int) -> None:
    ledger = FileLedger(Path("never-written"), "f", FakeClock())
    done = order[:count]
    ledger.accept(Entry("f", number, number, "") for number in done)
    assert [entry.number for entry in entries(11) if ledger.is_accepted(entry)] == sorted(done)


@given(st.lists(st.integers(1, 300_000), max_size=30))
def test_make_batches_keeps_order_and_stays_within_the_limits(sizes: list[int]) -> None:
    progress = Progress()
    some = [PendingOrder(Entry("f", number, number, ""), Message("x" * size)) for number, size in enumerate(sizes, 1)]
    batches = list(make_batches(some, progress))
    fitting = [order for order in some if order.message.size_bytes <= BATCH_BYTES_MAX]
    assert [order for batch in batches for order in batch] == fitting
    for batch in batches:
        assert len(batch) <= 10
        assert sum(order.message.size_bytes for order in batch) <= BATCH_BYTES_MAX
    assert len(progress.refusals) == len(some) - len(fitting)


@pytest.mark.parametrize("rate", [0.5, 5, 40, 1000])
def test_publish_with_a_rate_keeps_to_it(rate: float) -> None:
    topic, clock, progress = FakeTopic(), FakeClock(), Progress()
    began_ms = clock.monotonic_ms()
    publish_entries(entries(50), topic, NoLedger(), clock, progress, connections=1, rate=rate)
    took_s = (clock.monotonic_ms() - began_ms) / 1000
    batch = int(min(10, max(1, rate / 10)))
    last_batch = 50 % batch or batch
    assert progress.accepted == 50
    assert (50 - last_batch) / rate == pytest.approx(took_s)


# --- Outages ----------------------------------------------------------------------------------------------------------


def test_an_endpoint_that_accepted_orders_and_goes_away_is_tried_until_it_answers() -> None:
    topic, progress, clock, told = FakeTopic(), Progress(), FakeClock(), []
    outage = Outage(clock, lambda _, reason: told.append(reason), lambda _: told.append("back"))

    def arriving() -> Iterator[Entry]:
        yield from entries(40)
        topic.broken_calls = 3 * ATTEMPTS_MAX
        yield from entries(100)[40:]

    publish_entries(arriving(), topic, NoLedger(), clock, progress, connections=1, outage=outage)
    assert (progress.accepted, progress.unsent, told) == (100, [], ["connection closed", "back"])


def test_an_endpoint_that_goes_away_after_its_first_answer_is_tried_until_it_answers() -> None:
    progress, clock, told = Progress(), FakeClock(), []
    outage = Outage(clock, lambda _, reason: told.append(reason), lambda _: told.append("back"))

    def accept_and_go(text: str) -> Answer:
        if text == entries(10)[-1].text:
            topic.broken_calls = 3 * ATTEMPTS_MAX
        return None

    topic = FakeTopic(accept_and_go)
    publish_entries(entries(20), topic, NoLedger(), clock, progress, connections=1, outage=outage)
    assert (progress.accepted, progress.unsent, told) == (20, [], ["connection closed", "back"])


def test_an_endpoint_that_never_accepted_an_order_is_given_up() -> None:
    topic, progress, clock = FakeTopic(), Progress(), FakeClock()
    topic.broken_calls = 10_000
    outage = Outage(clock, lambda *_: None, lambda _: None)
    publish_entries(entries(5), topic, NoLedger(), clock, progress, connections=1, outage=outage)
    assert (progress.accepted, len(progress.unsent)) == (0, 5)
