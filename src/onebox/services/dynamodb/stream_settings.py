"""Enabling and disabling the stream of a table.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_StreamSpecification.html
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.dynamodb.core import Core
from onebox.services.dynamodb.errors import invalid_values
from onebox.services.dynamodb.model import Table

_SHARD_SUFFIX_DIGITS = 8


def check_specification(specification: Wire | None) -> None:
    """Refuse a StreamSpecification that contradicts itself."""
    if specification is None:
        return
    if specification["StreamEnabled"] and "StreamViewType" not in specification:
        raise invalid_values("StreamViewType must be specified when StreamEnabled is true")
    if not specification["StreamEnabled"] and "StreamViewType" in specification:
        raise invalid_values("StreamViewType must not be specified when StreamEnabled is false")


def enable_stream(core: Core, context: RequestContext, table: Table, view_type: str) -> None:
    """Give a table a new stream. Raises ValidationException if it has an enabled one."""
    if table.stream is not None:
        raise ValidationException(f"Table already has an enabled stream: TableName: {table.name}")
    shard = f"shardId-{context.now_ms:020d}-{core.deps.ids.hex(_SHARD_SUFFIX_DIGITS)}"
    core.table_cache.forget(table.key_name)
    core.streams.insert(
        table,
        label=_free_label(core, table, context.now_ms),
        view_type=view_type,
        shard_id=shard,
        now_ms=context.now_ms,
    )


def disable_stream(core: Core, context: RequestContext, table: Table) -> None:
    """Close the stream of a table, which stays readable for 24 hours. Raises ValidationException if it has none."""
    if table.stream is None:
        raise ValidationException(f"Table has no stream to disable: TableName: {table.name}")
    core.table_cache.forget(table.key_name)
    core.streams.disable(table.stream, context.now_ms)
    core.changes.wake_after_commit(table.stream.stream_id)


def _free_label(core: Core, table: Table, now_ms: int) -> str:
    """The time of creation; a millisecond later while another stream of the table has that label."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=now_ms)
    while True:
        label = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}"
        if core.streams.find(*table.key_name, label) is None:
            return label
        moment += timedelta(milliseconds=1)
