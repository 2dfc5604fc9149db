"""Controls: the operator's levers as buttons. Pause, resume, concurrency, rollback; alarms silenced or acknowledged."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orders.console import render
from orders.console.context import Console, console_of
from orders.console.forms import FormRoute, text_of
from orders.console.page_route import PageRoute
from orders.deployment.canary import CanaryAlarm
from orders.deployment.function import DeployedFunction
from orders.errors import OperatorError
from orders.levers.alarms import AlarmLevers
from orders.levers.levers import CONCURRENCY_MAX, CONCURRENCY_MIN, Levers, Rollback
from orders.monitoring.alarms import report_alarms
from orders.monitoring.backlog import describe_backlog, find_backlog

PATH = "/controls"
SILENCES = {"30m": 30 * 60_000, "1h": 3_600_000, "4h": 4 * 3_600_000, "1d": 86_400_000}


def show(request: Request) -> Response:
    """The page. Without a deployed system it says so."""
    console = console_of(request)
    now = console.live.current.status
    backlog = None if now is None else find_backlog(now)
    return render.page(
        request,
        "controls.html",
        title="Controls",
        now=now,
        alarms=[] if now is None else report_alarms(now),
        backlog="" if now is None or backlog is None else describe_backlog(backlog, now.at_ms),
        rollback=_find_rollback(console) if now is not None and now.function is not None else "no function is deployed",
        silences=list(SILENCES),
        concurrency_min=CONCURRENCY_MIN,
        concurrency_max=CONCURRENCY_MAX,
    )


def _find_rollback(console: Console) -> Rollback | str:
    """What a rollback would do, or why there is none."""
    try:
        return _levers(console).plan_rollback()
    except OperatorError as reason:
        return f"{reason.reason}. {reason.advice}"


# --- Changing -------------------------------------------------------------------------------------------------------


def pause(request: Request, form: FormData) -> Response:
    """Stop processing."""
    console = console_of(request)
    _levers(console).pause(_record(request), text_of(form, "reason")[:200])
    return _done(console)


def resume(request: Request, _form: FormData) -> Response:
    """Go on processing."""
    console = console_of(request)
    _levers(console).resume(_record(request))
    return _done(console)


def concurrency(request: Request, form: FormData) -> Response:
    """Limit the concurrent calls, or remove the limit with an empty number."""
    console, text = console_of(request), text_of(form, "limit")
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise OperatorError(
            f"{text[:40]!r} is not a number of calls",
            f"Give {CONCURRENCY_MIN} to {CONCURRENCY_MAX:,}, or leave it empty.",
        )
    _levers(console).set_concurrency(_record(request), int(text) if text else None)
    return _done(console)


def rollback(request: Request, form: FormData) -> Response:
    """Make the version that the page showed live. Raises OperatorError if another one would become live now."""
    console = console_of(request)
    levers = _levers(console)
    plan = levers.plan_rollback()
    if plan.target != text_of(form, "target"):
        raise OperatorError("another version became live meanwhile; nothing was changed", "Reload the page.")
    levers.rollback(_record(request), plan)
    return _done(console)


def silence(request: Request, form: FormData) -> Response:
    """Notify nobody of an alarm for a time."""
    console = console_of(request)
    duration_ms = SILENCES.get(text_of(form, "duration"))
    if duration_ms is None:
        raise OperatorError("that is no duration for a silence", f"Choose one of {', '.join(SILENCES)}.")
    _alarms(console).silence(_record(request), text_of(form, "alarm"), duration_ms)
    return _done(console, "#alarms")


def unsilence(request: Request, form: FormData) -> Response:
    """Notify of an alarm again."""
    console = console_of(request)
    _alarms(console).unsilence(_record(request), text_of(form, "alarm"))
    return _done(console, "#alarms")


def acknowledge(request: Request, form: FormData) -> Response:
    """Record that somebody works on an alarm."""
    console = console_of(request)
    _alarms(console).acknowledge(_record(request), text_of(form, "alarm"))
    return _done(console, "#alarms")


def _done(console: Console, place: str = "") -> Response:
    console.on_change()
    return RedirectResponse(f"{PATH}{place}", 303)


def _record(request: Request) -> Any:
    def record(action: str, target: str, *, before: Any = None, after: Any = None) -> Any:
        return console_of(request).audit.change(request, action, target, before=before, after=after)

    return record


def _levers(console: Console) -> Levers:
    function = DeployedFunction(console.aws, console.clock)
    return Levers(function, CanaryAlarm(console.aws), console.clock, lambda: console.aws.identity)


def _alarms(console: Console) -> AlarmLevers:
    function = DeployedFunction(console.aws, console.clock)
    return AlarmLevers(console.aws, function, console.clock, lambda: console.aws.identity)


ROUTES = [
    PageRoute(PATH, show),
    FormRoute(f"{PATH}/pause", pause, changes=True),
    FormRoute(f"{PATH}/resume", resume, changes=True),
    FormRoute(f"{PATH}/concurrency", concurrency, changes=True),
    FormRoute(f"{PATH}/rollback", rollback, changes=True),
    FormRoute(f"{PATH}/silence", silence, changes=True),
    FormRoute(f"{PATH}/unsilence", unsilence, changes=True),
    FormRoute(f"{PATH}/acknowledge", acknowledge, changes=True),
]
