"""Provisioned concurrency in the database."""

from __future__ import annotations

from onebox.services.lambda_.model import FunctionKey, ProvisionedConcurrency
from onebox.storage.database import Row, Storage

_COLUMNS = "account, region, function_name, qualifier, requested, modified_at_ms"
_NO_LIMIT = -1
"""For SQLite."""
_OF_FUNCTION = "WHERE account = ? AND region = ? AND function_name = ?"


class ProvisionedStore:
    """Rows in, values out. The qualifier is a version's number or an alias."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def save(self, config: ProvisionedConcurrency) -> None:
        """Store a configuration or replace it."""
        self._storage.execute(
            f"INSERT OR REPLACE INTO lambda_provisioned_concurrency ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)",
            (*config.key, config.qualifier, config.requested, config.modified_at_ms),
        )

    def find(self, key: FunctionKey, qualifier: str) -> ProvisionedConcurrency | None:
        """The configuration of a version or alias."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM lambda_provisioned_concurrency {_OF_FUNCTION} AND qualifier = ?",
            (*key, qualifier),
        )
        return None if row is None else _config(row)

    def list_configs(self, key: FunctionKey, after: str = "", limit: int = _NO_LIMIT) -> list[ProvisionedConcurrency]:
        """The configurations of a function, in the order of their qualifiers."""
        rows = self._storage.all(
            f"""SELECT {_COLUMNS} FROM lambda_provisioned_concurrency {_OF_FUNCTION} AND qualifier > ?
            ORDER BY qualifier LIMIT ?""",
            (*key, after, limit),
        )
        return [_config(row) for row in rows]

    def all_keys(self) -> list[FunctionKey]:
        """Every function that has a configuration."""
        rows = self._storage.all("SELECT DISTINCT account, region, function_name FROM lambda_provisioned_concurrency")
        return [FunctionKey(*row) for row in rows]

    def sum_for_function(self, key: FunctionKey, except_qualifier: str = "") -> int:
        """What all configurations of a function request together."""
        row = self._storage.first(
            f"""SELECT coalesce(sum(requested), 0) FROM lambda_provisioned_concurrency {_OF_FUNCTION}
            AND qualifier != ?""",
            (*key, except_qualifier),
        )
        assert row is not None
        return int(row[0])

    def sum_unreserved(self, account: str, region: str) -> int:
        """What the functions without reserved concurrency request together."""
        row = self._storage.first(
            """SELECT coalesce(sum(p.requested), 0) FROM lambda_provisioned_concurrency p JOIN lambda_functions f
            ON f.account = p.account AND f.region = p.region AND f.name = p.function_name
            WHERE p.account = ? AND p.region = ? AND f.reserved_concurrency IS NULL""",
            (account, region),
        )
        assert row is not None
        return int(row[0])

    def delete(self, key: FunctionKey, qualifier: str) -> None:
        """Forget a configuration, if there is one."""
        self._storage.execute(
            f"DELETE FROM lambda_provisioned_concurrency {_OF_FUNCTION} AND qualifier = ?", (*key, qualifier)
        )


def _config(row: Row) -> ProvisionedConcurrency:
    account, region, name, qualifier, requested, modified_at_ms = row
    return ProvisionedConcurrency(FunctionKey(account, region, name), qualifier, requested, modified_at_ms)
