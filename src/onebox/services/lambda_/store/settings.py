"""Settings of functions, and code signing configurations, in the database."""

from __future__ import annotations

import orjson

from onebox.services.context import Wire
from onebox.services.lambda_.model import FunctionKey
from onebox.storage.database import Storage

_WHERE = "WHERE account = ? AND region = ? AND function_name = ? AND qualifier = ? AND name = ?"


class SettingStore:
    """Rows in, values out. A setting is ``recursion``, ``runtime`` or ``code-signing``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, key: FunctionKey, name: str, qualifier: str = "") -> Wire | None:
        """A setting of a function, or of one of its versions."""
        row = self._storage.first(
            f"SELECT setting FROM lambda_function_settings {_WHERE}",
            (key.account, key.region, key.name, qualifier, name),
        )
        return None if row is None else orjson.loads(row[0])

    def save(self, key: FunctionKey, name: str, setting: Wire, qualifier: str = "") -> None:
        """Store or replace a setting."""
        self._storage.execute(
            "INSERT OR REPLACE INTO lambda_function_settings VALUES (?, ?, ?, ?, ?, ?)",
            (key.account, key.region, key.name, qualifier, name, orjson.dumps(setting).decode()),
        )

    def delete(self, key: FunctionKey, name: str) -> None:
        """Forget a setting."""
        self._storage.execute(
            f"DELETE FROM lambda_function_settings {_WHERE}", (key.account, key.region, key.name, "", name)
        )

    def list_signed_functions(self, account: str, region: str, config_arn: str, after: str, limit: int) -> list[str]:
        """The names of the functions with a code signing configuration."""
        rows = self._storage.all(
            """SELECT function_name FROM lambda_function_settings
            WHERE account = ? AND region = ? AND name = 'code-signing' AND setting ->> 'CodeSigningConfigArn' = ?
            AND function_name > ? ORDER BY function_name LIMIT ?""",
            (account, region, config_arn, after, limit),
        )
        return [row[0] for row in rows]

    # Code signing configurations

    def find_signing_config(self, account: str, region: str, config_id: str) -> Wire | None:
        """A configuration."""
        row = self._storage.first(
            "SELECT configuration FROM lambda_code_signing_configs WHERE account = ? AND region = ? AND id = ?",
            (account, region, config_id),
        )
        return None if row is None else orjson.loads(row[0])

    def save_signing_config(self, account: str, region: str, config: Wire) -> None:
        """Store or replace a configuration."""
        self._storage.execute(
            "INSERT OR REPLACE INTO lambda_code_signing_configs VALUES (?, ?, ?, ?)",
            (account, region, config["CodeSigningConfigId"], orjson.dumps(config).decode()),
        )

    def delete_signing_config(self, account: str, region: str, config_id: str) -> None:
        """Delete a configuration."""
        self._storage.execute(
            "DELETE FROM lambda_code_signing_configs WHERE account = ? AND region = ? AND id = ?",
            (account, region, config_id),
        )

    def list_signing_configs(self, account: str, region: str, after: str, limit: int) -> list[Wire]:
        """Configurations in order of their ids."""
        rows = self._storage.all(
            """SELECT configuration FROM lambda_code_signing_configs
            WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?""",
            (account, region, after, limit),
        )
        return [orjson.loads(row[0]) for row in rows]
