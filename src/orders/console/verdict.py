"""The headline of the pipeline page: the most important fact about the system. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple

from orders.aws.measures import AGE, DUPLICATE, ERRORS, PUBLISHED, STALE, STORED, THROTTLES
from orders.monitoring.alarms import describe_alarm
from orders.monitoring.status import Status

# An order that has waited longer than this is late.
LATE_S = 60

Tone = Literal["good", "warn", "bad", "idle"]


class Verdict(NamedTuple):
    """A headline with its detail and the link to the cause."""

    tone: Tone
    title: str
    detail: str
    link: str | None = None
    link_text: str = ""


def judge(now: Status) -> Verdict:
    """The most severe condition."""
    missing = [name for name, part in _parts(now) if part is None]
    if missing:
        return Verdict("bad", "Not deployed", f"Missing: {', '.join(missing)}. Run `orders deploy`.", "/stack", "Stack")
    assert now.queue is not None
    assert now.dead_letters is not None
    assert now.function is not None
    if now.function.paused:
        detail = f"Orders wait in OrderQueue, since {now.function.paused}."
        return Verdict("bad", "Paused", detail, "/controls", "Controls")
    if "Disabled" in now.function.trigger or now.function.trigger == "none":
        return Verdict(
            "bad", "Orders are not being processed", "The trigger between OrderQueue and OrderProcessor is not enabled."
        )
    return _judge_orders(now) or _judge_function(now) or _judge_quiet(now)


def _judge_orders(now: Status) -> Verdict | None:
    """Orders that are set aside, wait too long, failed or are failing."""
    set_aside = [order for order in now.failing.orders if order.is_passing]
    if set_aside:
        newest = max(set_aside, key=lambda order: order.failed_at_ms)
        title = "1 order is set aside" if len(set_aside) == 1 else f"{len(set_aside):,} orders are set aside"
        detail = f"The table Orders takes none: {newest.reason[:200]} They are tried again by themselves."
        return Verdict("bad", title, detail, "/failed", "See which")
    counts = now.counts
    failed, waiting, age_s = counts.failed, counts.waiting, now.latest(AGE)
    if waiting and age_s >= LATE_S:
        return Verdict(
            "bad",
            "Orders wait",
            f"{waiting:,} in OrderQueue, oldest for {_duration(age_s)}.",
            "/logs",
            "OrderProcessor's log",
        )
    if failed:
        orders = "1 order" if failed == 1 else f"{failed:,} orders"
        return Verdict("bad", f"{orders} failed", f"{_flow(now)} They are in OrderDLQ.", "/failed", "See why")
    if now.failing.orders:
        count = len(now.failing.orders)
        title = "1 order is failing" if count == 1 else f"{count:,} orders are failing"
        first = now.failing.orders[0]
        return Verdict("warn", title, f"{first.reason[:200]}: {first.attempt}.", "/failed", "See which")
    return None


def _judge_function(now: Status) -> Verdict | None:
    """Errors, throttles and alarms."""
    troubled = [title for measure, title in ((ERRORS, "errors"), (THROTTLES, "throttles")) if now.latest(measure)]
    if troubled:
        return Verdict("warn", f"OrderProcessor has {' and '.join(troubled)}", _flow(now), "/logs", "Its log")
    if now.firing:
        alarm = now.firing[0]
        return Verdict("warn", f"Alarm: {alarm.name}", f"{describe_alarm(alarm, now)}.", "/controls#alarms", "Alarms")
    return None


def _judge_quiet(now: Status) -> Verdict:
    if now.rate(PUBLISHED) or now.rate(STORED) or now.counts.in_flight:
        return Verdict("good", "Orders flow", _flow(now))
    return Verdict("idle", "Quiet", "No order arrived in the last minute; none waiting, none failed.")


def _parts(now: Status) -> tuple[tuple[str, object], ...]:
    return (
        ("OrderTopic", now.subscriptions),
        ("OrderQueue", now.queue),
        ("OrderDLQ", now.dead_letters),
        ("OrderProcessor", now.function),
        ("Orders", now.table),
    )


def _flow(now: Status) -> str:
    waiting = f"{now.counts.waiting:,} waiting" if now.counts.waiting else "none waiting"
    counted = {"published": PUBLISHED, "stored": STORED, "duplicate": DUPLICATE, "too old": STALE}
    rates = {name: now.rate(measure) for name, measure in counted.items()}
    shown = [f"{value:,.0f} {name}" for name, value in rates.items() if value >= 0.5 or name in ("published", "stored")]
    return f"Last minute: {', '.join(shown)}; {waiting}."


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"
