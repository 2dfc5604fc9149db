"""Goal: the seed's Lambda code, word for word, does on onebox what it does on AWS, its weaknesses included."""

from __future__ import annotations

import json

import pytest

from onebox.testing import EngineThread
from tests.api.order_system import OrderSystem, make_order_system, zipped
from tests.seed import SEED_CODE


@pytest.fixture
def seed(paced: EngineThread) -> OrderSystem:
    code = zipped("lambda_function.py", SEED_CODE)
    return make_order_system(paced, code, "lambda_function.lambda_handler", raw=True, report_failures=False)


def tries(seed: OrderSystem) -> int:
    return seed.log().count("Raw SQS record body:")


def test_seed_code_stores_an_order_raw_through_the_topic_and_one_straight_to_the_queue(seed: OrderSystem) -> None:
    seed.publish('{"orderId": "O-1", "quantity": 2}')
    seed.send(json.dumps('{"orderId": "O-2", "quantity": 3}'))  # encoded twice: the seed's code unwraps it
    assert seed.wait_for("O-1") == {"orderId": {"S": "O-1"}, "quantity": {"N": "2"}}
    assert seed.wait_for("O-2") == {"orderId": {"S": "O-2"}, "quantity": {"N": "3"}}


def test_seed_code_sets_aside_an_enveloped_order_after_three_receives(seed: OrderSystem) -> None:
    seed.client("sns").set_subscription_attributes(
        SubscriptionArn=seed.subscription_arn, AttributeName="RawMessageDelivery", AttributeValue="false"
    )
    seed.publish('{"orderId": "O-1"}')
    (letter,) = seed.let_fail(lambda: tries(seed))
    envelope = json.loads(letter["Body"])
    assert (envelope["Type"], envelope["Message"]) == ("Notification", '{"orderId": "O-1"}')
    log = seed.log()
    assert tries(seed) == 3
    assert "Error processing message: An error occurred (ValidationException)" in log
    assert "Missing the key orderId in the item" in log


def test_seed_code_sets_aside_a_fractional_price_after_three_receives(seed: OrderSystem) -> None:
    seed.publish('{"orderId": "O-1", "price": 19.99}')
    (letter,) = seed.let_fail(lambda: tries(seed))
    assert letter["Body"] == '{"orderId": "O-1", "price": 19.99}'
    log = seed.log()
    assert tries(seed) == 3
    assert "Error processing message: Float types are not supported. Use Decimal types instead." in log
    assert seed.find("O-1") is None
