"""Goal: an order by claim check has one outcome as any other, and a body is kept only of what the table will hold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.domain.bodies import body_key, read_body
from orders.domain.claims import gone, make_key, write_pointer
from orders.domain.limits import ITEM_BYTES_MAX
from orders.domain.order import Order
from orders.domain.stored_item import BODY_ATTRIBUTE, ERASED_ATTRIBUTE
from orders.errors import OrderRejected, OrderUnavailable
from orders.processor.breaker import Breaker
from orders.processor.consume import consume
from orders.processor.outcomes import Outcome, Record
from orders.processor.s3_client import connect_bucket
from tests.unit.orders.fakes import FakeClock, FakeOrderStore

BUCKET = "orders-claims-123456789012-eu-west-1"
LATER, EARLIER = "2026-05-04T00:00:00Z", "2026-05-03T00:00:00Z"
ENVIRONMENT = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


class FakeClaims:
    """The bucket in a dictionary; ``error`` is what its calls raise."""

    name = BUCKET

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.error: OrderUnavailable | None = None
        self.loads = 0

    def load(self, key: str) -> bytes:
        self.loads += 1
        if self.error is not None:
            raise self.error
        if key not in self.objects:
            raise gone()
        return self.objects[key]

    def keep(self, key: str, content: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.objects[key] = content

    @property
    def bodies(self) -> set[str]:
        return {key for key in self.objects if key.startswith("bodies/")}


class World:
    def __init__(self) -> None:
        self.claims, self.store, self.breaker = FakeClaims(), FakeOrderStore(), Breaker()
        self.clock = FakeClock()

    def publish(self, **fields: Any) -> str:
        """The pointer to an order too large for an item."""
        content = json.dumps({"orderId": "1", "note": "x" * ITEM_BYTES_MAX, **fields}).encode()
        key = make_key(content)
        self.claims.objects[key] = content
        return write_pointer(BUCKET, key)

    def consume(self, *bodies: str) -> list[Outcome]:
        records = [Record(str(position), body) for position, body in enumerate(bodies)]
        deadline_ms = self.clock.monotonic_ms() + 1_000.0
        return consume(
            records,
            self.store,
            self.clock,
            deadline_ms,
            self.breaker,
            open_claims=lambda: self.claims,
            claims_deadline_ms=deadline_ms,
        )


@pytest.fixture
def world() -> World:
    return World()


def test_a_large_order_and_a_newer_one_in_one_batch_are_stored_in_their_order(world: World) -> None:
    outcomes = world.consume(world.publish(timestamp=EARLIER), world.publish(timestamp=LATER), '{"orderId": "2"}')
    assert [one.name for one in outcomes] == ["stored", "stored", "stored"]
    assert world.store.orders["1"].attributes["timestamp"] == LATER
    assert len(world.claims.bodies) == 2


@pytest.mark.parametrize("fields", [{"timestamp": LATER}, {"timestamp": EARLIER}, {"timestamp": LATER, "more": 1}])
def test_no_body_is_kept_of_what_changes_nothing(world: World, fields: dict[str, str]) -> None:
    world.consume(world.publish(timestamp=LATER))
    before, writes = world.claims.bodies, world.store.writes
    (outcome,) = world.consume(world.publish(**fields))
    assert outcome.name in ("duplicate", "stale", "conflict")
    assert outcome.standing is not None
    assert (world.claims.bodies, world.store.writes) == (before, writes)


def test_no_body_is_kept_of_an_order_that_was_erased(world: World) -> None:
    world.store.orders["1"] = Order("1", {"orderId": "1", ERASED_ATTRIBUTE: LATER}, None)
    (outcome,) = world.consume(world.publish(timestamp=LATER))
    assert outcome.name == "erased"
    assert not world.claims.bodies


@pytest.mark.parametrize("transient", [True, False])
def test_an_s3_that_does_not_answer_costs_no_order(world: World, transient: bool) -> None:
    pointer = world.publish()
    world.claims.error = OrderUnavailable("S3 cannot be reached", "ConnectionError", transient=transient)
    outcomes = world.consume(pointer, '{"orderId": "2"}')
    assert [(one.name, one.code) for one in outcomes] == [("unavailable", "ConnectionError"), ("stored", None)]
    assert world.breaker.error is None, "it says nothing of the table"


def test_a_table_in_trouble_is_not_asked_for_a_large_order(world: World) -> None:
    world.breaker.record_failure(
        OrderUnavailable("the table is away", "ServiceUnavailable"), FakeClock().monotonic_ms()
    )
    (outcome,) = world.consume(world.publish())
    assert (outcome.name, outcome.code) == ("unavailable", "ServiceUnavailable")
    assert not world.claims.bodies


def test_an_s3_that_takes_its_time_costs_one_call_for_a_batch(world: World) -> None:
    pointers = [world.publish(orderId=str(number)) for number in range(10)]
    world.claims.error = OrderUnavailable("S3 cannot be reached: timed out", "TimeoutError")
    outcomes = world.consume(*pointers, '{"orderId": "plain"}')
    assert [one.name for one in outcomes] == ["unavailable"] * 10 + ["stored"]
    assert {one.code for one in outcomes[:10]} == {"TimeoutError"}
    assert world.claims.loads == 1


def test_no_order_is_read_from_s3_beyond_the_time_of_the_batch(world: World) -> None:
    class Slow(FakeClaims):
        def load(self, key: str) -> bytes:
            world.clock.time_ms += 900.0
            return super().load(key)

    world.claims = Slow()
    outcomes = world.consume(*[world.publish(orderId=str(number)) for number in range(10)])
    assert [one.name for one in outcomes] == ["stored"] * 2 + ["unavailable"] * 8
    assert outcomes[-1].code == "OutOfTime"
    assert world.claims.loads == 2


def test_a_missing_right_for_one_object_says_nothing_of_the_others(world: World) -> None:
    class Picky(FakeClaims):
        def load(self, key: str) -> bytes:
            if self.loads == 0:
                self.loads = 1
                raise OrderUnavailable("S3 refuses the call", "AccessDenied", transient=False)
            return super().load(key)

    world.claims = Picky()
    outcomes = world.consume(world.publish(orderId="1"), world.publish(orderId="2"))
    assert [one.name for one in outcomes] == ["unavailable", "stored"]


def test_an_outage_of_the_table_holds_on_to_no_order(world: World) -> None:
    error = OrderUnavailable("the table is away", "ServiceUnavailable")
    world.breaker.record_failure(error, FakeClock().monotonic_ms())
    for _ in range(3):
        world.consume(world.publish())
    assert error.__traceback__ is None, "it would keep the frames, and each order in them"


def test_half_a_surrogate_pair_in_a_replaced_field_is_no_fault_of_the_batch(world: World) -> None:
    note = "x" * ITEM_BYTES_MAX
    content = json.dumps(f'{{"orderId": "1", "a": "\ud800", "a": "b", "note": "{note}"}}').encode()
    key = make_key(content)
    world.claims.objects[key] = content
    outcomes = world.consume(write_pointer(BUCKET, key), '{"orderId": "2"}')
    assert [one.name for one in outcomes] == ["stored", "stored"]
    head = world.store.orders["1"].attributes
    whole = read_body(head, world.claims.objects[str(body_key(head))])
    assert (whole["a"], whole["note"]) == ("b", note)


def test_an_order_that_fits_an_item_is_stored_whole(world: World) -> None:
    content = b'{"orderId": "3", "total": 22.20}'
    world.claims.objects[make_key(content)] = content
    world.consume(write_pointer(BUCKET, make_key(content)))
    assert BODY_ATTRIBUTE not in world.store.orders["3"].attributes
    assert not world.claims.bodies


def test_a_claim_that_breaks_the_contract_names_the_field_and_the_order(world: World) -> None:
    content = b'{"orderId": "4", "total": "much"}'
    world.claims.objects[make_key(content)] = content
    (outcome,) = world.consume(write_pointer(BUCKET, make_key(content)))
    assert (outcome.name, outcome.order_id, outcome.field) == ("rejected", "4", "total")


def test_an_order_that_speaks_of_pointers_is_an_order_and_costs_no_call(world: World) -> None:
    (outcome,) = world.consume('{"orderId": "5", "note": "PayloadS3Pointer"}')
    assert (outcome.name, world.claims.loads) == ("stored", 0)


class FakeAnswer:
    def __init__(self, status: int, content: bytes, length: int | None) -> None:
        self.status, self.length, self._content = status, length, content

    def read(self, count: int) -> bytes:
        return self._content[:count]


class FakeConnection:
    """Answers each request with the next answer, or raises it."""

    def __init__(self, *answers: FakeAnswer | Exception) -> None:
        self.sock: object | None = None
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self._answers = list(answers)

    def request(self, method: str, path: str, _content: bytes | None, headers: dict[str, str]) -> None:
        self.sock = self
        self.requests.append((method, path, headers))

    def getresponse(self) -> FakeAnswer:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self.sock = None


def bucket_of(*answers: FakeAnswer | Exception, **environment: str) -> tuple[Any, FakeConnection]:
    bucket = connect_bucket({**ENVIRONMENT, **environment}, BUCKET, FakeClock())
    connection = FakeConnection(*answers)
    bucket._connection = connection  # type: ignore[assignment]
    return bucket, connection


def xml(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()


@pytest.mark.parametrize(
    ("status", "code", "is_transient"),
    [(503, "SlowDown", True), (500, "InternalError", True), (403, "AccessDenied", False), (404, "NoSuchBucket", False)],
)
def test_refusals_of_s3_are_told_apart(status: int, code: str, is_transient: bool) -> None:
    bucket, _ = bucket_of(FakeAnswer(status, xml(code), None))
    with pytest.raises(OrderUnavailable) as refused:
        bucket.load("claims/1")
    assert (refused.value.code, refused.value.transient) == (code, is_transient)


def test_what_is_gone_or_too_large_is_rejected_and_what_is_too_large_not_read() -> None:
    bucket, connection = bucket_of(
        FakeAnswer(404, xml("NoSuchKey"), None),
        FakeAnswer(200, b"", 5_000_000),
        FakeAnswer(200, b"x" * 5_000_000, None),
    )
    for reason in ("no longer in S3", "5,000,000 bytes", "4,194,305 bytes"):
        with pytest.raises(OrderRejected, match=reason):
            bucket.load("claims/1")
    assert connection.sock is None


def test_a_kept_connection_that_was_closed_is_made_anew_once() -> None:
    bucket, connection = bucket_of(FakeAnswer(200, b"a", 1), ConnectionResetError(), FakeAnswer(200, b"b", 1))
    assert (bucket.load("claims/1"), bucket.load("claims/2")) == (b"a", b"b")
    bucket, connection = bucket_of(ConnectionRefusedError("nobody listens"))
    with pytest.raises(OrderUnavailable, match="S3 cannot be reached"):
        bucket.load("claims/1")
    assert len(connection.requests) == 1


def test_an_answer_that_was_cut_short_is_a_fault_of_the_connection_not_of_the_order() -> None:
    bucket, connection = bucket_of(FakeAnswer(200, b"{}", 2), FakeAnswer(200, b'{"or', 16), FakeAnswer(200, b"{}", 2))
    assert (bucket.load("claims/1"), bucket.load("claims/1")) == (b"{}", b"{}")
    bucket, connection = bucket_of(FakeAnswer(200, b'{"or', 16))
    with pytest.raises(OrderUnavailable, match="S3 cannot be reached") as cut:
        bucket.load("claims/1")
    assert (cut.value.code, cut.value.transient, connection.sock) == ("IncompleteRead", True, None)


@pytest.mark.parametrize(
    ("environment", "host", "path"),
    [
        ({}, f"{BUCKET}.s3.eu-west-1.amazonaws.com", "/claims/1"),
        ({"AWS_REGION": "cn-north-1"}, f"{BUCKET}.s3.cn-north-1.amazonaws.com.cn", "/claims/1"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "127.0.0.1:4566", f"/{BUCKET}/claims/1"),
    ],
)
def test_the_bucket_is_addressed_as_the_environment_says(environment: dict[str, str], host: str, path: str) -> None:
    bucket, connection = bucket_of(FakeAnswer(200, b"", 0), **environment)
    bucket.keep("claims/1", b"content")
    [(method, asked, headers)] = connection.requests
    assert (method, asked, headers["host"]) == ("PUT", path, host)
    assert headers["x-amz-security-token"] == "token"
    assert headers["x-amz-expected-bucket-owner"] == "123456789012"
    signed = "host;x-amz-content-sha256;x-amz-date;x-amz-expected-bucket-owner;x-amz-security-token"
    assert f"SignedHeaders={signed}," in headers["authorization"]
