"""The tables of parameters and their versions."""

from __future__ import annotations

import json

from onebox.services.ssm.model import Parameter, ParameterVersion
from onebox.services.ssm.names import parameter_arn
from onebox.storage.database import Row, Storage

_VERSION = (
    "version, type, value, sealed_value, tier, data_type, key_id, description, allowed_pattern, labels,"
    " modified_at_ms, modified_by"
)
_KEY = "account = ? AND region = ? AND name = ?"
_JOINED = ", ".join(f"v.{column}" for column in _VERSION.split(", "))
_LATEST = (
    f"SELECT p.account, p.region, p.name, p.tags, {_JOINED} FROM ssm_parameter AS p JOIN ssm_parameter_version AS v"
    " ON v.account = p.account AND v.region = p.region AND v.name = p.name AND v.version = p.latest_version"
)


class ParameterStore:
    """Parameters of all accounts and regions."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, region: str, name: str) -> Parameter | None:
        """A parameter with its latest version."""
        row = self._db.first(f"{_LATEST} WHERE p.account = ? AND p.region = ? AND p.name = ?", (account, region, name))
        return _parameter(row) if row else None

    def list_after(self, account: str, region: str, after: str, prefix: str, limit: int) -> list[Parameter]:
        """Parameters whose names begin with ``prefix``, by name, after a name."""
        begin, end = prefix, f"{prefix}\U0010ffff"
        rows = self._db.all(
            f"{_LATEST} WHERE p.account = ? AND p.region = ? AND p.name > ? AND p.name >= ? AND p.name < ?"
            " ORDER BY p.name LIMIT ?",
            (account, region, after, begin, end, limit),
        )
        return [_parameter(row) for row in rows]

    def count(self, account: str, region: str) -> int:
        """How many there are."""
        row = self._db.first("SELECT count(*) FROM ssm_parameter WHERE account = ? AND region = ?", (account, region))
        assert row is not None
        return int(row[0])

    def find_version(self, parameter: Parameter, version: int) -> ParameterVersion | None:
        """One version."""
        row = self._db.first(
            f"SELECT {_VERSION} FROM ssm_parameter_version WHERE {_KEY} AND version = ?", (*_key(parameter), version)
        )
        return _version(row) if row else None

    def list_versions(self, parameter: Parameter, after: int = 0, limit: int = 1_000) -> list[ParameterVersion]:
        """The versions, oldest first; at most 100 are kept."""
        rows = self._db.all(
            f"SELECT {_VERSION} FROM ssm_parameter_version WHERE {_KEY} AND version > ? ORDER BY version LIMIT ?",
            (*_key(parameter), after, limit),
        )
        return [_version(row) for row in rows]

    def insert(self, parameter: Parameter) -> None:
        """Add a parameter with its first version."""
        self._db.execute(
            "INSERT INTO ssm_parameter (account, region, name, latest_version, tags) VALUES (?, ?, ?, ?, ?)",
            (*_key(parameter), parameter.latest.version, json.dumps(parameter.tags)),
        )
        self._insert_version(parameter)

    def add_version(self, parameter: Parameter) -> None:
        """Add the latest version to a parameter that exists."""
        self._insert_version(parameter)
        self._db.execute(
            f"UPDATE ssm_parameter SET latest_version = ? WHERE {_KEY}",
            (parameter.latest.version, *_key(parameter)),
        )

    def set_labels(self, parameter: Parameter, version: int, labels: tuple[str, ...]) -> None:
        """Replace the labels of a version."""
        self._db.execute(
            f"UPDATE ssm_parameter_version SET labels = ? WHERE {_KEY} AND version = ?",
            (json.dumps(labels), *_key(parameter), version),
        )

    def set_tags(self, parameter: Parameter, tags: dict[str, str]) -> None:
        """Replace the tags."""
        self._db.execute(f"UPDATE ssm_parameter SET tags = ? WHERE {_KEY}", (json.dumps(tags), *_key(parameter)))

    def delete_version(self, parameter: Parameter, version: int) -> None:
        """Remove a version."""
        self._db.execute(f"DELETE FROM ssm_parameter_version WHERE {_KEY} AND version = ?", (*_key(parameter), version))

    def delete(self, parameter: Parameter) -> None:
        """Remove a parameter with its versions."""
        self._db.execute(f"DELETE FROM ssm_parameter_version WHERE {_KEY}", _key(parameter))
        self._db.execute(f"DELETE FROM ssm_parameter WHERE {_KEY}", _key(parameter))

    def _insert_version(self, parameter: Parameter) -> None:
        latest = parameter.latest
        values = (
            *_key(parameter),
            latest.version,
            latest.type,
            latest.value,
            latest.sealed_value,
            latest.tier,
            latest.data_type,
            latest.key_id,
            latest.description,
            latest.allowed_pattern,
            json.dumps(latest.labels),
            latest.modified_at_ms,
            latest.modified_by,
        )
        marks = ", ".join("?" * len(values))
        self._db.execute(
            f"INSERT INTO ssm_parameter_version (account, region, name, {_VERSION}) VALUES ({marks})", values
        )


def _key(parameter: Parameter) -> tuple[str, str, str]:
    return parameter.account, parameter.region, parameter.name


def _parameter(row: Row) -> Parameter:
    account, region, name, tags, *version = row
    return Parameter(
        account=account,
        region=region,
        name=name,
        arn=parameter_arn(account, region, name),
        tags=json.loads(tags),
        latest=_version(tuple(version)),
    )


def _version(row: Row) -> ParameterVersion:
    version, kind, value, sealed, tier, data_type, key_id, description, pattern, labels, modified_ms, by = row
    return ParameterVersion(
        version=version,
        type=kind,
        value=value,
        sealed_value=sealed,
        tier=tier,
        data_type=data_type,
        key_id=key_id,
        description=description,
        allowed_pattern=pattern,
        labels=tuple(json.loads(labels)),
        modified_at_ms=modified_ms,
        modified_by=by,
    )
