"""SQL of the alarms' history, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudwatch.model import Alarm, HistoryItem
from onebox.storage.database import Storage

_HISTORY = "id, alarm_name, alarm_type, at_ms, item_type, summary, data"


class AlarmHistoryStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def record(self, alarm: Alarm, at_ms: int, item_type: str, summary: str, data: dict[str, Any]) -> None:
        self._storage.execute(
            "INSERT INTO cloudwatch_alarm_history"
            " (account, region, alarm_name, alarm_type, at_ms, item_type, summary, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                alarm.account,
                alarm.region,
                alarm.name,
                alarm.type,
                at_ms,
                item_type,
                summary,
                json.dumps(data, separators=(",", ":"), ensure_ascii=False),
            ),
        )

    def page(
        self,
        account: str,
        region: str,
        *,
        alarm_name: str | None,
        types: list[str],
        item_type: str | None,
        start_ms: int,
        end_ms: int,
        descending: bool,
        after: tuple[int, int] | None,
        limit: int,
    ) -> list[HistoryItem]:
        """History items by time, of one alarm or of all."""
        comparison, order = ("<", "DESC") if descending else (">", "ASC")
        place = after or ((1 << 62, 0) if descending else (-1, 0))
        whose, names = ("", ()) if alarm_name is None else (" AND alarm_name = ?", (alarm_name,))
        rows = self._storage.all(
            f"SELECT {_HISTORY} FROM cloudwatch_alarm_history WHERE account = ? AND region = ?{whose}"
            f" AND at_ms >= ? AND at_ms <= ? AND (at_ms, id) {comparison} (?, ?)"
            " AND (? IS NULL OR item_type = ?) AND instr(?, alarm_type)"
            f" ORDER BY at_ms {order}, id {order} LIMIT ?",
            (account, region, *names, start_ms, end_ms, *place, item_type, item_type, " ".join(types), limit),
        )
        return [HistoryItem(*row) for row in rows]

    def forget(self, before_ms: int, limit: int) -> None:
        self._storage.execute(
            "DELETE FROM cloudwatch_alarm_history WHERE id IN"
            " (SELECT id FROM cloudwatch_alarm_history WHERE at_ms < ? ORDER BY at_ms LIMIT ?)",
            (before_ms, limit),
        )
