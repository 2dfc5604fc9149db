"""Goal: 202 means that SNS has accepted; the same key and body get the same answer; refusals are problem documents."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orders.intake.http_request import BODY_BYTES_MAX
from orders.intake.idempotency import Outcome
from orders.intake.webhooks import make_secret, sign
from tests.unit.orders.intake.fakes import KEY, World, authorized, make_event, read

ORDER = {"orderId": "a1", "total": 5}
AGAIN = Outcome(reason="InternalError", is_final=False)


def test_one_order_is_published_as_it_was_written() -> None:
    world = World()
    text = ' {"orderId": "a/1", "total":  19.90, "status": "new"} '
    handled = world.post(text)
    assert (handled.answer.status, read(handled)) == (202, {"orderId": "a/1", "messageId": "m1"})
    assert handled.answer.headers["Location"] == "/orders/a%2F1"
    [message] = world.topic.published
    assert message.text == text.strip()
    assert {(one.name, one.value) for one in message.attributes} == {("status", "new"), ("total", "19.90")}


def test_order_may_be_the_data_of_a_cloud_event() -> None:
    world = World()
    event = (
        '{"specversion": "1.0", "id": "1", "source": "/shop", "type": "order", "data": {"orderId": "a1", "total": 1}}'
    )
    handled = world.post(event, content_type="application/cloudevents+json; charset=utf-8")
    assert (handled.answer.status, read(handled)["orderId"]) == (202, "a1")
    assert world.topic.published[0].text == event
    refused = world.post(event.replace('"a1"', "5"))
    assert (refused.answer.status, read(refused)["errors"][0]["field"]) == (422, "orderId")


def test_list_is_answered_order_by_order() -> None:
    world = World()
    handled = world.post([ORDER, {"orderId": "a2", "items": [{"quantity": "x"}]}, 7, {"orderId": "a3"}])
    found = read(handled)
    assert handled.answer.status == 207
    assert (found["accepted"], found["refused"], found["unavailable"]) == (2, 2, 0)
    assert [(one["index"], one["status"]) for one in found["results"]] == [(0, 202), (1, 422), (2, 422), (3, 202)]
    [error] = found["results"][1]["errors"]
    assert (error["field"], error["pointer"]) == ("items[0].quantity", "#/items/0/quantity")
    assert [message.text for message in world.topic.published] == ['{"orderId": "a1", "total": 5}', '{"orderId": "a3"}']
    assert world.post([ORDER]).answer.status == 202


def test_order_that_violates_the_contract_is_a_problem_with_every_field() -> None:
    world = World()
    handled = world.post({"total": "x", "currency": "pounds", "items": [{"unitPrice": []}]})
    found = read(handled)
    assert (handled.answer.status, handled.answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert (found["type"], found["status"]) == ("urn:orders:problem:contract", 422)
    assert {one["field"] for one in found["errors"]} == {"orderId", "total", "currency", "items[0].unitPrice"}
    assert not world.topic.published


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ("[" * 200_000, 400),
        (b"\xff\xfe", 400),
        ('{"orderId": "a"} {}', 400),
        (f"[{','.join(['1'] * 501)}]", 413),
        ("1", 422),
        ('"{\\"orderId\\": \\"a\\"}"', 422),
        ('{"Type": "Notification", "TopicArn": "t", "Message": "{\\"orderId\\": \\"a\\"}"}', 422),
        ('{"orderId": "a", "total": NaN}', 422),
        (f'{{"orderId": "a", "total": 1{"0" * 5_000}}}', 422),
        ('{"orderId": "\\ud800"}', 422),
        (f'{{"orderId": "a", "note": "{"x" * 300_000}"}}', 422),
        (f'{{"orderId": "a", "n": {"[" * 40}{"]" * 40}}}', 422),
        (f'{{"orderId": "{"x" * BODY_BYTES_MAX}"}}', 413),
        (b"x" * (BODY_BYTES_MAX + 1), 413),
    ],
    ids=range(17),
)
def test_hostile_bodies_are_refused(body: str | bytes, status: int) -> None:
    world = World()
    handled = world.send(make_event("POST", "/orders", body, authorized()))
    assert (handled.answer.status, read(handled)["status"]) == (status, status)
    assert not world.topic.published


def test_largest_list_of_invalid_orders_is_answered_within_bounds() -> None:
    world = World()
    lines = ",".join(['{"quantity":"x"}'] * 100)
    order = f'{{"orderId":"a","items":[{lines}]}}'
    body = f"[{','.join([order] * 500)}]"
    began = time.process_time()
    handled = world.post(body)
    assert (handled.answer.status, len(read(handled)["results"])) == (422, 500)
    assert len(handled.answer.body) < 1_000_000
    assert time.process_time() - began < 5, "linear in the body"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 404),
        ("GET", "/orders/", {}, 404),
        ("GET", "/orders/%ff", authorized(), 404),
        ("GET", f"/orders/{'x' * 7_000}", authorized(), 404),
        ("GET", "/orders/absent", authorized(), 404),
        ("GET", "/orders", {}, 405),
        ("DELETE", "/orders/a", {}, 405),
        ("POST", "/openapi.json", {}, 405),
        ("POST", "/orders", {}, 401),
        ("POST", "/orders", {"authorization": "Bearer wrong"}, 401),
        ("POST", "/orders", {"authorization": "Basic b3JkX2EtdG9rZW4="}, 401),
        ("POST", "/orders", {"authorization": f"Bearer {'x' * 5_000}"}, 400),
        ("POST", "/orders", authorized() | {"content-type": "text/plain"}, 415),
        ("POST", "/orders", authorized() | {"content-type": "application/json; charset=latin-1"}, 415),
        ("POST", "/orders", authorized() | {"idempotency-key": ""}, 400),
        ("POST", "/orders", authorized() | {"idempotency-key": "k" * 256}, 400),
        ("POST", "/orders", authorized() | {"idempotency-key": "ä"}, 400),
    ],
)
def test_refusals_are_problem_documents(method: str, path: str, headers: dict[str, str], status: int) -> None:
    handled = World().send(make_event(method, path, '{"orderId": "a"}', headers))
    assert (handled.answer.status, read(handled)["status"]) == (status, status)
    assert handled.answer.headers["Content-Type"] == "application/problem+json"
    if status == 405:
        assert handled.answer.headers["Allow"] in ("GET", "POST")
    if status == 401:
        assert handled.answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_stored_order_is_read_back_with_the_decimals_of_its_currency() -> None:
    from decimal import Decimal

    world = World()
    world.orders.orders["é/1"] = {"orderId": "é/1", "total": Decimal("19.9"), "currency": "GBP"}
    handled = world.send(make_event("GET", "/orders/%C3%A9%2F1", "", authorized()))
    assert (handled.answer.status, '"total": 19.90' in handled.answer.body) == (200, True)


# --- Idempotency ------------------------------------------------------------------------------------------------------


def test_same_key_and_body_get_the_same_answer_and_one_publish() -> None:
    world = World()
    first = world.post([ORDER, {"total": 1}], idempotency_key="k")
    second = world.post([ORDER, {"total": 1}], idempotency_key='"k"')
    assert (first.answer.body, first.answer.status) == (second.answer.body, second.answer.status)
    assert second.answer.headers["Idempotency-Replayed"] == "true"
    assert len(world.topic.published) == 1


def test_same_key_with_another_body_is_refused() -> None:
    world = World()
    world.post(ORDER, idempotency_key="k")
    handled = world.post({"orderId": "a2"}, idempotency_key="k")
    assert (handled.answer.status, read(handled)["type"]) == (422, "urn:orders:problem:key-reused")
    assert len(world.topic.published) == 1


def test_key_is_free_again_after_a_day() -> None:
    world = World()
    world.post(ORDER, idempotency_key="k")
    world.clock.time_ms += 86_401_000
    assert world.post({"orderId": "a2"}, idempotency_key="k").answer.status == 202


def test_request_that_came_while_the_first_was_under_way_is_told_to_wait() -> None:
    world = World()
    world.keys.finishes = False  # as if the first had been killed after it published
    assert world.post(ORDER, idempotency_key="k").answer.status == 202
    handled = world.post(ORDER, idempotency_key="k")
    assert (handled.answer.status, handled.answer.headers["Retry-After"]) == (409, "1")
    world.clock.time_ms += 31_000
    world.keys.finishes = True
    assert read(world.post(ORDER, idempotency_key="k"))["messageId"] == "m2", "at least once"
    assert read(world.post(ORDER, idempotency_key="k"))["messageId"] == "m2"


def test_repetition_publishes_only_what_was_not_accepted() -> None:
    world = World()
    world.topic.faults = [None, AGAIN]
    body = [ORDER, {"orderId": "a2"}, {"orderId": "a3"}]
    first = world.post(body, idempotency_key="k")
    assert (first.answer.status, first.answer.headers["Retry-After"]) == (207, "5")
    assert [one["status"] for one in read(first)["results"]] == [202, 503, 202]
    second = world.post(body, idempotency_key="k")
    assert (second.answer.status, read(second)["accepted"]) == (202, 3)
    assert [message.text[12:16] for message in world.topic.published] == ['"a1"', '"a3"', '"a2"']


@pytest.mark.parametrize(("fault", "status"), [(AGAIN, 503), (AGAIN._replace(is_throttled=True), 429)])
def test_nothing_accepted_is_no_202(fault: Outcome, status: int) -> None:
    for body in (ORDER, [ORDER]):
        world = World()
        world.topic.faults = [fault]
        handled = world.post(body, idempotency_key="k")
        assert (handled.answer.status, handled.answer.headers["Retry-After"]) == (status, "5")
        assert world.post(body, idempotency_key="k").answer.status == 202


def test_order_that_sns_refuses_is_a_violation_and_final() -> None:
    world = World()
    world.topic.faults = [Outcome(reason="InvalidParameter: no")]
    first = world.post(ORDER, idempotency_key="k")
    assert (first.answer.status, read(first)["detail"]) == (422, "InvalidParameter: no")
    assert world.post(ORDER, idempotency_key="k").answer.body == first.answer.body


# --- Callers ----------------------------------------------------------------------------------------------------------


def webhook(world: World, body: str, webhook_id: str = "msg_1", at_s: int | None = None, changed: Any = None) -> Any:
    moment = world.clock.now_ms() // 1_000 if at_s is None else at_s
    headers = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1a,x v1,AAAA {sign(webhook_id, moment, body.encode(), make_secret(KEY))}",
    }
    return world.send(make_event("POST", "/orders", body, headers | (changed or {})))


def test_signed_webhook_is_taken_once() -> None:
    world = World()
    event = '{"type": "order.created", "timestamp": "2026-05-03T12:00:00Z", "data": {"orderId": "a1", "total": 1.50}}'
    first, second = webhook(world, event), webhook(world, event)
    assert (first.answer.status, first.caller, first.answer.body) == (202, "payments", second.answer.body)
    assert [message.text for message in world.topic.published] == ['{"orderId": "a1", "total": 1.50}']
    assert webhook(world, '{"orderId": "a2"}', "msg_2").answer.status == 202


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "msg_2"},
        {"webhook-id": "a.b"},
        {"webhook-timestamp": "1000001"},
        {"webhook-timestamp": "x"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1," + "A" * 3_000},
        {"webhook-signature": "v2,AAAA"},
    ],
)
def test_webhook_that_is_not_signed_rightly_is_refused(changed: dict[str, str]) -> None:
    world = World()
    assert webhook(world, '{"orderId": "a1"}', changed=changed).answer.status == 401
    assert not world.topic.published


@pytest.mark.parametrize(("off_s", "status"), [(-300, 202), (300, 202), (-301, 401), (301, 401)])
def test_webhook_is_valid_for_five_minutes(off_s: int, status: int) -> None:
    world = World()
    assert webhook(world, '{"orderId": "a1"}', at_s=1_000 + off_s).answer.status == status


def test_either_credential_is_enough() -> None:
    world = World()
    assert world.post(ORDER, webhook_signature="").caller == "shop"
    assert (
        webhook(world, '{"orderId": "a2"}', changed={"authorization": "Bearer of-another-server"}).answer.status == 202
    )


def test_keys_belong_to_their_caller() -> None:
    world = World(is_iam=True)
    for arn in ("arn:aws:iam::1:user/ada", "arn:aws:iam::1:user/eve"):
        headers = {"content-type": "application/json", "idempotency-key": "k"}
        handled = world.send(make_event("POST", "/orders", f'{{"orderId": "{arn}"}}', headers, arn))
        assert (handled.answer.status, handled.caller) == (202, arn)


def test_caller_is_told_when_its_minute_is_over() -> None:
    world = World(requests_per_minute=2)
    assert [world.post(ORDER).answer.status for _ in range(3)] == [202, 202, 429]
    handled = world.post(ORDER)
    world.clock.time_ms += int(handled.answer.headers["Retry-After"]) * 1_000
    assert world.post(ORDER).answer.status == 202


def test_unknown_callers_are_refused_while_the_store_is_away() -> None:
    world = World()
    world.callers.is_down = True
    handled = world.post(ORDER)
    assert (handled.answer.status, read(handled)["type"]) == (503, "urn:orders:problem:unavailable")
