"""Stack: resources, outputs, parameters, and the console's settings."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from orders.console import render
from orders.console.arns import Home, arn_of, console_url
from orders.console.context import Console, console_of
from orders.console.page_route import PageRoute
from orders.console.reading import calls_a_minute
from orders.deployment.cloudformation import GOOD_STATUSES, Stack, StackResource


class Row(NamedTuple):
    """A resource, for the table."""

    resource: StackResource
    arn: str | None
    link: str | None
    tone: str


def show(request: Request) -> Response:
    """The page; without a stack it says how to deploy one."""
    console = console_of(request)
    aws = console.aws
    home = Home(aws.partition, aws.region, aws.account)
    # Only AWS's own endpoints have AWS's console behind them.
    is_aws = aws.settings.endpoint_url is None
    stack = Stack(aws, aws.names.stack, console.clock)
    state = stack.state()
    return render.page(
        request,
        "stack.html",
        title="Stack",
        name=stack.name,
        state=state,
        is_aws=is_aws,
        tone="" if state is None else tone_of(state.status),
        link=console_url("AWS::CloudFormation::Stack", state.arn, home) if state and is_aws else None,
        rows=[_row(resource, home, is_aws) for resource in stack.resources()] if state else [],
        settings=_settings(console, home),
    )


def tone_of(status: str) -> str:
    """The colour of a CloudFormation status."""
    if status.endswith("_FAILED") or status in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE"):
        return "bad"
    if status == "UPDATE_ROLLBACK_COMPLETE" or status.endswith("_IN_PROGRESS"):
        return "warn"
    return "good" if status in GOOD_STATUSES else ""


def _row(resource: StackResource, home: Home, is_aws: bool) -> Row:
    return Row(
        resource,
        arn_of(resource.type, resource.physical_id, home),
        console_url(resource.type, resource.physical_id, home) if is_aws else None,
        tone_of(resource.status),
    )


def _settings(console: Console, home: Home) -> list[tuple[str, str]]:
    settings, reading = console.settings, console.settings.refresh
    return [
        ("Place", console.aws.place),
        ("Endpoint", console.aws.settings.endpoint_url or "AWS's own"),
        ("Region", home.region),
        ("Account", home.account),
        ("Listens on", settings.host),
        ("Token", "needed" if settings.token else "not needed: only this machine can connect"),
        ("Changes", "refused (--read-only)" if settings.read_only else "allowed"),
        ("Queues are read", f"every {reading.queues_ms / 1000:g} s while a page is open"),
        ("The rest is read", f"every {reading.rest_ms / 1000:g} s while a page is open"),
        ("Charts are read", f"every {reading.charts_ms / 1000:g} s for each range while Metrics is open"),
        (
            "Cost",
            f"{calls_a_minute(reading)} AWS API calls a minute while any page is open, none otherwise",
        ),
    ]


ROUTES = [PageRoute("/stack", show)]
