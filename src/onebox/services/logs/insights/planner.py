"""From commands to a pipeline, and from its rows to results. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from onebox.services.logs.insights.aggregates import compile_aggregate
from onebox.services.logs.insights.captures import compile_regex, glob_captures, regex_captures
from onebox.services.logs.insights.expressions import compile_expression
from onebox.services.logs.insights.nodes import (
    Command,
    Dedup,
    Field,
    Fields,
    Filter,
    Limit,
    Parse,
    Regex,
    Sort,
    Stats,
)
from onebox.services.logs.insights.parser import LIMIT_MAX, parse_query
from onebox.services.logs.insights.row import Row
from onebox.services.logs.insights.stages import (
    DedupStage,
    FieldsStage,
    FilterStage,
    LimitStage,
    ParseStage,
    SortStage,
    Stage,
    StatsStage,
)
from onebox.services.logs.insights.values import to_text

ResultRow = list[dict[str, str]]
DEFAULT_COLUMNS = ("@timestamp", "@message")


class Plan:
    """A pipeline for one run. Rows go in newest first; results come out in the order asked for."""

    def __init__(self, stages: Sequence[Stage], columns: Sequence[str], *, shows_pointer: bool) -> None:
        self._stages = stages
        self._columns = columns
        self._shows_pointer = shows_pointer
        self.matched = 0
        """Rows that passed the filters before the first stage that holds rows back."""
        self._streaming = next(
            (number for number, stage in enumerate(stages) if isinstance(stage, (StatsStage, SortStage, LimitStage))),
            len(stages),
        )

    @property
    def is_full(self) -> bool:
        """Whether further rows cannot change the result."""
        return any(stage.is_full for stage in self._stages[: self._first_blocking()])

    def feed(self, row: Row) -> Iterable[ResultRow]:
        """The results that are known once this row has come."""
        return [self._shown(left) for left in self._push([row], 0)]

    def finish(self) -> Iterable[ResultRow]:
        """The results that are known once all rows have come."""
        for number, stage in enumerate(self._stages):
            for left in self._push(list(stage.finish()), number + 1):
                yield self._shown(left)

    def _first_blocking(self) -> int:
        blocking = (n for n, stage in enumerate(self._stages) if isinstance(stage, (StatsStage, SortStage)))
        return next(blocking, len(self._stages))

    def _push(self, rows: Sequence[Row], start: int) -> Sequence[Row]:
        for number in range(start, len(self._stages)):
            if number == self._streaming:
                self.matched += len(rows)
            rows = [left for row in rows for left in self._stages[number].feed(row)]
            if not rows:
                return rows
        if self._streaming == len(self._stages):
            self.matched += len(rows)
        return rows

    def _shown(self, row: Row) -> ResultRow:
        shown = [
            {"field": name, "value": to_text(value)} for name in self._columns if (value := row.get(name)) is not None
        ]
        if self._shows_pointer:
            shown.append({"field": "@ptr", "value": to_text(row.get("@ptr"))})
        return shown


def make_plan(text: str, limit: int | None, now_ms: int) -> Plan:
    """The plan of a query. Raises QueryError."""
    commands = parse_query(text)
    limits = [command.count for command in commands if isinstance(command, Limit)]
    shown_max = min([limit or LIMIT_MAX, *limits])
    stages: list[Stage] = []
    columns: list[str] = []
    has_stats = False
    for command in commands:
        stages.append(_make_stage(command, now_ms))
        if isinstance(command, Stats):
            has_stats = True
            columns = [column.name for column in (*command.groups, *command.aggregates)]
        elif isinstance(command, Fields):
            names = [column.name for column in command.columns]
            columns = names if command.replaces else [*columns, *(name for name in names if name not in columns)]
        elif isinstance(command, Parse):
            columns.extend(name for name in _parsed_names(command) if name not in columns)
    if not any(isinstance(command, (Fields, Stats)) for command in commands):
        columns = [*DEFAULT_COLUMNS, *(name for name in columns if name not in DEFAULT_COLUMNS)]
    stages.append(LimitStage(shown_max))
    return Plan(stages, columns, shows_pointer=not has_stats)


def _make_stage(command: Command, now_ms: int) -> Stage:
    match command:
        case Fields(columns, _):
            computed = [column for column in columns if column.expression != Field(column.name)]
            return FieldsStage([(column.name, compile_expression(column.expression, now_ms)) for column in computed])
        case Filter(condition):
            return FilterStage(compile_expression(condition, now_ms))
        case Stats(aggregates, groups):
            return StatsStage(
                [(column.name, compile_aggregate(column.expression, now_ms)) for column in aggregates],
                [(column.name, compile_expression(column.expression, now_ms)) for column in groups],
            )
        case Sort(keys):
            return SortStage([(compile_expression(key, now_ms), descending) for key, descending in keys], LIMIT_MAX)
        case Limit(count):
            return LimitStage(count)
        case Parse(source, Regex(text), names):
            return ParseStage(compile_expression(source, now_ms), regex_captures(compile_regex(text), names))
        case Parse(source, pattern, names):
            return ParseStage(compile_expression(source, now_ms), glob_captures(str(pattern), names))
        case Dedup(columns):
            return DedupStage([compile_expression(expression, now_ms) for expression in columns])


def _parsed_names(command: Parse) -> Sequence[str]:
    if isinstance(command.pattern, Regex):
        return tuple(compile_regex(command.pattern.text).groupindex) or command.names
    return command.names
