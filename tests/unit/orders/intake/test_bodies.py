"""Goal: what is published is what was sent; an order passes if and only if OrderProcessor accepts it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.order import parse_order
from orders.errors import OrderRejected
from orders.intake.bodies import read_submission
from orders.intake.callers import decode_caller
from orders.intake.idempotency import Outcome, decode_outcomes, digest_key, encode_outcomes
from orders.intake.problems import FieldError, Refused
from orders.intake.webhooks import is_signed_with, make_secret, read_secret, read_signed, sign

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ORDERS = st.builds(
    lambda known, more: {**more, **known},
    st.fixed_dictionaries(
        {}, optional={"orderId": st.text(max_size=9) | st.none(), "total": JSON, "items": JSON, "timestamp": st.text()}
    ),
    st.dictionaries(st.text(max_size=8), JSON, max_size=4),
)


def is_accepted(text: str) -> bool:
    try:
        parse_order(text)
    except OrderRejected:
        return False
    return True


@given(st.lists(ORDERS, min_size=1, max_size=8), st.sampled_from([None, 2]), st.booleans())
def test_list_holds_each_text_character_for_character(orders: list[Any], indent: int | None, ascii_only: bool) -> None:
    texts = [json.dumps(one, indent=indent, ensure_ascii=ascii_only) for one in orders]
    joined = " ,\n".join(texts)
    body = f" [ {joined} ]\n".encode("utf-8", "replace")
    submission = read_submission(body)
    assert submission.is_list
    for text, entry in zip(texts, submission.entries, strict=True):
        sent = text.encode("utf-8", "replace").decode()
        assert (entry.message is not None) == is_accepted(sent)
        assert entry.message is None or entry.message.text == sent
        assert (entry.message is None) == bool(entry.errors)


@given(ORDERS, st.dictionaries(st.text(max_size=6), JSON, max_size=3))
def test_event_of_a_webhook_holds_the_order_in_data(order: Any, more: dict[str, Any]) -> None:
    more.pop("orderId", None)
    text = json.dumps(order)
    before = "".join(f"{json.dumps(name)}: {json.dumps(value)}, " for name, value in more.items() if name != "data")
    [entry] = read_submission(f'{{ {before}"type": "x", "data" : {text} }}'.encode(), is_webhook=True).entries
    assert (entry.message.text if entry.message else None) == (text if is_accepted(text) else None)


@given(st.binary() | st.text().map(str.encode) | JSON.map(json.dumps).map(str.encode), st.booleans())
def test_any_body_is_read_or_refused(body: bytes, is_webhook: bool) -> None:
    try:
        entries, status = read_submission(body, is_webhook=is_webhook).entries, 200
    except Refused as refused:
        entries, status = (), refused.problem.status
    assert status in ((200,) if entries else (400, 413))


@given(st.text(st.characters(codec="ascii", exclude_characters="."), min_size=1), st.binary(), st.binary())
def test_signature_holds_for_its_id_time_body_and_key_only(webhook_id: str, body: bytes, other: bytes) -> None:
    key = b"0123456789abcdef01234567"
    value = sign(webhook_id, 100, body, make_secret(key))
    headers = {"webhook-id": webhook_id, "webhook-timestamp": "100", "webhook-signature": value}
    signed = read_signed(headers, 0)
    assert is_signed_with(signed, body, key)
    assert is_signed_with(signed, other, key) == (other == body)
    assert not is_signed_with(signed, body, key + b"x")
    assert not is_signed_with(signed._replace(timestamp="101"), body, key)


def test_signature_is_that_of_the_specification() -> None:
    """The example of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    value = sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}', secret)
    assert value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_AAAA", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_ä", "whsec_=="]
)
def test_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="expected whsec_"):
        read_secret(secret)


@given(JSON.map(json.dumps) | st.text())
def test_parameter_that_holds_no_caller_is_none(value: str) -> None:
    assert decode_caller("name", value) is None


OUTCOMES = st.text(min_size=1).map(Outcome) | st.builds(Outcome, st.just(""), st.text(), st.booleans(), st.just(False))


@given(st.lists(OUTCOMES))
def test_outcomes_are_read_as_they_were_written(outcomes: list[Outcome]) -> None:
    assert decode_outcomes(encode_outcomes(outcomes)) == tuple(outcomes)


@given(st.text(), st.text(), st.text(), st.text())
def test_no_two_callers_share_a_key(caller: str, key: str, other: str, other_key: str) -> None:
    same = (caller, key) == (other, other_key)
    assert (digest_key(caller, key) == digest_key(other, other_key)) == same


@given(st.text())
def test_field_has_a_pointer_only_where_it_is_plain(field: str) -> None:
    described = FieldError(field, "wrong").describe()
    assert described["field"] == field
    assert "pointer" not in described or described["pointer"].replace("/", "").isprintable()


def test_a_large_order_is_told_its_violations_and_not_that_it_is_large() -> None:
    text = json.dumps({"orderId": "1", "total": "much", "note": "x" * 500_000})
    [entry] = read_submission(text.encode(), claim_check=True).entries
    assert [one.field for one in entry.errors] == ["total"]
