"""The path of a request to OrderIntake.

Promises: 202 is answered only for what SNS has accepted. Of concurrent requests with one idempotency key one publishes.
A request that ends without an answer leaves its key to the next one, so an order may be published twice but never not
at all: OrderProcessor stores it once.
Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from orders.clock import Clock
from orders.domain.amounts import with_amounts
from orders.errors import OrderUnavailable
from orders.intake.bodies import Submission, read_submission
from orders.intake.callers import Identified, identify
from orders.intake.http_request import Request, check_media_type, find_key, find_resource, read_body
from orders.intake.idempotency import KEY_TTL_S, WAITING, KeyRecord, Outcome, digest_body, digest_key, is_replay
from orders.intake.openapi import make_openapi
from orders.intake.ports import Callers, Keys, StoredOrders, Topic
from orders.intake.problems import Problem, Refused, later
from orders.intake.results import RETRY_S, Answer, answer_json, answer_problem, answer_submission, answer_text
from orders.publishing.message import Message, add_trace

MINUTE_MS = 60_000
# A request holds its key so long beyond its own end.
LOCK_MARGIN_MS = 1_000


class Limits(NamedTuple):
    """What one request, and one caller, may do."""

    requests_per_minute: int = 0
    """Of one caller; 0 for no limit."""
    claim_check: bool = False
    """Whether orders that are too large for SNS are taken."""


class Handled(NamedTuple):
    """An answer, and its line in the log."""

    answer: Answer
    resource: str = ""
    caller: str = ""
    orders: int = 0
    accepted: int = 0
    replayed: bool = False


class Intake:
    """One function. ``callers`` is None where Lambda verifies AWS signatures."""

    def __init__(
        self, *, callers: Callers | None, keys: Keys, topic: Topic, orders: StoredOrders, clock: Clock, limits: Limits
    ) -> None:
        self._callers = callers
        self._keys = keys
        self._topic = topic
        self._orders = orders
        self._clock = clock
        self._limits = limits

    def handle(self, request: Request, request_id: str, remaining_ms: Callable[[], float]) -> Handled:
        """Answer a request; refusals are problem documents."""
        resource = caller = ""
        try:
            resource, order_id = find_resource(request)
            if resource == "openapi":
                return Handled(answer_json(200, make_openapi(is_iam=self._callers is None)), resource)
            body = read_body(request)
            identified = self._identify(request, body)
            caller = identified.name
            self._check_rate(caller)
            if resource == "order":
                return Handled(self._read_back(order_id), resource, caller)
            return self._take(request, body, identified, request_id, remaining_ms)
        except Refused as refused:
            return Handled(answer_problem(refused.problem), resource, caller)
        except OrderUnavailable:
            problem = Problem("unavailable", "a part of the system does not answer", headers=later(RETRY_S))
            return Handled(answer_problem(problem), resource, caller)

    def _identify(self, request: Request, body: bytes) -> Identified:
        if self._callers is None:
            return Identified(request.caller_arn)
        return identify(request, body, self._callers.read(), self._clock.now_ms() // 1_000)

    def _check_rate(self, caller: str) -> None:
        """Raises Refused, 429. A count that cannot be had stops nobody."""
        if not self._limits.requests_per_minute:
            return
        now_ms = self._clock.now_ms()
        try:
            count = self._keys.count_request(caller, now_ms)
        except OrderUnavailable:
            return
        if count > self._limits.requests_per_minute:
            wait_s = (MINUTE_MS - now_ms % MINUTE_MS) // 1_000 + 1
            detail = f"more than {self._limits.requests_per_minute:,} requests in a minute"
            raise Refused("too-many", detail, later(wait_s))

    def _read_back(self, order_id: str) -> Answer:
        order = self._orders.find(order_id)
        if order is None:
            raise Refused("not-found", "no such order is stored; one that was accepted may not be stored yet")
        text = self._orders.read_body(order)
        return answer_json(200, with_amounts(order)) if text is None else answer_text(200, text)

    def _take(
        self,
        request: Request,
        body: bytes,
        identified: Identified,
        request_id: str,
        remaining_ms: Callable[[], float],
    ) -> Handled:
        check_media_type(request)
        key = find_key(request, identified.webhook_id)
        submission = read_submission(body, is_webhook=identified.is_webhook, claim_check=self._limits.claim_check)
        messages = [
            add_trace(entry.message, request.traceparent) for entry in submission.entries if entry.message is not None
        ]
        record = None
        if key and messages:
            record = self._make_record(identified.name, key, body, request_id, remaining_ms())
            record, is_answered = self._claim(record, len(messages))
            if is_answered:
                return _handled(submission, record.outcomes, identified.name, replayed=True)
        outcomes = self._publish(messages, record.outcomes if record else (WAITING,) * len(messages))
        if record is not None:
            self._settle(record, outcomes)
        return _handled(submission, outcomes, identified.name)

    def _make_record(self, caller: str, key: str, body: bytes, request_id: str, remaining_ms: float) -> KeyRecord:
        now_ms = self._clock.now_ms()
        return KeyRecord(
            key=digest_key(caller, key),
            body=digest_body(body),
            owner=request_id,
            is_done=False,
            locked_until_ms=now_ms + int(remaining_ms) + LOCK_MARGIN_MS,
            expires_at_s=now_ms // 1_000 + KEY_TTL_S,
        )

    def _claim(self, record: KeyRecord, count: int) -> tuple[KeyRecord, bool]:
        """The record that this request works on, and whether it is answered already. Raises Refused: 409, 422."""
        found = self._keys.start(record, self._clock.now_ms())
        if found is None:
            return record._replace(outcomes=(WAITING,) * count), False
        if is_replay(found, record.body, self._clock.now_ms()):
            return found, True
        if not self._keys.take_over(found, record):
            raise Refused("key-in-use", "another request with this key is under way", later(1))
        outcomes = found.outcomes if len(found.outcomes) == count else (WAITING,) * count
        return record._replace(outcomes=outcomes), False

    def _publish(self, messages: Sequence[Message], before: Sequence[Outcome]) -> list[Outcome]:
        """Publish what was not accepted before."""
        outcomes = list(before)
        open_places = [place for place, one in enumerate(before) if not one.is_final]
        fresh = self._topic.publish([messages[place] for place in open_places])
        for place, outcome in zip(open_places, fresh, strict=True):
            outcomes[place] = outcome
        return outcomes

    def _settle(self, record: KeyRecord, outcomes: Sequence[Outcome]) -> None:
        """Store the outcomes. Where that fails the answer stays true, and a repetition publishes again."""
        is_done = all(one.is_final for one in outcomes)
        try:
            self._keys.finish(record._replace(is_done=is_done, locked_until_ms=0, outcomes=tuple(outcomes)))
        except OrderUnavailable:
            return


def _handled(submission: Submission, outcomes: Sequence[Outcome], caller: str, *, replayed: bool = False) -> Handled:
    answer = answer_submission(submission, outcomes)
    if replayed:
        answer = answer._replace(headers={**answer.headers, "Idempotency-Replayed": "true"})
    accepted = sum(bool(one.message_id) for one in outcomes)
    return Handled(answer, "orders", caller, len(submission.entries), accepted, replayed)
