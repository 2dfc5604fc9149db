"""SQL of the tags of alarms and dashboards, and nothing else."""

from __future__ import annotations

from onebox.storage.database import Storage


class TagStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def of(self, arn: str) -> dict[str, str]:
        return dict(self._storage.all("SELECT key, value FROM cloudwatch_tag WHERE arn = ? ORDER BY key", (arn,)))

    def put(self, arn: str, tags: dict[str, str]) -> None:
        self._storage.executemany(
            "INSERT INTO cloudwatch_tag (arn, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            [(arn, key, value) for key, value in tags.items()],
        )

    def delete(self, arn: str, keys: list[str]) -> None:
        self._storage.executemany("DELETE FROM cloudwatch_tag WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def delete_all(self, arn: str) -> None:
        self._storage.execute("DELETE FROM cloudwatch_tag WHERE arn = ?", (arn,))
