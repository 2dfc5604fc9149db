"""Writing a row whether or not it exists."""

from __future__ import annotations

from typing import Any

from onebox.storage.database import Storage


def save_row(storage: Storage, table: str, columns: str, key: str, values: tuple[Any, ...]) -> None:
    """Insert the row, or update the one with the same key. ``columns`` and ``key`` are comma-separated names."""
    names = columns.split(", ")
    keys = key.split(", ")
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
    marks = ", ".join("?" * len(names))
    storage.execute(
        f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {updates}", values
    )
