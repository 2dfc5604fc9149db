"""Goal: a backlog shows when it will be done, and more concurrency, set by a button, makes it shrink faster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from click.testing import CliRunner
from playwright.sync_api import Page, expect

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.bad_version import SLOW, go_live
from tests.browser.site import open_site
from tests.browser.test_drills import Operator
from tests.conftest import environment_of
from tests.console.test_publish_page import EngineClock
from tests.polling import until

ORDERS = 300
END = re.compile(r"processed, 0 arriving; empty in about \d+ min")


def test_a_backlog_tells_its_end_and_concurrency_is_raised(
    paced: EngineThread, waits_move_time: None, open_page: Callable[..., Page]
) -> None:
    def orders(*arguments: str, given: str | None = None) -> None:
        done = CliRunner().invoke(main, arguments, env=environment_of(paced.endpoint_url), input=given)
        assert done.exit_code == 0, done.output

    orders("deploy", "--yes", "-p", "MaximumConcurrency=2")
    go_live(paced.client("lambda"), SLOW)
    orders("pause", "--yes")
    lines = (json.dumps({"orderId": f"B-{number}"}) for number in range(ORDERS))
    orders("publish", "-", given="\n".join(lines))
    paced.clock.advance(130)  # the arrivals are no longer of the last minute
    with open_site(paced.endpoint_url, "000000000000", clock=EngineClock(paced)) as site:
        page = open_page(site.at("/controls"))
        operator = Operator(page)
        operator.click("Resume processing", "button")
        page.goto(site.url)

        def shows_its_end() -> bool:
            paced.clock.advance(0.5)  # the console reads again by this clock
            return END.search(page.locator("main").inner_text()) is not None

        until(shows_its_end, "the expected end of the backlog")
        operator.click("Controls")
        page.get_by_label("Limit").fill("20")
        operator.click("Set the limit", "button")
        expect(page.get_by_role("region", name="Concurrency")).to_contain_text("At most 20 concurrent calls.")
        operator.report("a backlog: its expected end, and more concurrency")
        assert operator.clicks == 3
        queue = paced.client("sqs").get_queue_url(QueueName="OrderQueue")["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_done() -> bool:
            held = paced.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
            return not any(map(int, held.values()))

        until(is_done, "the backlog to be processed")
