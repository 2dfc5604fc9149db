"""Renders pages from templates. Every value is escaped; an undefined value is an error.

The server sends times in UTC and amounts with their currency code; the browser converts both to the viewer's format
(static/js/local.js).
"""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from orders.console import charts
from orders.console.assets import asset_url, load_assets
from orders.console.context import console_of
from orders.console.live import Snapshot
from orders.domain.amounts import show_amount
from orders.json_text import to_json
from orders.text import show_duration, well_formed

CUT_AT = 48
TITLE_MAX = 2_000
TEXT_MAX = 20_000


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A complete page."""
    console = console_of(request)
    return HTMLResponse(
        fragment(
            template,
            path=request.url.path,
            csrf=console.access.csrf,
            read_only=console.settings.read_only,
            live=console.live.current,
            place=console.aws.place,
            **values,
        ),
        status,
    )


def fragment(template: str, **values: Any) -> str:
    """A part of a page."""
    return well_formed(_environment().get_template(template).render(**values))


def warm_up() -> None:
    """Compile the templates and read the assets, which the first page would have to wait for."""
    environment = _environment()
    for name in environment.list_templates(["html"]):
        environment.get_template(name)
    load_assets()


def header(snapshot: Snapshot, place: str) -> str:
    """The header of every page, which changes with each snapshot."""
    return fragment("_header.html", live=snapshot, place=place)


@lru_cache(1)
def _environment() -> Environment:
    from orders.console.pages import NAVIGATION

    environment = Environment(
        loader=PackageLoader("orders.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(navigation=NAVIGATION, asset=asset_url, spark=charts.spark, arrow=charts.arrow)
    environment.filters.update(
        moment=moment,
        clock=clock_time,
        precise=precise,
        money=money,
        cut=cut,
        bounded=bounded,
        count=count,
        duration=show_duration,
        number=number,
        exact=exact,
        plural=plural,
        marked=marked,
    )
    return environment


# --- Filters --------------------------------------------------------------------------------------------------------


def moment(at_ms: int | None, form: str = "datetime") -> Markup:
    """A time: in the viewer's zone with scripts; UTC on hover and without scripts."""
    if at_ms is None:
        return Markup("–")
    at = datetime.fromtimestamp(at_ms / 1000, timezone.utc)
    fraction = f".{at_ms % 1000:03}" if form == "precise" else ""
    utc = at.strftime(f"%Y-%m-%d %H:%M:%S{fraction} UTC")
    machine = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Markup('<time datetime="{}" title="{}" data-form="{}">{}</time>').format(machine, utc, form, utc)


def precise(at_ms: int | None) -> Markup:
    """A time with milliseconds."""
    return moment(at_ms, "precise")


def clock_time(at_ms: int | None) -> Markup:
    """The time of day only."""
    return moment(at_ms, "time")


def money(amount: Any, currency: Any = None) -> Markup:
    """An exact amount, formatted for the order's currency; a plain number without one."""
    if amount is None:
        return Markup("–")
    shown = show_amount(amount, currency)
    text = to_json(shown) if isinstance(shown, Decimal) else str(shown)
    if not isinstance(currency, str) or not currency:
        return Markup('<data class="money" value="{}">{}</data>').format(text, text)
    return Markup('<data class="money" value="{}" data-currency="{}">{} {}</data>').format(
        text, currency, text, currency
    )


def cut(text: Any, length: int = CUT_AT) -> Markup:
    """A text, shortened if long, with the full text on hover."""
    whole = str(text)
    if len(whole) <= length:
        return Markup("{}").format(whole)
    return Markup('<span class="cut" title="{}" tabindex="0">{}…</span>').format(
        bounded(whole, TITLE_MAX), whole[: length - 1]
    )


def marked(text: Any) -> Markup:
    """A text whose parts between backticks are code."""
    parts = bounded(str(text), TITLE_MAX).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 and index < len(parts) - 1 else Markup("{}").format(part)
        for index, part in enumerate(parts)
    )


def bounded(text: str, length: int = TEXT_MAX) -> str:
    """A text, shortened if very long, with the number of omitted characters."""
    return text if len(text) <= length else f"{text[:length]}… ({len(text) - length:,} more characters)"


def count(value: float | None) -> str:
    """A whole number for display."""
    return "–" if value is None else f"{value:,.0f}"


def number(value: float | None) -> str:
    """A number for display, with decimals only for small fractions."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 10 else f"{value:,.1f}"


def exact(value: float) -> str:
    """A count or an amount of money, as `orders status` shows it: with two decimals where there are any."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def plural(amount: int, noun: str) -> str:
    """1 order, 2 orders."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"
