"""The ports of OrderIntake in memory, and a function URL's events."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from orders.errors import OrderUnavailable
from orders.intake.callers import TOKEN, WEBHOOK, Caller, token_digest
from orders.intake.http_request import read_request
from orders.intake.idempotency import KeyRecord, Outcome
from orders.intake.intake import Handled, Intake, Limits
from orders.publishing.message import Message
from tests.unit.orders.fakes import FakeClock

TOKEN_TEXT = "ord_a-token"
KEY = b"k" * 32
CALLERS = (Caller("shop", TOKEN, digest=token_digest(TOKEN_TEXT)), Caller("payments", WEBHOOK, key=KEY))


class FakeCallers:
    def __init__(self) -> None:
        self.is_down = False

    def read(self) -> Sequence[Caller]:
        if self.is_down:
            raise OrderUnavailable("down")
        return CALLERS


class FakeKeys:
    """Records in a dictionary."""

    def __init__(self) -> None:
        self.records: dict[str, KeyRecord] = {}
        self.counts: dict[tuple[str, int], int] = {}
        self.finishes = True

    def start(self, record: KeyRecord, now_ms: int) -> KeyRecord | None:
        found = self.records.get(record.key)
        if found is not None and found.expires_at_s > now_ms // 1_000:
            return found
        self.records[record.key] = record
        return None

    def take_over(self, found: KeyRecord, record: KeyRecord) -> bool:
        if self.records[record.key] != found:
            return False
        self.records[record.key] = record._replace(outcomes=found.outcomes)
        return True

    def finish(self, record: KeyRecord) -> None:
        if not self.finishes:
            raise OrderUnavailable("throttled")
        self.records[record.key] = record

    def count_request(self, caller: str, now_ms: int) -> int:
        place = caller, now_ms // 60_000
        self.counts[place] = self.counts.get(place, 0) + 1
        return self.counts[place]


class FakeTopic:
    """Accepts everything, except while ``faults`` holds outcomes for the next messages."""

    def __init__(self) -> None:
        self.published: list[Message] = []
        self.faults: list[Outcome | None] = []

    def publish(self, messages: Sequence[Message]) -> list[Outcome]:
        outcomes = []
        for message in messages:
            fault = self.faults.pop(0) if self.faults else None
            if fault is None:
                self.published.append(message)
                fault = Outcome(f"m{len(self.published)}")
            outcomes.append(fault)
        return outcomes


class FakeOrders:
    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.bodies: dict[str, str] = {}

    def find(self, order_id: str) -> dict[str, Any] | None:
        return self.orders.get(order_id)

    def read_body(self, order: Mapping[str, Any]) -> str | None:
        return self.bodies.get(order["orderId"])


class World:
    """An Intake on fakes."""

    def __init__(self, *, is_iam: bool = False, requests_per_minute: int = 0) -> None:
        self.clock = FakeClock()
        self.callers, self.keys, self.topic, self.orders = FakeCallers(), FakeKeys(), FakeTopic(), FakeOrders()
        self.intake = Intake(
            callers=None if is_iam else self.callers,
            keys=self.keys,
            topic=self.topic,
            orders=self.orders,
            clock=self.clock,
            limits=Limits(requests_per_minute),
        )
        self.requests = 0

    def send(self, event: Mapping[str, Any]) -> Handled:
        self.requests += 1
        return self.intake.handle(read_request(event), f"r{self.requests}", lambda: 30_000)

    def post(self, body: Any, **headers: str) -> Handled:
        """Send an order or a list with the token."""
        text = body if isinstance(body, str) else json.dumps(body)
        return self.send(make_event("POST", "/orders", text, authorized() | names(headers)))


def authorized() -> dict[str, str]:
    return {"authorization": f"Bearer {TOKEN_TEXT}", "content-type": "application/json"}


def names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def make_event(
    method: str, path: str, body: str | bytes = "", headers: Mapping[str, str] | None = None, arn: str = ""
) -> dict[str, Any]:
    context: dict[str, Any] = {"http": {"method": method, "path": path}}
    if arn:
        context["authorizer"] = {"iam": {"userArn": arn}}
    event = {"rawPath": path, "headers": dict(headers or {}), "requestContext": context, "isBase64Encoded": False}
    if isinstance(body, bytes):
        return {**event, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return {**event, "body": body} if body else event


def read(handled: Handled) -> Any:
    """The content of an answer."""
    return json.loads(handled.answer.body)
