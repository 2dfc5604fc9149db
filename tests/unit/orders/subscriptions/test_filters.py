"""Goal: conditions in words become the filter policy that SNS documents, and come back in the same words."""

from __future__ import annotations

from typing import Any

import pytest

from orders.errors import OperatorError
from orders.subscriptions.filters import make_filter_policy, show_filter

CASES: list[tuple[list[str], dict[str, list[Any]], str]] = [
    ([], {}, "all orders"),
    (["status=paid"], {"status": ["paid"]}, "status=paid"),
    (["status=paid", "status=new"], {"status": ["paid", "new"]}, "status=paid or status=new"),
    (["status!=new", "status!=x"], {"status": [{"anything-but": ["new", "x"]}]}, "status!=new and status!=x"),
    (["country=United*"], {"country": [{"prefix": "United"}]}, "country=United*"),
    (["total<50", "total>=9.5"], {"total": [{"numeric": [">=", 9.5, "<", 50]}]}, "total>=9.5 and total<50"),
    (["total=5"], {"total": [{"numeric": ["=", 5]}]}, "total=5"),
    (["total!=0"], {"total": [{"anything-but": [0]}]}, "total!=0"),
    (["status = paid", "total>0"], {"status": ["paid"], "total": [{"numeric": [">", 0]}]}, "status=paid, total>0"),
]


@pytest.mark.parametrize(("conditions", "policy", "words"), CASES)
def test_make_filter_policy(conditions: list[str], policy: dict[str, list[Any]], words: str) -> None:
    assert make_filter_policy(conditions) == policy
    assert show_filter(policy) == words


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        (["paid"], "not a condition"),
        (["userId=7"], "cannot be filtered by userId"),
        (["status>paid"], "is a string"),
        (["status=a", "status!=b"], "with = and with !="),
        (["total>x"], "compared with a number"),
        (["total>1e10"], "cannot compare"),
        (["total=1", "total>2"], "several kinds"),
        (["total>1", "total>=2"], "two limits on one side"),
    ],
)
def test_make_filter_policy_of_what_sns_cannot_do_is_refused_in_words(conditions: list[str], said: str) -> None:
    with pytest.raises(OperatorError, match=said):
        make_filter_policy(conditions)


def test_show_filter_of_a_policy_made_elsewhere_shows_it_as_it_is() -> None:
    assert show_filter('{"status": [{"exists": false}]}') == '{"status": [{"exists": false}]}'
