"""Drift: what was changed outside of the stack, and the button that sets it back as `orders deploy` does."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from orders.console import render
from orders.console.context import Console, console_of
from orders.console.forms import FormRoute, text_of
from orders.deployment.canary import CanaryAlarm
from orders.deployment.cloudformation import Stack
from orders.deployment.drift import PROCESSOR, Difference
from orders.deployment.function import DeployedFunction
from orders.deployment.release import Release, Wanted
from orders.deployment.repairs import Repairs, undone
from orders.deployment.stack import check_status, restore
from orders.errors import OperatorError

PATH = "/controls/drift"


class Deployment(NamedTuple):
    """The parts of a deployment that compare and restore."""

    stack: Stack
    repairs: Repairs
    release: Release


def show(request: Request) -> Response:
    """The differences and what undoing them changes; loaded after the page because comparing takes a while."""
    console = console_of(request)
    deployment = _deployment(console)
    found = deployment.repairs.find()
    touched = any(one.resource == PROCESSOR for one in found)
    move = deployment.release.plan(Wanted(), is_new=False, function_changes=touched) if found else None
    return HTMLResponse(
        render.fragment(
            "_drift.html",
            differences=[one.describe() for one in found],
            seen=digest_of(found),
            move=move.change or move.held if move else "",
            at_ms=console.clock.now_ms(),
            csrf=console.access.csrf,
            read_only=console.settings.read_only,
        )
    )


def undo(request: Request, form: FormData) -> Response:
    """Set back the differences that the page showed. Raises OperatorError if they are others now."""
    console = console_of(request)
    deployment = _deployment(console)
    if check_status(deployment.stack):
        raise OperatorError("no stack is deployed; nothing was changed", "`orders deploy` creates the system.")
    found = deployment.repairs.find()
    if digest_of(found) != text_of(form, "seen"):
        raise OperatorError("other settings differ meanwhile; nothing was changed", "Reload the page.")
    with console.audit.change(request, "restore", console.aws.names.stack, before=undone(found)) as change:
        move = restore(deployment.repairs, deployment.release, found, Wanted())
        change.after = {"settings": "as deployed", "live": move.change or move.held}
    console.on_change()
    return RedirectResponse("/controls#drift", 303)


def digest_of(differences: list[Difference]) -> str:
    """Names what was shown, so that nothing else is changed."""
    return hashlib.sha256("\n".join(map(repr, differences)).encode()).hexdigest()


def _deployment(console: Console) -> Deployment:
    stack = Stack(console.aws, console.aws.names.stack, console.clock)
    function = DeployedFunction(console.aws, console.clock)
    return Deployment(stack, Repairs(console.aws, stack, function), Release(function, CanaryAlarm(console.aws)))


ROUTES = [Route(PATH, show), FormRoute(f"{PATH}/undo", undo, changes=True)]
