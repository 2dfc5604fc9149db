"""Goal: every text that tells of the person is recognised, whatever it is wrapped in, and no other."""

from __future__ import annotations

import json

import pytest

from orders.erasure.person import Person, order_id_of

ADA = Person("ada", frozenset({"1"}))
OWN = json.dumps({"orderId": "9", "userId": "ada"})


def envelope(message: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Message": message})


@pytest.mark.parametrize(
    "text",
    [
        OWN,
        json.dumps(OWN),
        envelope(OWN),
        envelope(json.dumps(OWN)),
        '{"orderId": "1"}',
        '{"orderId": "9", "userId": "ada"',
        '{"orderId": "1", "total": NaN}',
        json.dumps('{"orderId": "9", "userId": "ada"'),
        envelope('{"userId": "ada", '),
        '["ada"]',
    ],
)
def test_own_texts_are_recognised(text: str) -> None:
    assert ADA.owns(text)


@pytest.mark.parametrize(
    "text",
    ['{"orderId": "2", "userId": "adam"}', '{"orderId": "2", "note": "ada"}', "ada", "", "[" * 100_000, '"' * 100_000],
)
def test_texts_of_others_are_not(text: str) -> None:
    assert not ADA.owns(text)


def test_a_number_names_the_customer_too() -> None:
    assert Person("17850", frozenset()).owns('{"orderId": "2", "userId": 17850}')
    assert order_id_of('{"orderId": "2"}') == "2"
    assert order_id_of("torn") is None
