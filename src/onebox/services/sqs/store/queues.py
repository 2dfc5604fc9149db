"""The rows of ``sqs_queue``: finding a queue costs no look-up while nobody changes it.

A parsed queue is kept in memory under its revision. A revision names one content for ever, so neither a rollback nor
another job of the group can make what is kept wrong: in the group that changes a queue it is used only while the row
still says that revision. From the next group on the row is what the end of that group has left, and is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import orjson

from onebox.arn import find_arn, make_arn, partition_of
from onebox.services.iam.policy import compile_policy
from onebox.services.sqs.attributes import FIFO_SUFFIX, complete
from onebox.services.sqs.limits import SECOND_MS
from onebox.services.sqs.model import Queue
from onebox.services.sqs.redrive_policy import ALLOW_ALL, parse_redrive_allow_policy, parse_redrive_policy
from onebox.services.sqs.store.row_ids import RowIds
from onebox.storage.database import Row, Storage

_Key = tuple[str, str, str]
"""Account, region and name."""
_KEPT_MAX = 10_000
_COLUMNS = (
    "account, region, name, queue_id, backlog_id, revision, created_at_ms, modified_at_ms, purged_at_ms,"
    " attributes, tags, scope_changed_at_ms"
)


class QueueStore:
    """Queues by account, region and name."""

    def __init__(self, storage: Storage, ids: RowIds) -> None:
        self._storage = storage
        self._ids = ids
        self._kept: dict[_Key, Queue] = {}
        self._settled: dict[_Key, Queue] = {}
        """Of those that are kept, the ones whose row need not be asked."""
        self._settled_arns: dict[str, Queue] = {}
        """The same, by ARN."""
        self._changed: set[_Key] = set()
        """The queues that were changed in the storage's group ``_changed_in``."""
        self._changed_in = -1

    def find(self, account: str, region: str, name: str) -> Queue | None:
        """The queue of that name, or None."""
        key = (account, region, name)
        queue = self._settled.get(key)
        if queue is None:
            queue = self._find_revision(key)
            if queue is not None and (key not in self._changed or self._changed_in < self._storage.group):
                self._settled[key] = self._settled_arns[queue.arn] = queue
        return queue

    def _find_revision(self, key: _Key) -> Queue | None:
        row = self._storage.first("SELECT revision FROM sqs_queue WHERE account = ? AND region = ? AND name = ?", key)
        if row is None:
            return None
        kept = self._kept.get(key)
        if kept is not None and kept.revision == row[0]:
            return kept
        full = self._storage.first(
            f"SELECT {_COLUMNS} FROM sqs_queue WHERE account = ? AND region = ? AND name = ?", key
        )
        assert full is not None, "the row was there a moment ago, and nothing runs in between"
        return self._keep(key, _make_queue(full))

    def find_by_arn(self, arn: str) -> Queue | None:
        """The queue of that ARN, or None."""
        queue = self._settled_arns.get(arn)
        if queue is not None:
            return queue
        parts = find_arn(arn)
        if parts is None or parts.service != "sqs" or parts.partition != partition_of(parts.region):
            return None
        return self.find(parts.account, parts.region, parts.resource)

    def list_names(self, account: str, region: str, prefix: str, after: str, limit: int) -> list[str]:
        """Names in alphabetical order that start with ``prefix`` and come after ``after``."""
        rows = self._storage.all(
            "SELECT name FROM sqs_queue WHERE account = ? AND region = ? AND name > ? AND name >= ?"
            # Names are ASCII without "~", so this bound ends the walk where the prefix ends.
            " AND name < ? || '~' ORDER BY name LIMIT ?",
            (account, region, after, prefix, prefix, limit),
        )
        return [row[0] for row in rows]

    def list_sources(self, dead_letter_arn: str, after: str, limit: int) -> list[str]:
        """Names of the queues whose dead-letter queue is ``dead_letter_arn``, in alphabetical order."""
        rows = self._storage.all(
            "SELECT name FROM sqs_queue WHERE dead_letter_arn = ? AND name > ? ORDER BY name LIMIT ?",
            (dead_letter_arn, after, limit),
        )
        return [row[0] for row in rows]

    def all(self) -> Iterable[Queue]:
        """Every queue there is, for the background work that looks after all of them."""
        for key in self.list_keys():
            queue = self.find(*key)
            if queue is not None:
                yield queue

    def list_keys(self) -> list[tuple[str, str, str]]:
        """Account, region and name of every queue."""
        return self._storage.all("SELECT account, region, name FROM sqs_queue")

    def insert(
        self,
        account: str,
        region: str,
        name: str,
        attributes: Mapping[str, str],
        tags: Mapping[str, str],
        now_ms: int,
    ) -> None:
        """Make a queue with an empty backlog."""
        self._note_change((account, region, name))
        queue_id, backlog_id, revision = self._ids.take(3, now_ms)
        self._storage.execute(
            "INSERT INTO sqs_queue (account, region, name, queue_id, backlog_id, revision, created_at_ms,"
            " modified_at_ms, attributes, tags, dead_letter_arn) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                account,
                region,
                name,
                queue_id,
                backlog_id,
                revision,
                now_ms,
                now_ms,
                _dump(attributes),
                _dump(tags),
                _dead_letter_arn(attributes),
            ),
        )
        self._add_backlog(backlog_id, queue_id)

    def set_attributes(self, queue: Queue, attributes: Mapping[str, str], now_ms: int) -> None:
        """Replace a queue's attributes."""
        self._note_change(_key_of(queue))
        scope_changed = attributes.get("DeduplicationScope") != queue.attributes.get("DeduplicationScope")
        self._storage.execute(
            "UPDATE sqs_queue SET attributes = ?, dead_letter_arn = ?, scope_changed_at_ms = ?, modified_at_ms = ?,"
            " revision = ? WHERE queue_id = ?",
            (
                _dump(attributes),
                _dead_letter_arn(attributes),
                now_ms if scope_changed else queue.scope_changed_at_ms,
                now_ms,
                self._ids.next(now_ms),
                queue.queue_id,
            ),
        )

    def set_tags(self, queue: Queue, tags: Mapping[str, str], now_ms: int) -> None:
        """Replace a queue's tags."""
        self._note_change(_key_of(queue))
        self._storage.execute(
            "UPDATE sqs_queue SET tags = ?, revision = ? WHERE queue_id = ?",
            (_dump(tags), self._ids.next(now_ms), queue.queue_id),
        )

    def purge(self, queue: Queue, now_ms: int) -> Queue:
        """Give a queue an empty backlog; the old one is the sweeper's. Returns the queue as it is now."""
        self._note_change(_key_of(queue))
        backlog_id, revision = self._ids.take(2, now_ms)
        self._storage.execute(
            "UPDATE sqs_queue SET backlog_id = ?, revision = ?, purged_at_ms = ? WHERE queue_id = ?",
            (backlog_id, revision, now_ms, queue.queue_id),
        )
        self._abandon_backlog(queue)
        self._add_backlog(backlog_id, queue.queue_id)
        return replace(queue, backlog_id=backlog_id, revision=revision, purged_at_ms=now_ms)

    def delete(self, queue: Queue) -> None:
        """Remove a queue; its messages are the sweeper's."""
        self._note_change(_key_of(queue))
        self._storage.execute("DELETE FROM sqs_queue WHERE queue_id = ?", (queue.queue_id,))
        self._abandon_backlog(queue)

    def _add_backlog(self, backlog_id: int, queue_id: int) -> None:
        self._storage.execute("INSERT INTO sqs_backlog (backlog_id, queue_id) VALUES (?, ?)", (backlog_id, queue_id))

    def _abandon_backlog(self, queue: Queue) -> None:
        self._storage.execute("UPDATE sqs_backlog SET queue_id = NULL WHERE backlog_id = ?", (queue.backlog_id,))

    def _note_change(self, key: _Key) -> None:
        """The queue is being changed in the current job, which may be undone."""
        settled = self._settled.pop(key, None)
        if settled is not None:
            del self._settled_arns[settled.arn]
        if self._changed_in != self._storage.group:
            self._changed_in = self._storage.group
            self._changed.clear()
        self._changed.add(key)

    def _keep(self, key: _Key, queue: Queue) -> Queue:
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()
            self._settled.clear()
            self._settled_arns.clear()
        self._kept[key] = queue
        return queue


def _key_of(queue: Queue) -> _Key:
    return queue.account, queue.region, queue.name


def _make_queue(row: Row) -> Queue:
    account, region, name, queue_id, backlog_id, revision, created_at_ms, modified_at_ms, purged_at_ms = row[:9]
    attributes: dict[str, str] = orjson.loads(row[9])
    is_fifo = name.endswith(FIFO_SUFFIX)
    full = complete(attributes, is_fifo)
    redrive, redrive_allow = full.get("RedrivePolicy"), full.get("RedriveAllowPolicy")
    return Queue(
        account=account,
        region=region,
        name=name,
        arn=make_arn("sqs", region, account, name),
        queue_id=queue_id,
        backlog_id=backlog_id,
        revision=revision,
        created_at_ms=created_at_ms,
        modified_at_ms=modified_at_ms,
        purged_at_ms=purged_at_ms,
        attributes=attributes,
        tags=orjson.loads(row[10]),
        is_fifo=is_fifo,
        visibility_timeout_ms=int(full["VisibilityTimeout"]) * SECOND_MS,
        delay_ms=int(full["DelaySeconds"]) * SECOND_MS,
        wait_ms=int(full["ReceiveMessageWaitTimeSeconds"]) * SECOND_MS,
        retention_ms=int(full["MessageRetentionPeriod"]) * SECOND_MS,
        message_bytes_max=int(full["MaximumMessageSize"]),
        deduplicates_by_content=full.get("ContentBasedDeduplication") == "true",
        deduplicates_by_group=full.get("DeduplicationScope") == "messageGroup",
        scope_changed_at_ms=row[11],
        redrive=parse_redrive_policy(redrive) if redrive else None,
        redrive_allow=parse_redrive_allow_policy(redrive_allow) if redrive_allow else ALLOW_ALL,
        policy=compile_policy(full["Policy"]) if "Policy" in full else (),
        dimensions=(("QueueName", name),),
    )


def _dead_letter_arn(attributes: Mapping[str, str]) -> str | None:
    text = attributes.get("RedrivePolicy")
    return parse_redrive_policy(text).dead_letter_arn if text else None


def _dump(values: Mapping[str, str]) -> str:
    return orjson.dumps(dict(values)).decode()
