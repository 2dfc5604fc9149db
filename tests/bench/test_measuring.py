"""Goal: the benchmark's own parts measure what they say: responses, spreads, the kernel's figures, the report."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from onebox.testing import EngineThread
from tests.bench import __main__ as bench
from tests.bench.growth import fill
from tests.bench.load import Conversation, hold_to_their_ends, measure_rate, read_response
from tests.bench.operations import DYNAMODB, MESSAGING, Operation, client, make_table, make_topic_and_queues
from tests.bench.parts import Part, Settings
from tests.bench.report import Figure, Report
from tests.bench.spread import Spread
from tests.bench.usage import Usage, parse_io, parse_seconds
from tests.peers.environments import NotInstalled
from tests.peers.servers import Dynalite, Onebox, Peer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@dataclass
class Engine:
    """An engine in this process, as the benchmark sees a server."""

    name: str
    port: int
    endpoint_url: str


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with EngineThread() as thread:
        yield Engine("onebox", int(thread.endpoint_url.rpartition(":")[2]), thread.endpoint_url)


@pytest.mark.parametrize("length", range(len(HEAD) + 5))
def test_a_part_of_a_response_is_none(length: int) -> None:
    assert read_response((HEAD + b"hello")[:length]) is None


def test_a_response_ends_where_its_length_says() -> None:
    assert read_response(HEAD + b"helloHTTP/1.1 500") == (200, b"hello", len(HEAD) + 5, False)
    closing = b"HTTP/1.1 404 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    assert read_response(closing) == (404, b"", len(closing), True)
    assert read_response(closing.replace(b"1.1", b"1.0").replace(b"connection", b"x")).closes  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="without Content-Length"):
        read_response(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_a_spread_is_the_median_with_its_ends() -> None:
    spread = Spread.of([3, 1, 2, 10])
    assert spread == (2.5, 1, 10, 4)
    assert spread.show(1) == "2.5 (1.0 to 10.0)"
    assert spread.times(1000).show() == "2,500 (1,000 to 10,000)"
    assert Spread.of([7]).show() == "7"
    with pytest.raises(ValueError, match="no run"):
        Spread.of([])


def test_the_kernels_figures_are_read() -> None:
    stat = "17 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20"
    assert parse_seconds(stat) == 3.0
    assert parse_io("rchar: 1\nread_bytes: 3\nwrite_bytes: 4096\n", "write_bytes") == 4096
    assert Usage(3, 2, 1, 100).since(Usage(1, 1, 1, 60)) == (2, 1, 0, 40)


def test_the_report_has_a_row_for_each_figure_and_the_ratios() -> None:
    report = Report({}, {"onebox": "", "moto": "5"})
    report.figures += [
        Figure("a", "PutItem", "onebox", Spread.of([300, 310]), "a second", is_rate=True),
        Figure("a", "PutItem", "moto", Spread.of([100]), "a second", is_rate=True),
        Figure("b", "memory", "onebox", Spread.of([39.25]), "MiB", 1),
    ]
    report.left_out.append("LEFT OUT: dynalite")
    assert report.table().splitlines() == [
        "| | onebox | moto 5 |",
        "| --- | --- | --- |",
        "| PutItem, a second | 305 (300 to 310) | 100 |",
        "| memory, MiB | 39.2 |  |",
        "",
        "PutItem: onebox has 3.0 x the rate of moto",
        "LEFT OUT: dynalite",
    ]
    assert report.as_json()["figures"][2]["median"] == 39.25


def test_a_missing_server_and_a_failing_part_are_said_and_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> object:
        raise NotInstalled("Node.js with npm is not installed")

    def measure(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
        for peer in peers:
            yield Figure("works", "rate", peer.name, Spread.of([settings.orders]), "a second")

    def fail(peers: Sequence[type[Peer]], settings: Settings) -> Iterator[Figure]:
        yield from measure(peers, settings)
        raise RuntimeError("lost an order")

    monkeypatch.setattr(bench, "INSTALLERS", {Dynalite: refuse})
    parts = [Part(name, name, (Onebox, Dynalite), of, 1) for name, of in (("fails", fail), ("works", measure))]
    report = bench.run(parts, Settings(5, 1, 1, 1), with_peers=True)
    assert report.left_out == [
        "LEFT OUT: dynalite: Node.js with npm is not installed",
        "FAILED: fails: lost an order",
    ]
    assert {figure.server for figure in report.figures} == {"onebox"}
    assert report.find("works", "rate", "onebox") is not None


@pytest.mark.parametrize(("make", "operations"), [(make_table, DYNAMODB), (make_topic_and_queues, MESSAGING)])
def test_each_operation_is_answered(
    engine: Engine, make: Callable[[Engine], None], operations: tuple[Operation, ...]
) -> None:
    def some(operation: Operation) -> Conversation:
        """Enough responses to be checked by the conversation itself."""
        talk = operation.talk(engine, random.Random(1))
        answer = yield next(talk)
        for _ in range(6):
            answer = yield talk.send(answer)

    make(engine)
    hold_to_their_ends(engine.port, [some(operation) for operation in operations])


def test_a_rate_counts_responses_between_two_moments(engine: Engine) -> None:
    moments = iter([0.0, 0.0, 10.0, 10.0, *(10.0,) * 20, 20.0, 20.0])
    used = iter([1.0, 1.5])
    talks = [DYNAMODB[1].talk(engine, random.Random(number)) for number in range(2)]
    rate = measure_rate(engine.port, talks, 10.0, lambda: next(used), lambda: next(moments))
    assert rate.responses >= 20
    assert (rate.a_second, rate.cpu_s) == (rate.responses / 10, 0.5)


def test_a_refusal_ends_the_measurement(engine: Engine) -> None:
    def ask() -> Conversation:
        yield b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"

    with pytest.raises(RuntimeError, match=r"^4"):
        hold_to_their_ends(engine.port, [ask()])


def test_a_box_is_filled_with_so_many_orders(engine: Engine) -> None:
    dynamodb = client(engine, "dynamodb")
    dynamodb.create_table(
        TableName="Orders",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    fill(engine, 60, random.Random(1))
    items = dynamodb.scan(TableName="Orders")["Items"]
    assert len(items) == 60
    assert all(item["timestamp"]["S"].startswith("20") and "total" in item for item in items)
