"""Function URLs in the database."""

from __future__ import annotations

import orjson

from onebox.services.lambda_.model import FunctionKey, FunctionUrl
from onebox.storage.database import Row, Storage

_COLUMNS = """url_id, account, region, function_name, qualifier, auth_type, invoke_mode, cors, created_at_ms,
    modified_at_ms"""
_WHERE = "WHERE account = ? AND region = ? AND function_name = ? AND qualifier = ?"


class UrlStore:
    """Rows in, values out. The qualifier is '' for the function itself."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def save(self, url: FunctionUrl) -> None:
        """Store a new URL or replace its settings."""
        key = url.key
        self._storage.execute(
            f"INSERT OR REPLACE INTO lambda_function_urls ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(url.id, key.account, key.region, key.name, url.qualifier, url.auth_type, url.invoke_mode),
                None if url.cors is None else orjson.dumps(url.cors).decode(),
                *(url.created_at_ms, url.modified_at_ms),
            ),
        )

    def find(self, key: FunctionKey, qualifier: str) -> FunctionUrl | None:
        """The URL of a function or alias."""
        row = self._storage.first(
            f"SELECT {_COLUMNS} FROM lambda_function_urls {_WHERE}", (key.account, key.region, key.name, qualifier)
        )
        return None if row is None else _url(row)

    def find_by_id(self, url_id: str) -> FunctionUrl | None:
        """The URL of this id."""
        row = self._storage.first(f"SELECT {_COLUMNS} FROM lambda_function_urls WHERE url_id = ?", (url_id,))
        return None if row is None else _url(row)

    def list_urls(self, key: FunctionKey, after: str | None, limit: int) -> list[FunctionUrl]:
        """The URLs of a function: its own first, then those of its aliases by name; after the qualifier given."""
        rows = self._storage.all(
            f"""SELECT {_COLUMNS} FROM lambda_function_urls
            WHERE account = ? AND region = ? AND function_name = ? AND (? IS NULL OR qualifier > ?)
            ORDER BY qualifier LIMIT ?""",
            (key.account, key.region, key.name, after, after, limit),
        )
        return [_url(row) for row in rows]

    def delete(self, key: FunctionKey, qualifier: str) -> None:
        """Delete the URL of a function or alias, if there is one."""
        self._storage.execute(
            f"DELETE FROM lambda_function_urls {_WHERE}", (key.account, key.region, key.name, qualifier)
        )


def _url(row: Row) -> FunctionUrl:
    url_id, account, region, name, qualifier, auth_type, invoke_mode, cors, created_at_ms, modified_at_ms = row
    return FunctionUrl(
        id=url_id,
        key=FunctionKey(account, region, name),
        qualifier=qualifier,
        auth_type=auth_type,
        invoke_mode=invoke_mode,
        cors=None if cors is None else orjson.loads(cors),
        created_at_ms=created_at_ms,
        modified_at_ms=modified_at_ms,
    )
