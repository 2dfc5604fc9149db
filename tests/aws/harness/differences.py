"""The deliberate differences between onebox and AWS: docs/compatibility.md lists them with reasons, tests cite it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.aws.harness.places import Place

PAGE = Path(__file__).parents[3] / "docs" / "compatibility.md"
_BEGIN, _END = "\n## Where onebox differs from AWS\n", "\n## "


class NotListed(Exception):
    """A test cites a difference that the page does not list."""


def read_differences(page: str | None = None) -> dict[str, list[str]]:
    """The items of the page's lists, by the service in whose section they stand, white space made uniform."""
    text = PAGE.read_text("utf-8") if page is None else page
    part = text.partition(_BEGIN)[2].partition(_END)[0]
    found: dict[str, list[str]] = {}
    for section in part.split("\n### ")[1:]:
        service, _, body = section.partition("\n")
        items = f"\n{body}".split("\n- ")[1:]
        found[service.strip()] = [" ".join(item.split("\n\n")[0].split()) for item in items]
    return found


def find_difference(service: str, words: str, differences: dict[str, list[str]]) -> str:
    """The whole item that holds ``words``. Raises NotListed."""
    for item in differences.get(service, []):
        if words in item:
            return f"{service}: {item}"
    raise NotListed(f"docs/compatibility.md lists no difference of {service} with the words: {words}")


def expect_differences(item: Any, place: Place | None, differences: dict[str, list[str]]) -> None:
    """On AWS, a test that cites a difference must fail: if it passes, it is a difference no more. Raises NotListed."""
    for mark in item.iter_markers("differs"):
        service, words = mark.args
        reason = find_difference(service, words, differences)
        if place is not None and place.costs_money:
            item.add_marker(pytest.mark.xfail(strict=True, reason=reason))
