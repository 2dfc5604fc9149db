"""Exported outputs and the stacks that import them."""

from __future__ import annotations

from onebox.services.cloudformation.model import Stack
from onebox.storage.database import Storage


class ExportStore:
    """The rows."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, account: str, region: str, name: str) -> tuple[str, str] | None:
        """Value and exporting stack."""
        row = self._storage.first(
            "SELECT value, stack_id FROM cloudformation_exports WHERE account = ? AND region = ? AND name = ?",
            (account, region, name),
        )
        return None if row is None else (row[0], row[1])

    def values(self, account: str, region: str) -> dict[str, str]:
        """Every export of an account and region."""
        rows = self._storage.all(
            "SELECT name, value FROM cloudformation_exports WHERE account = ? AND region = ?", (account, region)
        )
        return {row[0]: row[1] for row in rows}

    def page(self, account: str, region: str, after: str, limit: int) -> list[tuple[str, str, str]]:
        """Name, value and exporting stack, by name."""
        rows = self._storage.all(
            "SELECT name, value, stack_id FROM cloudformation_exports "
            "WHERE account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?",
            (account, region, after, limit),
        )
        return [(row[0], row[1], row[2]) for row in rows]

    def of_stack(self, stack_id: str) -> dict[str, str]:
        rows = self._storage.all("SELECT name, value FROM cloudformation_exports WHERE stack_id = ?", (stack_id,))
        return {row[0]: row[1] for row in rows}

    def replace(self, stack: Stack, exports: dict[str, str]) -> None:
        self._storage.execute("DELETE FROM cloudformation_exports WHERE stack_id = ?", (stack.stack_id,))
        self._storage.executemany(
            "INSERT INTO cloudformation_exports (account, region, name, value, stack_id) VALUES (?, ?, ?, ?, ?)",
            [(stack.account, stack.region, name, value, stack.stack_id) for name, value in exports.items()],
        )

    def importers(self, account: str, region: str, export_name: str) -> list[str]:
        """Names of the stacks that import an export."""
        rows = self._storage.all(
            "SELECT s.name FROM cloudformation_imports i JOIN cloudformation_stacks s USING (stack_id) "
            "WHERE i.account = ? AND i.region = ? AND i.name = ? ORDER BY s.name",
            (account, region, export_name),
        )
        return [row[0] for row in rows]

    def add_import(self, stack: Stack, export_name: str) -> None:
        self._storage.execute(
            "INSERT OR IGNORE INTO cloudformation_imports (account, region, name, stack_id) VALUES (?, ?, ?, ?)",
            (stack.account, stack.region, export_name, stack.stack_id),
        )

    def replace_imports(self, stack: Stack, export_names: set[str]) -> None:
        self._storage.execute("DELETE FROM cloudformation_imports WHERE stack_id = ?", (stack.stack_id,))
        for name in sorted(export_names):
            self.add_import(stack, name)
