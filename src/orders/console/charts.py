"""Sparklines of the last hour, drawn on the server as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 120, 28


def spark(values: Sequence[float | None], label: str, tone: str = "") -> Markup:
    """The values as an area chart from zero to the maximum, oldest first; None leaves a gap."""
    highest = max((value for value in values if value is not None), default=0.0)
    top = f"highest {highest:,.0f} a minute" if highest else "nothing"
    shapes = Markup("").join(_shape(run) for run in _runs(values, highest))
    return Markup(
        '<svg class="spark {tone}" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        'aria-label="{title}"><title>{title}</title>{shapes}</svg>'
    ).format(tone=tone, width=WIDTH, height=HEIGHT, title=f"{label}: {top}", shapes=shapes)


def _runs(values: Sequence[float | None], highest: float) -> list[list[tuple[float, float]]]:
    """The points of each stretch without a gap."""
    step = WIDTH / max(1, len(values) - 1)
    scale = (HEIGHT - 2) / highest if highest else 0.0
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(values):
        if value is not None:
            runs[-1].append((index * step, HEIGHT - 1 - value * scale))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _shape(run: list[tuple[float, float]]) -> Markup:
    if len(run) == 1:  # a point has no length, and at the edge no room
        x, y = min(run[0][0], WIDTH - 2), run[0][1]
        run = [(x, y), (x + 2, y)]
    left, right = run[0][0], run[-1][0]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
    area = f"{left:.1f},{HEIGHT} {line} {right:.1f},{HEIGHT}"
    return Markup('<polygon points="{}"/><polyline points="{}"/>').format(area, line)


def arrow(moving: bool, tone: str = "") -> Markup:
    """The arrow between two parts; it is animated while orders pass."""
    state = "moving" if moving else "still"
    return Markup(
        '<svg class="arrow {} {}" viewBox="0 0 40 16" aria-hidden="true">'
        '<line x1="0" y1="8" x2="32" y2="8"/><path d="M31 3 L39 8 L31 13 Z"/></svg>'
    ).format(state, tone)
