"""Goal: a test can cite only a difference that docs/compatibility.md lists, and must fail on AWS if it does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.aws.harness.differences import NotListed, expect_differences, find_difference, read_differences
from tests.aws.harness.places import Place

PAGE = """
## Where onebox differs from AWS

### SQS

- One thing, because
  of a reason.
- Another thing.

### S3

- A third.

## Limits

- Not a difference.
"""
ONEBOX = Place("http://127.0.0.1:1", "us-east-1", costs_money=False)
ON_AWS = Place(None, "us-east-1", costs_money=True)


class Item:
    """A test that cites a difference."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.added: list[Any] = []

    def iter_markers(self, _name: str) -> Any:
        return iter([SimpleNamespace(args=self._words)])

    def add_marker(self, mark: Any) -> None:
        self.added.append(mark)


def test_items_are_read_by_service_with_their_reasons() -> None:
    assert read_differences(PAGE) == {"SQS": ["One thing, because of a reason.", "Another thing."], "S3": ["A third."]}
    assert find_difference("SQS", "One thing", read_differences(PAGE)) == "SQS: One thing, because of a reason."


@pytest.mark.parametrize(("service", "words"), [("SQS", "A third"), ("SNS", "One thing"), ("S3", "Not a difference")])
def test_what_the_page_does_not_list_cannot_be_cited(service: str, words: str) -> None:
    with pytest.raises(NotListed, match=words):
        find_difference(service, words, read_differences(PAGE))


def test_a_difference_is_a_strict_expected_failure_on_aws_only() -> None:
    item = Item("SQS", "One thing")
    for place in (None, ONEBOX):
        expect_differences(item, place, read_differences(PAGE))
    assert item.added == []
    expect_differences(item, ON_AWS, read_differences(PAGE))
    (mark,) = item.added
    assert mark.kwargs == {"strict": True, "reason": "SQS: One thing, because of a reason."}


def test_the_page_lists_differences_of_every_service_that_is_offered() -> None:
    found = read_differences()
    assert {"SQS", "SNS", "DynamoDB", "Lambda", "CloudWatch Logs", "CloudWatch", "S3", "CloudFormation"} <= set(found)
    assert all(items for items in found.values())
