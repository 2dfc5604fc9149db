"""What a request consumed, per table and index: for ReturnConsumedCapacity and for the metrics.

Promises: the units of AWS's formulas; counted exactly, never limited.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.limits import READ_UNIT_BYTES, WRITE_UNIT_BYTES
from onebox.services.dynamodb.model import LOCAL, Index, Table

NAMESPACE = "AWS/DynamoDB"


def write_units(size_bytes: int) -> int:
    """Units of a standard write."""
    return max(1, -(-size_bytes // WRITE_UNIT_BYTES))


def read_units(size_bytes: int, *, consistent: bool) -> float:
    """Units of a read; half as many if it is eventually consistent."""
    units = max(1, -(-size_bytes // READ_UNIT_BYTES))
    return units if consistent else units / 2


class Usage:
    """One table's share."""

    __slots__ = ("index_reads", "index_writes", "reads", "table", "writes")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.reads = 0.0
        self.writes = 0.0
        self.index_reads: dict[Index, float] = {}
        self.index_writes: dict[Index, float] = {}

    @property
    def all_reads(self) -> float:
        return self.reads + sum(self.index_reads.values()) if self.index_reads else self.reads

    @property
    def all_writes(self) -> float:
        return self.writes + sum(self.index_writes.values()) if self.index_writes else self.writes


class Meter:
    """Adds up what one request consumes. ``factor`` is 2 in transactions, which read and write everything twice."""

    __slots__ = ("_factor", "_usages")

    def __init__(self, factor: int = 1) -> None:
        self._factor = factor
        self._usages: dict[int, Usage] = {}

    def usage(self, table: Table) -> Usage:
        """The share of a table."""
        usage = self._usages.get(table.table_id)
        if usage is None:
            usage = self._usages[table.table_id] = Usage(table)
        return usage

    def read(self, table: Table, units: float, index: Index | None = None) -> None:
        usage = self.usage(table)
        if index is None:
            usage.reads += units * self._factor
        else:
            usage.index_reads[index] = usage.index_reads.get(index, 0) + units * self._factor

    def write(self, table: Table, units: float, index: Index | None = None) -> None:
        usage = self.usage(table)
        if index is None:
            usage.writes += units * self._factor
        else:
            usage.index_writes[index] = usage.index_writes.get(index, 0) + units * self._factor

    def record(self, metrics: MetricBuffer, context: RequestContext) -> None:
        """Hand the units to the metrics."""
        for usage in self._usages.values():
            dimensions = (("TableName", usage.table.name),)
            for name, units in (
                ("ConsumedReadCapacityUnits", usage.all_reads),
                ("ConsumedWriteCapacityUnits", usage.all_writes),
            ):
                if units:
                    metrics.add(
                        account=context.account,
                        region=context.region,
                        namespace=NAMESPACE,
                        name=name,
                        dimensions=dimensions,
                        value=units,
                        unit="Count",
                        now_ms=context.now_ms,
                    )

    def reports(self, mode: str, *, split: bool = False) -> list[Wire]:
        """ConsumedCapacity of each table. ``split`` tells reads from writes, as transactions do."""
        return [_report(usage, mode, split) for usage in self._usages.values()]

    def add_to(self, answer: Wire, request: Wire) -> Wire:
        """Put ConsumedCapacity into the answer of a request on one table, if it asked for it."""
        mode = request.get("ReturnConsumedCapacity", "NONE")
        if mode != "NONE":
            for report in self.reports(mode):
                answer["ConsumedCapacity"] = report
        return answer

    def add_list_to(self, answer: Wire, request: Wire, *, split: bool = False) -> Wire:
        """The same for requests that may touch several tables."""
        mode = request.get("ReturnConsumedCapacity", "NONE")
        if mode != "NONE":
            answer["ConsumedCapacity"] = self.reports(mode, split=split)
        return answer


def _report(usage: Usage, mode: str, split: bool) -> Wire:
    report: Wire = {"TableName": usage.table.name, **_units(usage.all_reads, usage.all_writes, split)}
    if mode == "INDEXES":
        report["Table"] = _units(usage.reads, usage.writes, split)
        for member, scope in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
            indexes = [
                index for index in {**usage.index_reads, **usage.index_writes} if (index.scope == LOCAL) is scope
            ]
            if indexes:
                report[member] = {
                    index.name: _units(usage.index_reads.get(index, 0), usage.index_writes.get(index, 0), split)
                    for index in indexes
                }
    return report


def _units(reads: float, writes: float, split: bool) -> Wire:
    units: Wire = {"CapacityUnits": float(reads + writes)}
    if split and writes:
        units["WriteCapacityUnits"] = float(writes)
    if split and reads:
        units["ReadCapacityUnits"] = float(reads)
    return units
