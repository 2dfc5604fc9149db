"""SQL of the tags of log groups, and nothing else."""

from __future__ import annotations

from onebox.storage.database import Storage


class TagStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def of(self, group_id: int) -> dict[str, str]:
        return dict(self._storage.all("SELECT key, value FROM logs_tag WHERE group_id = ? ORDER BY key", (group_id,)))

    def put(self, group_id: int, tags: dict[str, str]) -> None:
        self._storage.executemany(
            "INSERT INTO logs_tag (group_id, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT DO UPDATE SET value = excluded.value",
            [(group_id, key, value) for key, value in tags.items()],
        )

    def delete(self, group_id: int, keys: list[str]) -> None:
        self._storage.executemany(
            "DELETE FROM logs_tag WHERE group_id = ? AND key = ?", [(group_id, key) for key in keys]
        )
