"""Goal: no answer of a function makes a message count as processed unless it says so beyond doubt."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from onebox.services.lambda_.batches import decide_failures, encode_event, encode_record, fitting
from onebox.services.lambda_.limits import REQUEST_BYTES_MAX
from onebox.services.sqs.model import ReceivedMessage
from onebox.services.sqs.receipts import Receipt

IDS = ["a", "b", "c"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.sampled_from(IDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def report(items: object) -> bytes:
    return json.dumps({"batchItemFailures": items}).encode()


def test_decide_failures_named_messages_fail_alone() -> None:
    assert decide_failures(report([{"itemIdentifier": "b"}]), IDS) == {"b"}
    assert decide_failures(report([{"itemIdentifier": "b"}, {"itemIdentifier": "b"}]), IDS) == {"b"}


def test_decide_failures_nothing_reported_is_success() -> None:
    for answer in (b"null", b"{}", b"", report([]), report(None), b'{"other": 1}'):
        assert decide_failures(answer, IDS) == set(), answer


def test_decide_failures_malformed_report_fails_the_batch() -> None:
    items = ([{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"identifier": "a"}], ["a"], "a", {"a": 1}, 1)
    for item in items:
        assert decide_failures(report(item), IDS) == set(IDS), item
    for answer in (b"no json", b'"text"', b"[]", b"1", b"true", report([{"itemIdentifier": "d"}])):
        assert decide_failures(answer, IDS) == set(IDS), answer


@given(st.lists(st.fixed_dictionaries({"itemIdentifier": ANY_JSON}) | ANY_JSON, min_size=1, max_size=4))
def test_decide_failures_any_list_fails_exactly_the_named_or_all(items: list[object]) -> None:
    failed = decide_failures(report(items), IDS)
    named = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in items]
    if all(isinstance(name, str) and name in IDS for name in named):
        assert failed == set(named)
    else:
        assert failed == set(IDS)


@given(st.binary(max_size=30))
def test_decide_failures_any_bytes_name_only_messages_of_the_batch(answer: bytes) -> None:
    assert decide_failures(answer, IDS) <= set(IDS)


@given(st.lists(st.integers(1, 4_000_000), min_size=1, max_size=5))
def test_fitting_takes_as_many_as_one_event_may_hold(sizes: list[int]) -> None:
    records = [b"x" * size for size in sizes]
    count = fitting(records)
    assert 1 <= count <= len(records)
    assert count == 1 or len(encode_event(records[:count])) <= REQUEST_BYTES_MAX
    assert count == len(records) or len(encode_event(records[: count + 1])) > REQUEST_BYTES_MAX


@given(st.text(), st.dictionaries(st.text(min_size=1, max_size=5), st.binary(max_size=5), max_size=2))
def test_encode_record_keeps_body_and_attributes(body: str, binaries: dict[str, bytes]) -> None:
    attributes = {name: {"DataType": "Binary", "BinaryValue": value} for name, value in binaries.items()}
    message = ReceivedMessage("id", Receipt(1, 2, 1), "handle", body, "md5", {"SenderId": "s"}, attributes, None)
    record = json.loads(encode_record(message, "arn", "region"))
    assert (record["body"], record["eventSource"]) == (body, "aws:sqs")
    assert set(record["messageAttributes"]) == set(binaries)
    assert "md5OfMessageAttributes" not in record
