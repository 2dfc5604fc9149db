"""Goal: a function's result is an HTTP answer of a bounded number of headers, or it is refused."""

from __future__ import annotations

import orjson
import pytest

from onebox.services.lambda_.url_events import InvalidAnswer, read_answer


def _result(headers_count: int, cookies_count: int) -> bytes:
    headers = {f"x-{number}": "v" for number in range(headers_count)}
    return orjson.dumps({"statusCode": 200, "headers": headers, "cookies": ["a=1"] * cookies_count})


def test_ten_thousand_headers_and_cookies_are_answered() -> None:
    answer = read_answer(_result(9_000, 1_000))

    assert len(answer.headers) == 10_001  # and the Content-Type


@pytest.mark.parametrize(("headers_count", "cookies_count"), [(10_001, 0), (9_000, 1_001), (0, 400_000)])
def test_more_headers_and_cookies_are_refused(headers_count: int, cookies_count: int) -> None:
    with pytest.raises(InvalidAnswer, match="more than 10,000 headers and cookies"):
        read_answer(_result(headers_count, cookies_count))
