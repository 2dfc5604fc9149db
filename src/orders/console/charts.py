"""Sparklines of the last hour, drawn on the server as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 120, 28


def spark(values: Sequence[float], label: str, tone: str = "") -> Markup:
    """The values as an area chart from zero to the maximum, oldest first; ``label`` names the series."""
    highest = max(values, default=0.0)
    top = f"highest {highest:,.0f} a minute" if highest else "nothing"
    points = _points(values, highest)
    area = f"0,{HEIGHT} {points} {WIDTH},{HEIGHT}"
    return Markup(
        '<svg class="spark {tone}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        'aria-label="{title}"><title>{title}</title><polygon points="{area}"/><polyline points="{points}"/></svg>'
    ).format(tone=tone, width=WIDTH, height=HEIGHT, title=f"{label}: {top}", area=area, points=points)


def _points(values: Sequence[float], highest: float) -> str:
    step = WIDTH / max(1, len(values) - 1)
    scale = (HEIGHT - 2) / highest if highest else 0.0
    return " ".join(f"{index * step:.1f},{HEIGHT - 1 - value * scale:.1f}" for index, value in enumerate(values))


def arrow(moving: bool, tone: str = "") -> Markup:
    """The arrow between two parts; it is animated while orders pass."""
    state = "moving" if moving else "still"
    return Markup(
        '<svg class="arrow {} {}" viewBox="0 0 40 16" aria-hidden="true">'
        '<line x1="0" y1="8" x2="32" y2="8"/><path d="M31 3 L39 8 L31 13 Z"/></svg>'
    ).format(state, tone)
