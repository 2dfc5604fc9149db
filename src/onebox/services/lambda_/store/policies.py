"""Resource policies and settings for asynchronous invocation in the database."""

from __future__ import annotations

import orjson

from onebox.services.context import Wire
from onebox.services.lambda_.limits import EVENT_AGE_S_MAX, EVENT_RETRIES_MAX
from onebox.services.lambda_.model import LATEST, EventInvokeConfig, FunctionKey
from onebox.storage.database import Storage

_WHERE = "WHERE account = ? AND region = ? AND function_name = ? AND qualifier = ?"


class PolicyStore:
    """Rows in, values out. The qualifier is '' for the function itself."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find_policy(self, key: FunctionKey, qualifier: str) -> list[Wire] | None:
        """The statements of a resource policy."""
        row = self._storage.first(
            f"SELECT statements FROM lambda_policies {_WHERE}",
            (key.account, key.region, key.name, qualifier),
        )
        return None if row is None else orjson.loads(row[0])

    def save_policy(self, key: FunctionKey, qualifier: str, statements: list[Wire]) -> None:
        """Replace a resource policy; without statements there is none."""
        identity = (key.account, key.region, key.name, qualifier)
        if statements:
            self._storage.execute(
                "INSERT OR REPLACE INTO lambda_policies VALUES (?, ?, ?, ?, ?)",
                (*identity, orjson.dumps(statements).decode()),
            )
        else:
            self._storage.execute(f"DELETE FROM lambda_policies {_WHERE}", identity)

    def find_event_invoke_config(self, key: FunctionKey, qualifier: str) -> tuple[Wire, int] | None:
        """The configuration and when it was changed."""
        row = self._storage.first(
            f"SELECT configuration, modified_at_ms FROM lambda_event_invoke_configs {_WHERE}",
            (key.account, key.region, key.name, qualifier),
        )
        return None if row is None else (orjson.loads(row[0]), row[1])

    def load_event_invoke_config(self, key: FunctionKey, qualifier: str | None) -> EventInvokeConfig:
        """How asynchronous invocations are retried: as configured, else AWS's defaults."""
        found = self.find_event_invoke_config(key, qualifier or LATEST)
        if found is None:
            return EventInvokeConfig(EVENT_RETRIES_MAX, EVENT_AGE_S_MAX)
        configuration, _ = found
        destinations = configuration.get("DestinationConfig") or {}
        return EventInvokeConfig(
            retries_max=configuration.get("MaximumRetryAttempts", EVENT_RETRIES_MAX),
            age_s_max=configuration.get("MaximumEventAgeInSeconds", EVENT_AGE_S_MAX),
            on_failure_arn=(destinations.get("OnFailure") or {}).get("Destination"),
            on_success_arn=(destinations.get("OnSuccess") or {}).get("Destination"),
        )

    def list_event_invoke_configs(self, key: FunctionKey, after: str, limit: int) -> list[tuple[str, Wire, int]]:
        """Qualifier, configuration and time of change of each."""
        rows = self._storage.all(
            """SELECT qualifier, configuration, modified_at_ms FROM lambda_event_invoke_configs
            WHERE account = ? AND region = ? AND function_name = ? AND qualifier > ? ORDER BY qualifier LIMIT ?""",
            (key.account, key.region, key.name, after, limit),
        )
        return [(qualifier, orjson.loads(text), at_ms) for qualifier, text, at_ms in rows]

    def save_event_invoke_config(self, key: FunctionKey, qualifier: str, configuration: Wire, now_ms: int) -> None:
        """Replace the configuration."""
        self._storage.execute(
            "INSERT OR REPLACE INTO lambda_event_invoke_configs VALUES (?, ?, ?, ?, ?, ?)",
            (key.account, key.region, key.name, qualifier, orjson.dumps(configuration).decode(), now_ms),
        )

    def delete_event_invoke_config(self, key: FunctionKey, qualifier: str) -> None:
        """Delete the configuration if there is one."""
        self._storage.execute(
            f"DELETE FROM lambda_event_invoke_configs {_WHERE}",
            (key.account, key.region, key.name, qualifier),
        )
