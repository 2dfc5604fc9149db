"""SQL of alarms, and nothing else."""

from __future__ import annotations

import json

from onebox.services.cloudwatch.model import Alarm
from onebox.services.cloudwatch.store.ranges import NAME_MAX
from onebox.storage.database import Row, Storage

_FIELDS = tuple(Alarm.__slots__)
_ALARM = ", ".join(_FIELDS)


class AlarmStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, account: str, region: str, name: str) -> Alarm | None:
        row = self._storage.first(
            f"SELECT {_ALARM} FROM cloudwatch_alarm WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else _alarm(row)

    def page_by_id(self, after_id: int, limit: int) -> list[Alarm]:
        """Alarms of all accounts and regions in the order of their creation, for evaluation."""
        rows = self._storage.all(
            f"SELECT {_ALARM} FROM cloudwatch_alarm WHERE id > ? ORDER BY id LIMIT ?", (after_id, limit)
        )
        return [_alarm(row) for row in rows]

    def page(
        self, account: str, region: str, *, types: list[str], prefix: str, state: str | None, after: str, limit: int
    ) -> list[Alarm]:
        """Alarms by name."""
        rows = self._storage.all(
            f"SELECT {_ALARM} FROM cloudwatch_alarm WHERE account = ? AND region = ? AND name > ? AND name >= ?"
            " AND name < ? AND (? IS NULL OR state = ?) AND instr(?, type) ORDER BY name LIMIT ?",
            (account, region, after, prefix, prefix + NAME_MAX, state, state, " ".join(types), limit),
        )
        return [_alarm(row) for row in rows]

    def composites(self, account: str, region: str) -> list[Alarm]:
        rows = self._storage.all(
            f"SELECT {_ALARM} FROM cloudwatch_alarm WHERE account = ? AND region = ? AND type = 'CompositeAlarm'",
            (account, region),
        )
        return [_alarm(row) for row in rows]

    def on_metric(self, account: str, region: str, namespace: str, metric_name: str) -> list[Alarm]:
        """Alarms on one metric of this name, whatever its dimensions."""
        rows = self._storage.all(
            f"SELECT {_ALARM} FROM cloudwatch_alarm WHERE account = ? AND region = ?"
            " AND configuration ->> 'Namespace' = ? AND configuration ->> 'MetricName' = ? ORDER BY name",
            (account, region, namespace, metric_name),
        )
        return [_alarm(row) for row in rows]

    def put(self, alarm: Alarm) -> None:
        """Insert the alarm, or replace the configuration of the one with its name and leave its state."""
        self._storage.execute(
            "INSERT INTO cloudwatch_alarm (account, region, name, type, configuration, actions_enabled,"
            " configured_at_ms, state, reason, reason_data, state_updated_at_ms, state_transitioned_at_ms,"
            " endpoint_url) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (account, region, name) DO UPDATE SET configuration = excluded.configuration,"
            " actions_enabled = excluded.actions_enabled, configured_at_ms = excluded.configured_at_ms,"
            " endpoint_url = excluded.endpoint_url",
            (
                alarm.account,
                alarm.region,
                alarm.name,
                alarm.type,
                json.dumps(alarm.configuration),
                int(alarm.actions_enabled),
                alarm.configured_at_ms,
                alarm.state,
                alarm.reason,
                alarm.reason_data,
                alarm.state_updated_at_ms,
                alarm.state_transitioned_at_ms,
                alarm.endpoint_url,
            ),
        )

    def set_state(self, alarm: Alarm) -> None:
        """Store state, reason and their moments."""
        self._storage.execute(
            "UPDATE cloudwatch_alarm SET state = ?, reason = ?, reason_data = ?, state_updated_at_ms = ?,"
            " state_transitioned_at_ms = ?, held_until_ms = ? WHERE id = ?",
            (
                alarm.state,
                alarm.reason,
                alarm.reason_data,
                alarm.state_updated_at_ms,
                alarm.state_transitioned_at_ms,
                alarm.held_until_ms,
                alarm.id,
            ),
        )

    def set_actions_enabled(self, alarm_id: int, enabled: bool) -> None:
        self._storage.execute("UPDATE cloudwatch_alarm SET actions_enabled = ? WHERE id = ?", (int(enabled), alarm_id))

    def delete(self, alarm_id: int) -> None:
        self._storage.execute("DELETE FROM cloudwatch_alarm WHERE id = ?", (alarm_id,))


def _alarm(row: Row) -> Alarm:
    values = dict(zip(_FIELDS, row, strict=True))
    values["configuration"] = json.loads(values["configuration"])
    values["actions_enabled"] = bool(values["actions_enabled"])
    return Alarm(**values)
