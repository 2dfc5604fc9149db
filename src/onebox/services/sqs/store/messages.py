"""The rows of ``sqs_message``, ``sqs_body`` and ``sqs_backlog``: messages and the numbers that count them.

Every method works on whole batches: a statement costs more than a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from onebox.services.sqs.model import Counts, MovableMessage, State, StoredMessage
from onebox.services.sqs.rules import count_changes
from onebox.services.sqs.store.arrivals import Arrivals
from onebox.storage.database import Storage
from onebox.storage.packing import Packer

_MESSAGE_COLUMNS = (
    "m.id, m.receive_count, m.uncounted_receives, m.first_received_at_ms, b.message_id, b.body_md5,"
    " b.sent_at_ms, b.sender_id, b.attributes, b.attributes_md5, b.trace_header, b.group_id, b.dedup_id, "
    " b.sequence_number, b.dead_letter_source_arn, b.receive_count_on_arrival, m.arrived_at_ms,"
    " coalesce(b.packed, b.body)"
)
_IN_IDS = "IN (SELECT value FROM json_each(?))"


class MessageStatus(NamedTuple):
    """Where a message stands at this moment."""

    id: int
    state: int
    due_at_ms: int
    receive_count: int
    received_at_ms: int | None
    group_id: str | None


class MessageStore:
    """The messages of all backlogs."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._packer = Packer()
        self._arrivals = Arrivals()

    # -- counts ------------------------------------------------------------------------------------------------

    def load_counts(self, backlog_id: int) -> Counts:
        """How many messages a backlog has."""
        row = self._storage.first(
            "SELECT visible, in_flight, delayed FROM sqs_backlog WHERE backlog_id = ?", (backlog_id,)
        )
        assert row is not None, "a queue always has a backlog"
        return Counts(*row)

    def add_counts(self, backlog_id: int, visible: int = 0, in_flight: int = 0, delayed: int = 0) -> None:
        """Change a backlog's numbers by these."""
        self._storage.execute(
            "UPDATE sqs_backlog SET visible = visible + ?, in_flight = in_flight + ?, delayed = delayed + ?"
            " WHERE backlog_id = ?",
            (visible, in_flight, delayed, backlog_id),
        )

    # -- coming and going --------------------------------------------------------------------------------------

    def insert(
        self, backlog_id: int, messages: Sequence[StoredMessage], due_at_ms: Sequence[int], *, fifo: bool, awaited: bool
    ) -> None:
        """Store new messages, each with the end of its delay, 0 for none; the counts are the caller's. ``awaited``:
        somebody waits to receive them."""
        self._insert_states(backlog_id, messages, due_at_ms, fifo=fifo)
        self._storage.executemany(
            "INSERT INTO sqs_body (id, message_id, body, packed, body_md5, sent_at_ms, sender_id, attributes,"
            " attributes_md5, trace_header, group_id, dedup_id, sequence_number)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    message.id,
                    message.message_id,
                    *self._pack(message.body),
                    message.body_md5,
                    message.sent_at_ms,
                    message.sender_id,
                    message.attributes,
                    message.attributes_md5,
                    message.trace_header,
                    message.group_id,
                    message.dedup_id,
                    message.sequence_number,
                )
                for message in messages
            ],
        )
        if awaited:
            for message in messages:
                self._arrivals.add(message)

    def _insert_states(
        self, backlog_id: int, messages: Sequence[StoredMessage], due_at_ms: Sequence[int], *, fifo: bool
    ) -> None:
        """A statement for those that begin alike, most often all of them: it costs half of one for each."""
        alike: dict[tuple[int, str | None, int], list[int]] = {}
        for message, due in zip(messages, due_at_ms, strict=True):
            key = due, message.group_id if fifo else None, message.arrived_at_ms
            alike.setdefault(key, []).append(message.id)
        for (due, group_id, arrived_at_ms), ids in alike.items():
            state = State.DELAYED if due else State.VISIBLE
            self._storage.execute(
                "INSERT INTO sqs_message (id, backlog_id, state, due_at_ms, receive_count, arrived_at_ms, group_id)"
                " SELECT value, ?, ?, ?, 0, ?, ? FROM json_each(?)",
                (backlog_id, state.value, due, arrived_at_ms, group_id, _dump(ids)),
            )

    def _pack(self, body: str) -> tuple[str, bytes | None]:
        """The columns ``body`` and ``packed``: one of them holds the text."""
        text = body.encode()
        packed = self._packer.pack(text)
        return (body, None) if packed is text else ("", packed)

    def _read(self, rows: Iterable[tuple[Any, ...]]) -> list[StoredMessage]:
        """Rows of _MESSAGE_COLUMNS."""
        return [StoredMessage._make((*row[:-1], self._read_body(row[-1]))) for row in rows]

    def _read_body(self, stored: str | bytes) -> str:
        return stored if isinstance(stored, str) else self._packer.unpack(stored).decode()

    def delete(self, ids: Iterable[int]) -> None:
        """Remove messages; the counts are the caller's."""
        listed = _dump(ids)
        self._storage.execute(f"DELETE FROM sqs_message WHERE id {_IN_IDS}", (listed,))
        self._storage.execute(f"DELETE FROM sqs_body WHERE id {_IN_IDS}", (listed,))

    def remove(self, backlog_id: int, ids: Sequence[int]) -> list[tuple[int, int, str | None]]:
        """Remove those of the messages that this backlog has: row id, state and group of each. The counts are the
        caller's."""
        # The plus keeps SQLite from walking the whole backlog.
        removed: list[tuple[int, int, str | None]] = self._storage.all(
            f"DELETE FROM sqs_message WHERE id {_IN_IDS} AND +backlog_id = ? RETURNING id, state, group_id",
            (_dump(ids), backlog_id),
        )
        if removed:
            listed = _dump([row_id for row_id, _, _ in removed])
            self._storage.execute(f"DELETE FROM sqs_body WHERE id {_IN_IDS}", (listed,))
        return removed

    def move(self, old_id: int, new_id: int, backlog_id: int, now_ms: int) -> None:
        """Put a visible message at the end of another backlog; the counts are the caller's."""
        self._storage.execute(
            "UPDATE sqs_message SET id = ?, backlog_id = ?, state = 0, due_at_ms = 0, arrived_at_ms = ?,"
            " by_mapping = 0 WHERE id = ?",
            (new_id, backlog_id, now_ms, old_id),
        )

    def move_body_to_dead_letters(self, old_id: int, new_id: int, source_arn: str, receive_count: int) -> None:
        """The body of a message moved to a dead-letter queue: it remembers where it failed, and how often."""
        self._storage.execute(
            "UPDATE sqs_body SET id = ?, dead_letter_source_arn = ?, receive_count_on_arrival = ? WHERE id = ?",
            (new_id, source_arn, receive_count, old_id),
        )

    def move_body_as_new(
        self, old_id: int, new_id: int, message_id: str, sequence_number: str | None, now_ms: int
    ) -> None:
        """The body of a message moved by a move task: a new message with the old content."""
        self._storage.execute(
            "UPDATE sqs_body SET id = ?, message_id = ?, sequence_number = ?, sent_at_ms = ?,"
            " dead_letter_source_arn = NULL, receive_count_on_arrival = 0 WHERE id = ?",
            (new_id, message_id, sequence_number, now_ms, old_id),
        )
        self._storage.execute(
            "UPDATE sqs_message SET receive_count = 0, uncounted_receives = 0, first_received_at_ms = NULL"
            " WHERE id = ?",
            (new_id,),
        )

    # -- states ------------------------------------------------------------------------------------------------

    def find_ready(self, backlog_id: int, limit: int) -> list[StoredMessage]:
        """The first messages that may be handed out, in order of arrival."""
        rows = self._storage.all(
            "SELECT id FROM sqs_message WHERE backlog_id = ? AND state = 0 AND due_at_ms = 0 ORDER BY id LIMIT ?",
            (backlog_id, limit),
        )
        return self.find_messages([row_id for (row_id,) in rows])

    def find_messages(self, ids: Collection[int]) -> list[StoredMessage]:
        """Messages by row id, in order of arrival. These messages are there."""
        found = self._arrivals.take(ids)
        if len(found) < len(ids):
            rows = self._storage.execute(
                f"SELECT {_MESSAGE_COLUMNS} FROM sqs_message m JOIN sqs_body b ON b.id = m.id WHERE m.id {_IN_IDS}",
                (_dump([row_id for row_id in ids if row_id not in found]),),
            )
            found.update((message.id, message) for message in self._read(rows))
        return [found[row_id] for row_id in sorted(found)]

    def find_statuses(self, backlog_id: int, ids: Iterable[int]) -> dict[int, MessageStatus]:
        """Where messages of this backlog stand; those that are gone are left out."""
        rows = self._storage.execute(
            "SELECT id, state, due_at_ms, receive_count, received_at_ms, group_id, backlog_id FROM sqs_message"
            f" WHERE id {_IN_IDS}",
            (_dump(ids),),
        )
        return {row[0]: MessageStatus(*row[:6]) for row in rows if row[6] == backlog_id}

    def load_age(self, message_row_id: int) -> tuple[int, int]:
        """When a message that is there was sent, and when it arrived in its backlog."""
        row = self._storage.first(
            "SELECT b.sent_at_ms, m.arrived_at_ms FROM sqs_message m JOIN sqs_body b USING (id) WHERE m.id = ?",
            (message_row_id,),
        )
        assert row is not None
        return row[0], row[1]

    def find_due(self, backlog_id: int, now_ms: int, limit: int) -> list[tuple[int, int, str | None]]:
        """In-flight and delayed messages whose time has come: id, state, group."""
        return self._storage.all(
            "SELECT id, state, group_id FROM sqs_message WHERE backlog_id = ? AND state IN (2, 3)"
            " AND due_at_ms <= ? LIMIT ?",
            (backlog_id, now_ms, limit),
        )

    def find_next_due(self, backlog_id: int, after_ms: int) -> int | None:
        """When the next in-flight or delayed message becomes visible, after ``after_ms``."""
        row = self._storage.first(
            "SELECT min(due) FROM ("
            " SELECT min(due_at_ms) AS due FROM sqs_message WHERE backlog_id = ?1 AND state = 2 AND due_at_ms > ?2"
            " UNION ALL"
            " SELECT min(due_at_ms) FROM sqs_message WHERE backlog_id = ?1 AND state = 3 AND due_at_ms > ?2)",
            (backlog_id, after_ms),
        )
        return None if row is None else row[0]

    def has_visible(self, backlog_id: int, now_ms: int) -> bool:
        """Whether a message is visible, or would be if its timeout or delay that has ended were looked at."""
        row = self._storage.first(
            "SELECT EXISTS (SELECT 1 FROM sqs_message WHERE backlog_id = ?1 AND state = 0)"
            " OR EXISTS (SELECT 1 FROM sqs_message WHERE backlog_id = ?1 AND state = 2 AND due_at_ms <= ?2)"
            " OR EXISTS (SELECT 1 FROM sqs_message WHERE backlog_id = ?1 AND state = 3 AND due_at_ms <= ?2)",
            (backlog_id, now_ms),
        )
        return bool(row and row[0])

    def set_state(self, ids: Iterable[int], state: State, due_at_ms: int = 0) -> None:
        """Change the state of messages; the counts are the caller's."""
        self._storage.execute(
            f"UPDATE sqs_message SET state = ?, due_at_ms = ? WHERE id {_IN_IDS}",
            (int(state), due_at_ms, _dump(ids)),
        )

    def mark_received(self, ids: Iterable[int], now_ms: int, due_at_ms: int, *, by_mapping: bool) -> None:
        """Count a receive: the messages are in flight until ``due_at_ms``."""
        self._storage.execute(
            "UPDATE sqs_message SET state = 2, due_at_ms = ?1, receive_count = receive_count + 1,"
            " received_at_ms = ?2, first_received_at_ms = coalesce(first_received_at_ms, ?2), by_mapping = ?4"
            " WHERE id IN (SELECT value FROM json_each(?3))",
            (due_at_ms, now_ms, _dump(ids), by_mapping),
        )

    # -- receives by event source mappings -----------------------------------------------------------------------

    def end_mapping_receive(self, ids: Iterable[int]) -> None:
        """The attempts of these messages have ended, and count."""
        self._storage.execute(f"UPDATE sqs_message SET by_mapping = 0 WHERE id {_IN_IDS}", (_dump(ids),))

    def find_with_mapping(self, backlog_id: int, limit: int) -> list[tuple[int, str | None]]:
        """Messages in flight that a mapping received and whose attempt has not ended: row id, group."""
        return self._storage.all(
            "SELECT id, group_id FROM sqs_message WHERE backlog_id = ? AND state = 2 AND by_mapping = 1 LIMIT ?",
            (backlog_id, limit),
        )

    def uncount_receives(self, ids: Iterable[int]) -> None:
        """The last receive of these messages was no attempt."""
        self._storage.execute(
            f"UPDATE sqs_message SET uncounted_receives = uncounted_receives + 1, by_mapping = 0 WHERE id {_IN_IDS}",
            (_dump(ids),),
        )

    # -- background --------------------------------------------------------------------------------------------

    def find_movable(self, backlog_id: int, up_to_id: int, limit: int) -> tuple[list[MovableMessage], bool]:
        """The oldest visible messages, up to a row id; fewer than ``limit`` where their texts are long
        (``rules.count_changes``). And whether these are all."""
        rows = self._storage.execute(
            "SELECT m.id, b.group_id, b.dead_letter_source_arn,"
            " octet_length(b.body) + coalesce(octet_length(b.packed), 0)"
            " FROM sqs_message m JOIN sqs_body b ON b.id = m.id"
            " WHERE m.backlog_id = ? AND m.state = 0 AND m.due_at_ms = 0 AND m.id <= ? ORDER BY m.id",
            (backlog_id, up_to_id),
        )
        found: list[MovableMessage] = []
        changes = 0
        for row_id, group_id, source_arn, size_bytes in rows:
            if changes >= limit:
                rows.close(force=True)
                return found, False
            found.append(MovableMessage(row_id, group_id, source_arn))
            changes += count_changes(size_bytes)
        return found, True

    def find_oldest_visible(self, backlog_id: int, limit: int) -> list[tuple[int, int, int, str | None]]:
        """The first visible messages: id, sent_at_ms, arrived_at_ms, group."""
        return self._storage.all(
            "SELECT m.id, b.sent_at_ms, m.arrived_at_ms, m.group_id FROM sqs_message m"
            " JOIN sqs_body b ON b.id = m.id WHERE m.backlog_id = ? AND m.state = 0"
            " ORDER BY m.due_at_ms, m.id LIMIT ?",
            (backlog_id, limit),
        )

    def find_oldest_arrival(self, backlog_id: int) -> int | None:
        """When the oldest message came, looking at the first of each state only."""
        rows = self._storage.all(
            " UNION ALL ".join(
                "SELECT arrived_at_ms FROM (SELECT arrived_at_ms FROM sqs_message WHERE backlog_id = ?1"
                f" AND state = {int(state)} ORDER BY due_at_ms, id LIMIT 1)"
                for state in State
            ),
            (backlog_id,),
        )
        return min((row[0] for row in rows), default=None)

    def sweep_abandoned(self, limit: int) -> int:
        """Remove some messages of abandoned backlogs, and those backlogs when empty. How many were removed."""
        row = self._storage.first(
            "SELECT backlog_id FROM sqs_backlog WHERE queue_id IS NULL ORDER BY backlog_id LIMIT 1"
        )
        if row is None:
            return 0
        ids = [
            r[0]
            for r in self._storage.execute("SELECT id FROM sqs_message WHERE backlog_id = ? LIMIT ?", (row[0], limit))
        ]
        if ids:
            self.delete(ids)
        self._storage.execute(
            "DELETE FROM sqs_message_group WHERE (backlog_id, group_id) IN"
            " (SELECT backlog_id, group_id FROM sqs_message_group WHERE backlog_id = ? LIMIT ?)",
            (row[0], limit),
        )
        if len(ids) < limit and self._storage.changes() < limit:
            self._storage.execute("DELETE FROM sqs_backlog WHERE backlog_id = ?", (row[0],))
        return max(1, len(ids))


def _dump(ids: Iterable[int]) -> str:
    return orjson.dumps(list(ids)).decode()
