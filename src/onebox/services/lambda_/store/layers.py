"""Layers and their versions in the database."""

from __future__ import annotations

import orjson

from onebox.services.context import Wire
from onebox.services.lambda_.layer_names import LayerName
from onebox.services.lambda_.model import LayerVersion
from onebox.storage.database import Row, Storage

_COLUMNS = """account, region, name, number, settings, code_sha256, code_bytes, created_at_ms, statements,
    policy_revision_id"""
_WHERE = "WHERE account = ? AND region = ? AND name = ?"


class LayerStore:
    """Rows in, values out. Writes belong inside ``storage.run``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def take_number(self, layer: LayerName) -> int:
        """The number for the next version of a layer, new or known; never given twice."""
        row = self._storage.first(
            """INSERT INTO lambda_layers VALUES (?, ?, ?, 1)
            ON CONFLICT DO UPDATE SET last_version = last_version + 1 RETURNING last_version""",
            _key(layer),
        )
        assert row is not None
        return int(row[0])

    def insert(self, version: LayerVersion) -> None:
        """Store a version; its code must be stored."""
        self._storage.execute(
            f"INSERT INTO lambda_layer_versions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(version.account, version.region, version.name, version.number),
                orjson.dumps(version.settings).decode(),
                *(version.code_sha256, version.code_bytes, version.created_at_ms),
                orjson.dumps(version.statements).decode(),
                version.policy_revision_id,
            ),
        )

    def find(self, layer: LayerName, number: int) -> LayerVersion | None:
        """A version, unless it is deleted."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM lambda_layer_versions {_WHERE} AND number = ?", (*_key(layer), number)
        )
        return None if row is None else _version(row)

    def list_versions(self, layer: LayerName, below: int, wanted: Wire, limit: int) -> list[LayerVersion]:
        """The versions with a lower number that fit, newest first. ``wanted`` maps ``CompatibleRuntimes`` and
        ``CompatibleArchitectures`` to the member that they must have."""
        condition, values = _compatible(wanted)
        rows = self._storage.all(
            f"""SELECT {_COLUMNS} FROM lambda_layer_versions {_WHERE} AND number < ? {condition}
            ORDER BY number DESC LIMIT ?""",
            (*_key(layer), below, *values, limit),
        )
        return [_version(row) for row in rows]

    def list_newest(self, account: str, region: str, after: str, wanted: Wire, limit: int) -> list[LayerVersion]:
        """The newest version that fits of each layer, in order of the layers' names."""
        condition, values = _compatible(wanted)
        rows = self._storage.all(
            f"""SELECT {_COLUMNS}, max(number) FROM lambda_layer_versions
            WHERE account = ? AND region = ? AND name > ? {condition} GROUP BY name ORDER BY name LIMIT ?""",
            (account, region, after, *values, limit),
        )
        return [_version(row[:-1]) for row in rows]

    def save_policy(self, version: LayerVersion, statements: list[Wire], revision_id: str) -> None:
        """Replace the resource policy of a version."""
        self._storage.execute(
            f"UPDATE lambda_layer_versions SET statements = ?, policy_revision_id = ? {_WHERE} AND number = ?",
            (
                *(orjson.dumps(statements).decode(), revision_id),
                *(version.account, version.region, version.name, version.number),
            ),
        )

    def delete(self, version: LayerVersion) -> None:
        """Delete a version; its archive stays as long as functions have it."""
        self._storage.execute(
            f"DELETE FROM lambda_layer_versions {_WHERE} AND number = ?",
            (version.account, version.region, version.name, version.number),
        )

    def sum_code_bytes(self, account: str, region: str) -> int:
        """The bytes of all versions' archives."""
        row = self._storage.first(
            "SELECT coalesce(sum(code_bytes), 0) FROM lambda_layer_versions WHERE account = ? AND region = ?",
            (account, region),
        )
        assert row is not None
        return int(row[0])


def _compatible(wanted: Wire) -> tuple[str, tuple[str, ...]]:
    conditions = "".join(
        f" AND EXISTS (SELECT 1 FROM json_each(settings, '$.{member}') WHERE value = ?)" for member in wanted
    )
    return conditions, tuple(wanted.values())


def _key(layer: LayerName) -> tuple[str, str, str]:
    return layer.account, layer.region, layer.name


def _version(row: Row) -> LayerVersion:
    account, region, name, number, settings, sha256, code_bytes, created_at_ms, statements, revision_id = row
    return LayerVersion(
        account=account,
        region=region,
        name=name,
        number=number,
        settings=orjson.loads(settings),
        code_sha256=sha256,
        code_bytes=code_bytes,
        created_at_ms=created_at_ms,
        statements=tuple(orjson.loads(statements)),
        policy_revision_id=revision_id,
    )
