"""Goal: the console works before a server that others wrote; what MiniStack lacks is missing there and nothing else.

What it lacks is listed in docs/console.md; a test here that fails after `make lock` may be good news.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

from tests.browser.site import Site, open_site
from tests.peers.orders_command import OrdersCommand, write_template_without
from tests.peers.servers import MiniStack
from tests.polling import until

QUICK = ["-p", "FunctionTimeout=1", "-p", "VisibilityTimeout=1"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A console before a MiniStack with one stored and one failed order."""
    template = write_template_without(tmp_path_factory.mktemp("own") / "template.yaml", "OrderProcessorSlow")
    with MiniStack() as ministack:
        orders = OrdersCommand(ministack)
        orders.succeed("deploy", "--yes", "--template", template, *QUICK)
        orders.succeed("publish", "-", given=json.dumps({"orderId": "A-1", "userId": "ada", "timestamp": "2026-05-03"}))
        orders.succeed("publish", "--unchecked", "-", given=json.dumps({"orderId": "A-2", "timestamp": "yesterday"}))
        until(lambda: orders.run("get", "A-1").exit_code == 0, "the order in the table")
        until(lambda: "A-2" in orders.succeed("dlq", "list", "--each"), "the failed order in OrderDLQ")
        with open_site(ministack.endpoint_url, "test") as opened:
            yield opened


def read(site: Site, path: str) -> str:
    with urlopen(Request(site.at(path), headers={"accept": "text/html"})) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/orders?user=ada", "A-1"),
        ("/order?id=A-1", "2026-05-03"),
        (f"/logs?text={quote('A-1')}", "A-1"),
        ("/metrics", "OrderDLQ-not-empty"),
        ("/publish", "Publish and follow"),
        ("/stack", "arn:aws:sns:us-east-1:000000000000:OrderTopic"),
    ],
)
def test_pages_show_what_is_there(site: Site, path: str, shown: str) -> None:
    assert shown in read(site, path)


def test_the_pipeline_is_live_without_the_services_own_metrics(site: Site) -> None:
    page = until(
        lambda: text if "1 order failed" in (text := read(site, "/")) else None, "the failed order on the page"
    )
    assert "trigger Enabled" in page
    assert "Published, last hour: nothing" in page, "MiniStack keeps no metrics of AWS/SNS, AWS/SQS and AWS/Lambda"


def test_failed_orders_are_shown_with_their_reason(site: Site) -> None:
    def look() -> str | None:
        page = read(site, "/failed")
        return page if "expected an ISO 8601 date and time" in page else None

    assert "OrderRejected" in until(look, "the reason on the page")
