"""Options: the optional parts, a panel for each. What is on, what waits, how fast, what was refused.

The panels are read after the page has loaded, and again while it is open.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import console_of
from orders.console.page_route import PageRoute
from orders.monitoring.option_reader import OptionReader

PATH = "/options"
# The path below PATH, the heading.
PANELS = (
    ("relay", "Relay"),
    ("intake", "Intake"),
    ("history", "History"),
    ("archive", "Archive"),
    ("claims", "Large orders"),
)


def show(request: Request) -> Response:
    """The page, with panels that are still to be read."""
    console = console_of(request)
    return render.page(
        request, "options.html", title="Options", panels=PANELS, every_ms=console.settings.refresh.rest_ms
    )


def show_relay(request: Request) -> Response:
    """The outbox of the shop's database, if this console was given it."""
    outbox = console_of(request).outbox
    if not outbox.is_known:
        return _panel("_option_relay.html", report=None)
    return _panel("_option_relay.html", report=outbox.read())


def show_intake(request: Request) -> Response:
    return _panel("_option_intake.html", state=_reader(request).read_intake())


def show_history(request: Request) -> Response:
    return _panel("_option_history.html", state=_reader(request).read_history())


def show_archive(request: Request) -> Response:
    return _panel("_option_archive.html", state=_reader(request).read_archive())


def show_claims(request: Request) -> Response:
    return _panel("_option_claims.html", state=_reader(request).read_claims())


def show_replays(request: Request) -> Response:
    """The replays of the last day."""
    return _panel("_option_replays.html", replays=_reader(request).read_replays())


def _reader(request: Request) -> OptionReader:
    console = console_of(request)
    return OptionReader(console.aws, console.clock)


def _panel(template: str, **values: Any) -> Response:
    return HTMLResponse(render.fragment(template, **values))


ROUTES = [
    PageRoute(PATH, show),
    Route(f"{PATH}/relay", show_relay),
    Route(f"{PATH}/intake", show_intake),
    Route(f"{PATH}/history", show_history),
    Route(f"{PATH}/archive", show_archive),
    Route(f"{PATH}/claims", show_claims),
    Route(f"{PATH}/replays", show_replays),
]
