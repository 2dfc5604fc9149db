"""The report of ``make bench``: a figure for each server, as a table for people or as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.bench.spread import Spread

US = "onebox"


@dataclass(frozen=True)
class Figure:
    """One measured value of one server. ``digits`` are those behind the point."""

    part: str
    name: str
    server: str
    spread: Spread
    unit: str
    digits: int = 0
    is_rate: bool = False
    """Whether more is better, and the ratio to onebox is worth a word."""


@dataclass
class Report:
    """All figures of a run, and what they were measured with."""

    machine: dict[str, str]
    servers: dict[str, str]
    """Versions by name."""
    figures: list[Figure] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """A sentence for each part or server that could not be measured."""

    def find(self, part: str, name: str, server: str) -> Figure | None:
        """One figure."""
        wanted = (part, name, server)
        return next((one for one in self.figures if (one.part, one.name, one.server) == wanted), None)

    def table(self) -> str:
        """Markdown: a row for each figure, a column for each server."""
        servers = [name for name in self.servers if any(figure.server == name for figure in self.figures)]
        lines = [f"| | {' | '.join(f'{name} {self.servers[name]}'.strip() for name in servers)} |"]
        lines.append("| --- |" + " --- |" * len(servers))
        for part, name, unit in dict.fromkeys((one.part, one.name, one.unit) for one in self.figures):
            cells = [self._cell(part, name, server) for server in servers]
            lines.append(f"| {name}{f', {unit}' if unit else ''} | {' | '.join(cells)} |")
        return "\n".join([*lines, "", *self.ratios(), *self.left_out])

    def _cell(self, part: str, name: str, server: str) -> str:
        figure = self.find(part, name, server)
        return figure.spread.show(figure.digits) if figure else ""

    def ratios(self) -> list[str]:
        """How many times a peer's rate onebox has, a line for each."""
        lines = []
        for figure in self.figures:
            ours = self.find(figure.part, figure.name, US)
            if figure.is_rate and figure.server != US and ours is not None:
                times = ours.spread.median / figure.spread.median
                lines.append(f"{figure.name}: onebox has {times:.1f} x the rate of {figure.server}")
        return lines

    def as_json(self) -> dict[str, Any]:
        """The same as JSON shows it."""
        return {
            "machine": self.machine,
            "servers": self.servers,
            "figures": [
                {
                    "part": figure.part,
                    "name": figure.name,
                    "server": figure.server,
                    "unit": figure.unit,
                    **{name: round(value, 4) for name, value in figure.spread._asdict().items()},
                }
                for figure in self.figures
            ],
            "ratios": self.ratios(),
            "left_out": self.left_out,
        }
