"""Functions, versions, aliases and tags in the database."""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.context import Wire
from onebox.services.lambda_.model import LATEST, Alias, FunctionKey, FunctionVersion, version_number
from onebox.services.lambda_.store.code import CodeStore
from onebox.storage.database import Row, Storage

_VERSION_COLUMNS = """v.account, v.region, v.function_name, v.number, v.configuration, v.revision_id, v.code_sha256,
    v.code_bytes, v.modified_at_ms, f.reserved_concurrency"""
_CACHED_MAX = 1000
_VERSION_JOIN = """FROM lambda_versions v JOIN lambda_functions f
    ON f.account = v.account AND f.region = v.region AND f.name = v.function_name"""
_VERSION_DIGITS_MAX = 18
_FIND_VERSION = f"""SELECT {_VERSION_COLUMNS} {_VERSION_JOIN}
    WHERE v.account = ? AND v.region = ? AND v.function_name = ? AND v.number = ?"""


class FunctionStore:
    """Rows in, values out. Writes belong inside ``storage.run``."""

    def __init__(self, storage: Storage, code: CodeStore) -> None:
        self._storage = storage
        self._code = code
        self._cached: dict[tuple[FunctionKey, str | None], FunctionVersion] = {}

    # For invocations

    def find_cached(self, key: FunctionKey, qualifier: str | None) -> FunctionVersion | None:
        """What :meth:`cache` was given, unless the function has changed since."""
        return self._cached.get((key, qualifier))

    def cache(self, key: FunctionKey, qualifier: str | None, function: FunctionVersion) -> None:
        """Keep in memory which version a qualifier means. Only outside of jobs that write: what such a job reads
        may be undone with it."""
        if len(self._cached) >= _CACHED_MAX:
            self._cached.clear()
        self._cached[key, qualifier] = function

    def _forget(self, key: FunctionKey) -> None:
        """Called with every write that concerns a function."""
        for known in [known for known in self._cached if known[0] == key]:
            del self._cached[known]

    # Functions

    def insert_function(self, function: FunctionVersion, tags: dict[str, str]) -> None:
        """Store a new function with its ``$LATEST``."""
        key = function.key
        self._storage.execute(
            "INSERT INTO lambda_functions (account, region, name, tags) VALUES (?, ?, ?, ?)",
            (key.account, key.region, key.name, _json(tags)),
        )
        self.insert_version(function)

    def delete_function(self, key: FunctionKey) -> None:
        """Delete the function and all that belongs to it."""
        self._forget(key)
        hashes = self._storage.all(
            """SELECT code_sha256 FROM lambda_versions WHERE account = ?1 AND region = ?2 AND function_name = ?3
            UNION SELECT code_sha256 FROM lambda_layer_uses
            WHERE account = ?1 AND region = ?2 AND function_name = ?3""",
            _key(key),
        )
        self._storage.execute("DELETE FROM lambda_functions WHERE account = ? AND region = ? AND name = ?", _key(key))
        for (sha256,) in hashes:
            self._code.delete_if_unused(sha256)

    def list_functions(self, account: str, region: str, after: str, limit: int) -> list[FunctionVersion]:
        """``$LATEST`` of the functions whose name comes after ``after``."""
        rows = self._storage.all(
            f"""SELECT {_VERSION_COLUMNS} {_VERSION_JOIN}
            WHERE v.account = ? AND v.region = ? AND v.function_name > ? AND v.number = 0
            ORDER BY v.function_name LIMIT ?""",
            (account, region, after, limit),
        )
        return [_version(row) for row in rows]

    def list_all_versions(self, account: str, region: str, name: str, number: int, limit: int) -> list[FunctionVersion]:
        """The versions of all functions, by name and number, after the version given."""
        rows = self._storage.all(
            f"""SELECT {_VERSION_COLUMNS} {_VERSION_JOIN}
            WHERE v.account = ? AND v.region = ? AND (v.function_name, v.number) > (?, ?)
            ORDER BY v.function_name, v.number LIMIT ?""",
            (account, region, name, number, limit),
        )
        return [_version(row) for row in rows]

    def count_functions(self, account: str, region: str) -> tuple[int, int]:
        """How many functions there are, and the bytes of all their versions' code."""
        row = self._storage.first(
            """SELECT count(DISTINCT function_name), coalesce(sum(code_bytes), 0) FROM lambda_versions
            WHERE account = ? AND region = ?""",
            (account, region),
        )
        assert row is not None
        return row[0], row[1]

    def reserve_concurrency(self, key: FunctionKey, reserved: int | None) -> None:
        """Set or clear the function's reserved concurrency."""
        self._forget(key)
        self._storage.execute(
            "UPDATE lambda_functions SET reserved_concurrency = ? WHERE account = ? AND region = ? AND name = ?",
            (reserved, *_key(key)),
        )

    def sum_reserved(self, account: str, region: str, except_name: str = "") -> int:
        """The concurrency that the account's functions have reserved."""
        row = self._storage.first(
            """SELECT coalesce(sum(reserved_concurrency), 0) FROM lambda_functions
            WHERE account = ? AND region = ? AND name != ?""",
            (account, region, except_name),
        )
        assert row is not None
        return int(row[0])

    def load_tags(self, key: FunctionKey) -> dict[str, str]:
        """The function's tags; the function must exist."""
        row = self._storage.first(
            "SELECT tags FROM lambda_functions WHERE account = ? AND region = ? AND name = ?", _key(key)
        )
        assert row is not None
        tags: dict[str, str] = orjson.loads(row[0])
        return tags

    def save_tags(self, key: FunctionKey, tags: dict[str, str]) -> None:
        """Replace the function's tags."""
        self._storage.execute(
            "UPDATE lambda_functions SET tags = ? WHERE account = ? AND region = ? AND name = ?",
            (_json(tags), *_key(key)),
        )

    # Versions

    def find_version(self, key: FunctionKey, version: str) -> FunctionVersion | None:
        """A version by its name, ``$LATEST`` or a number."""
        if len(version) > _VERSION_DIGITS_MAX:  # beyond what SQLite stores, and beyond any version there is
            return None
        number = version_number(version)
        row = self._storage.first(_FIND_VERSION, (key.account, key.region, key.name, number))
        return None if row is None else _version(row)

    def list_versions(self, key: FunctionKey, from_number: int, limit: int) -> list[FunctionVersion]:
        """The versions in order of their numbers, ``$LATEST`` first."""
        rows = self._storage.all(
            f"""SELECT {_VERSION_COLUMNS} {_VERSION_JOIN}
            WHERE v.account = ? AND v.region = ? AND v.function_name = ? AND v.number >= ?
            ORDER BY v.number LIMIT ?""",
            (*_key(key), from_number, limit),
        )
        return [_version(row) for row in rows]

    def find_newest_published(self, key: FunctionKey) -> FunctionVersion | None:
        """The published version with the highest number."""
        row = self._storage.first(
            f"""SELECT {_VERSION_COLUMNS} {_VERSION_JOIN}
            WHERE v.account = ? AND v.region = ? AND v.function_name = ? AND v.number > 0
            ORDER BY v.number DESC LIMIT 1""",
            _key(key),
        )
        return None if row is None else _version(row)

    def take_version_number(self, key: FunctionKey) -> str:
        """The number for the next published version; never given twice."""
        row = self._storage.first(
            """UPDATE lambda_functions SET last_version = last_version + 1
            WHERE account = ? AND region = ? AND name = ? RETURNING last_version""",
            _key(key),
        )
        assert row is not None
        return str(row[0])

    def insert_version(self, function: FunctionVersion) -> None:
        """Store a version; its code must be stored."""
        self._storage.execute(
            "INSERT INTO lambda_versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*_key(function.key), version_number(function.version), *_version_values(function)),
        )
        self._save_layer_uses(function)

    def update_latest(self, function: FunctionVersion) -> None:
        """Replace ``$LATEST``."""
        self._forget(function.key)
        assert function.version == LATEST
        self._storage.execute(
            """UPDATE lambda_versions SET configuration = ?, revision_id = ?, code_sha256 = ?, code_bytes = ?,
            modified_at_ms = ? WHERE account = ? AND region = ? AND function_name = ? AND number = 0""",
            (*_version_values(function), *_key(function.key)),
        )
        self._save_layer_uses(function)

    def set_revision(self, key: FunctionKey, version: str, revision_id: str) -> None:
        """Give a version another revision, and nothing else."""
        self._forget(key)
        self._storage.execute(
            """UPDATE lambda_versions SET revision_id = ?
            WHERE account = ? AND region = ? AND function_name = ? AND number = ?""",
            (revision_id, *_key(key), version_number(version)),
        )

    def delete_version(self, function: FunctionVersion) -> None:
        """Delete a published version."""
        self._forget(function.key)
        self._storage.execute(
            """DELETE FROM lambda_versions
            WHERE account = ? AND region = ? AND function_name = ? AND number = ?""",
            (*_key(function.key), version_number(function.version)),
        )
        for sha256 in (function.code_sha256, *function.layer_hashes):
            self._code.delete_if_unused(sha256)

    def _save_layer_uses(self, function: FunctionVersion) -> None:
        """Keep the archives of a version's layers, and no longer those it had before."""
        identity = (*_key(function.key), version_number(function.version))
        before = self._storage.all(
            """DELETE FROM lambda_layer_uses
            WHERE account = ? AND region = ? AND function_name = ? AND number = ? RETURNING code_sha256""",
            identity,
        )
        hashes = set(function.layer_hashes)
        for sha256 in hashes:
            self._storage.execute("INSERT INTO lambda_layer_uses VALUES (?, ?, ?, ?, ?)", (*identity, sha256))
        for (sha256,) in before:
            if sha256 not in hashes:
                self._code.delete_if_unused(sha256)

    # Aliases

    def find_alias(self, key: FunctionKey, name: str) -> Alias | None:
        """An alias by name."""
        row = self._storage.first(
            """SELECT * FROM lambda_aliases
            WHERE account = ? AND region = ? AND function_name = ? AND name = ?""",
            (*_key(key), name),
        )
        return None if row is None else _alias(row)

    def list_aliases(self, key: FunctionKey, after: str, limit: int) -> list[Alias]:
        """Aliases in order of their names."""
        rows = self._storage.all(
            """SELECT * FROM lambda_aliases WHERE account = ? AND region = ? AND function_name = ? AND name > ?
            ORDER BY name LIMIT ?""",
            (*_key(key), after, limit),
        )
        return [_alias(row) for row in rows]

    def save_alias(self, alias: Alias) -> None:
        """Store a new alias or replace it."""
        self._forget(alias.key)
        self._storage.execute(
            "INSERT OR REPLACE INTO lambda_aliases VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *_key(alias.key),
                alias.name,
                alias.version,
                alias.description,
                _json(alias.additional_version_weights),
                alias.revision_id,
            ),
        )

    def delete_alias(self, key: FunctionKey, name: str) -> None:
        """Delete an alias if it is there."""
        self._forget(key)
        self._storage.execute(
            "DELETE FROM lambda_aliases WHERE account = ? AND region = ? AND function_name = ? AND name = ?",
            (*_key(key), name),
        )


def _key(key: FunctionKey) -> tuple[str, str, str]:
    return key.account, key.region, key.name


def _json(value: Wire | dict[str, str] | dict[str, float]) -> str:
    return orjson.dumps(value).decode()


def _version_values(function: FunctionVersion) -> tuple[Any, ...]:
    return (
        _json(function.configuration),
        function.revision_id,
        function.code_sha256,
        function.code_bytes,
        function.modified_at_ms,
    )


def _version(row: Row) -> FunctionVersion:
    account, region, name, number, configuration, revision_id, sha256, code_bytes, modified_at_ms, reserved = row
    return FunctionVersion(
        FunctionKey(account, region, name),
        str(number) if number else LATEST,
        orjson.loads(configuration),
        revision_id,
        sha256,
        code_bytes,
        modified_at_ms,
        reserved,
    )


def _alias(row: Row) -> Alias:
    account, region, function_name, name, version, description, weights, revision_id = row
    key = FunctionKey(account, region, function_name)
    return Alias(key, name, version, description, orjson.loads(weights), revision_id)
