"""SQL of Insights queries and of their saved definitions, and nothing else."""

from __future__ import annotations

import orjson

from onebox.services.logs.model import Query, QueryDefinition
from onebox.storage.database import Row, Storage

_QUERY = (
    "id, account, region, group_names, text, start_s, end_s, result_limit, status, created_at_ms, results, statistics"
)
_WITHOUT_RESULTS = _QUERY.replace("results,", "'[]',")
_DEFINITION = "id, name, group_names, text, modified_at_ms"


class QueryStore:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, account: str, region: str, query_id: str) -> Query | None:
        """A query of the account."""
        row = self._storage.first(
            f"SELECT {_QUERY} FROM logs_query WHERE id = ? AND account = ? AND region = ?", (query_id, account, region)
        )
        return None if row is None else _query(row)

    def insert(self, query: Query) -> None:
        """Add a query that waits for its run."""
        self._storage.execute(
            f"INSERT INTO logs_query ({_QUERY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                query.id,
                query.account,
                query.region,
                orjson.dumps(query.group_names).decode(),
                query.text,
                query.start_s,
                query.end_s,
                query.limit,
                query.status,
                query.created_at_ms,
                query.results,
                query.statistics,
            ),
        )

    def pending(self) -> list[Query]:
        """The queries that wait or run, oldest first."""
        rows = self._storage.all(
            f"SELECT {_QUERY} FROM logs_query WHERE status IN ('Scheduled', 'Running') ORDER BY created_at_ms"
        )
        return [_query(row) for row in rows]

    def count_pending(self, account: str, region: str) -> int:
        """How many queries of a region wait or run."""
        return sum((query.account, query.region) == (account, region) for query in self.pending())

    def set_status(self, query_id: str, status: str) -> None:
        """Move a query on, unless it has ended."""
        self._storage.execute(
            "UPDATE logs_query SET status = ? WHERE id = ? AND status IN ('Scheduled', 'Running')", (status, query_id)
        )

    def complete(self, query_id: str, results: str, statistics: str) -> None:
        """Store the results of a query, unless it was cancelled."""
        self._storage.execute(
            "UPDATE logs_query SET status = 'Complete', results = ?, statistics = ?"
            " WHERE id = ? AND status IN ('Scheduled', 'Running')",
            (results, statistics, query_id),
        )

    def page(
        self, account: str, region: str, *, group: str | None, status: str | None, after: tuple[int, str], limit: int
    ) -> list[Query]:
        """Queries without their results, the newest first, those before ``after`` (moment and id)."""
        rows = self._storage.all(
            f"SELECT {_WITHOUT_RESULTS} FROM logs_query WHERE account = ? AND region = ?"
            " AND (created_at_ms, id) < (?, ?) AND (? IS NULL OR status = ?)"
            " AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(group_names) WHERE value = ?))"
            " ORDER BY created_at_ms DESC, id DESC LIMIT ?",
            (account, region, *after, status, status, group, group, limit),
        )
        return [_query(row) for row in rows]

    def forget(self, before_ms: int, limit: int) -> None:
        """Remove old queries with their results."""
        self._storage.execute(
            "DELETE FROM logs_query WHERE id IN"
            " (SELECT id FROM logs_query WHERE created_at_ms < ? ORDER BY created_at_ms LIMIT ?)",
            (before_ms, limit),
        )

    # -- definitions

    def find_definition(self, account: str, region: str, definition_id: str) -> QueryDefinition | None:
        """A saved query."""
        row = self._storage.first(
            f"SELECT {_DEFINITION} FROM logs_query_definition WHERE id = ? AND account = ? AND region = ?",
            (definition_id, account, region),
        )
        return None if row is None else _definition(row)

    def find_definition_id(self, account: str, region: str, name: str) -> str | None:
        """The id of the saved query of that name."""
        row = self._storage.first(
            "SELECT id FROM logs_query_definition WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else row[0]

    def put_definition(self, account: str, region: str, definition: QueryDefinition) -> None:
        """Add or replace a saved query."""
        self._storage.execute(
            "INSERT INTO logs_query_definition (id, account, region, name, group_names, text, modified_at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
            " group_names = excluded.group_names, text = excluded.text, modified_at_ms = excluded.modified_at_ms",
            (
                definition.id,
                account,
                region,
                definition.name,
                orjson.dumps(definition.group_names).decode(),
                definition.text,
                definition.modified_at_ms,
            ),
        )

    def definitions(self, account: str, region: str, prefix: str, after: str, limit: int) -> list[QueryDefinition]:
        """Saved queries by name, those after ``after``."""
        rows = self._storage.all(
            f"SELECT {_DEFINITION} FROM logs_query_definition WHERE account = ? AND region = ? AND name > ?"
            " AND substr(name, 1, length(?)) = ? ORDER BY name LIMIT ?",
            (account, region, after, prefix, prefix, limit),
        )
        return [_definition(row) for row in rows]

    def delete_definition(self, account: str, region: str, definition_id: str) -> bool:
        """Remove a saved query; whether there was one."""
        self._storage.execute(
            "DELETE FROM logs_query_definition WHERE id = ? AND account = ? AND region = ?",
            (definition_id, account, region),
        )
        return self._storage.changes() == 1


def _query(row: Row) -> Query:
    id_, account, region, group_names, text, start_s, end_s, limit, status, created_at_ms, results, statistics = row
    return Query(
        id=id_,
        account=account,
        region=region,
        group_names=tuple(orjson.loads(group_names)),
        text=text,
        start_s=start_s,
        end_s=end_s,
        limit=limit,
        status=status,
        created_at_ms=created_at_ms,
        results=results,
        statistics=statistics,
    )


def _definition(row: Row) -> QueryDefinition:
    id_, name, group_names, text, modified_at_ms = row
    return QueryDefinition(id_, name, tuple(orjson.loads(group_names)), text, modified_at_ms)
