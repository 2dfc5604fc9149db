"""Event source mappings in the database."""

from __future__ import annotations

import orjson

from onebox.services.lambda_.model import FunctionKey, Mapping
from onebox.storage.database import Row, Storage

_COLUMNS = "uuid, account, region, function_name, qualifier, queue_arn, enabled, configuration, modified_at_ms"


class MappingStore:
    """Rows in, values out."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def insert_mapping(self, mapping: Mapping, tags: dict[str, str]) -> None:
        """Store a new mapping."""
        self._storage.execute(
            f"INSERT INTO lambda_event_source_mappings ({_COLUMNS}, tags) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (*_values(mapping), orjson.dumps(tags).decode()),
        )

    def update_mapping(self, mapping: Mapping) -> None:
        """Replace a mapping's settings."""
        self._storage.execute(
            """UPDATE lambda_event_source_mappings SET function_name = ?, qualifier = ?, enabled = ?,
            configuration = ?, modified_at_ms = ? WHERE uuid = ?""",
            (
                mapping.key.name,
                mapping.qualifier,
                int(mapping.enabled),
                orjson.dumps(mapping.configuration).decode(),
                mapping.modified_at_ms,
                mapping.uuid,
            ),
        )

    def delete_mapping(self, uuid: str) -> None:
        """Delete a mapping if it is there."""
        self._storage.execute("DELETE FROM lambda_event_source_mappings WHERE uuid = ?", (uuid,))

    def find_mapping(self, account: str, region: str, uuid: str) -> Mapping | None:
        """A mapping of this account and region."""
        row = self._storage.first(
            f"""SELECT {_COLUMNS} FROM lambda_event_source_mappings
            WHERE uuid = ? AND account = ? AND region = ?""",
            (uuid, account, region),
        )
        return None if row is None else _mapping(row)

    def list_mappings(
        self,
        account: str,
        region: str,
        *,
        function_name: str | None = None,
        queue_arn: str | None = None,
        after: str = "",
        limit: int = 10_000,
    ) -> list[Mapping]:
        """The mappings of a region in order of their ids, of one function or queue if asked for."""
        rows = self._storage.all(
            f"""SELECT {_COLUMNS} FROM lambda_event_source_mappings
            WHERE account = ?1 AND region = ?2 AND (?3 IS NULL OR function_name = ?3)
            AND (?4 IS NULL OR queue_arn = ?4) AND uuid > ?5 ORDER BY uuid LIMIT ?6""",
            (account, region, function_name, queue_arn, after, limit),
        )
        return [_mapping(row) for row in rows]

    def load_position(self, uuid: str) -> int:
        """The id of the last record of its stream that a mapping has done with."""
        row = self._storage.first("SELECT position FROM lambda_event_source_mappings WHERE uuid = ?", (uuid,))
        return 0 if row is None or row[0] is None else int(row[0])

    def save_position(self, uuid: str, position: int) -> None:
        """The mapping has come so far."""
        self._storage.execute("UPDATE lambda_event_source_mappings SET position = ? WHERE uuid = ?", (position, uuid))

    def all_enabled(self) -> list[Mapping]:
        """Every mapping that takes messages, for the start."""
        rows = self._storage.all(f"SELECT {_COLUMNS} FROM lambda_event_source_mappings WHERE enabled = 1")
        return [_mapping(row) for row in rows]

    def load_tags(self, uuid: str) -> dict[str, str]:
        """The tags of a mapping that exists."""
        row = self._storage.first("SELECT tags FROM lambda_event_source_mappings WHERE uuid = ?", (uuid,))
        assert row is not None
        tags: dict[str, str] = orjson.loads(row[0])
        return tags

    def save_tags(self, uuid: str, tags: dict[str, str]) -> None:
        """Replace a mapping's tags."""
        self._storage.execute(
            "UPDATE lambda_event_source_mappings SET tags = ? WHERE uuid = ?",
            (orjson.dumps(tags).decode(), uuid),
        )


def _values(mapping: Mapping) -> tuple[str | int | None, ...]:
    key = mapping.key
    return (
        mapping.uuid,
        key.account,
        key.region,
        key.name,
        mapping.qualifier,
        mapping.source_arn,
        int(mapping.enabled),
        orjson.dumps(mapping.configuration).decode(),
        mapping.modified_at_ms,
    )


def _mapping(row: Row) -> Mapping:
    uuid, account, region, name, qualifier, queue_arn, enabled, configuration, modified_at_ms = row
    return Mapping(
        uuid,
        FunctionKey(account, region, name),
        qualifier,
        queue_arn,
        bool(enabled),
        orjson.loads(configuration),
        modified_at_ms,
    )
