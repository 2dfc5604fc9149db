"""The table of repositories."""

from __future__ import annotations

import json

from onebox.services.ecr.model import Repository
from onebox.storage.database import Row, Storage

_COLUMNS = "account, region, name, created_at_ms, settings, policy, lifecycle_policy, lifecycle_evaluated_at_ms, tags"
_KEY = "account = ? AND region = ? AND name = ?"


class RepositoryStore:
    """Repositories of all accounts and regions."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, region: str, name: str) -> Repository | None:
        """A repository by name."""
        row = self._db.first(f"SELECT {_COLUMNS} FROM ecr_repository WHERE {_KEY}", (account, region, name))
        return _repository(row) if row else None

    def list_after(self, account: str, region: str, after: str, limit: int) -> list[Repository]:
        """Repositories by name, after a name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM ecr_repository WHERE account = ? AND region = ? AND name > ?"
            " ORDER BY name LIMIT ?",
            (account, region, after, limit),
        )
        return [_repository(row) for row in rows]

    def count(self, account: str, region: str) -> int:
        """How many there are."""
        row = self._db.first("SELECT count(*) FROM ecr_repository WHERE account = ? AND region = ?", (account, region))
        assert row is not None
        return int(row[0])

    def insert(self, repository: Repository) -> None:
        """Add a repository."""
        values = (
            *_key(repository),
            repository.created_at_ms,
            json.dumps(repository.settings),
            repository.policy,
            repository.lifecycle_policy,
            repository.lifecycle_evaluated_at_ms,
            json.dumps(repository.tags),
        )
        self._db.execute(f"INSERT INTO ecr_repository ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def set_settings(self, repository: Repository, settings: dict[str, object]) -> None:
        """Replace the settings."""
        self._db.execute(
            f"UPDATE ecr_repository SET settings = ? WHERE {_KEY}", (json.dumps(settings), *_key(repository))
        )

    def set_policy(self, repository: Repository, policy: str | None) -> None:
        """Replace or remove the policy."""
        self._db.execute(f"UPDATE ecr_repository SET policy = ? WHERE {_KEY}", (policy, *_key(repository)))

    def set_lifecycle_policy(self, repository: Repository, policy: str | None, now_ms: int | None) -> None:
        """Replace or remove the lifecycle policy."""
        self._db.execute(
            f"UPDATE ecr_repository SET lifecycle_policy = ?, lifecycle_evaluated_at_ms = ? WHERE {_KEY}",
            (policy, now_ms, *_key(repository)),
        )

    def set_tags(self, repository: Repository, tags: dict[str, str]) -> None:
        """Replace the tags."""
        self._db.execute(f"UPDATE ecr_repository SET tags = ? WHERE {_KEY}", (json.dumps(tags), *_key(repository)))

    def delete(self, repository: Repository) -> None:
        """Remove a repository."""
        self._db.execute(f"DELETE FROM ecr_repository WHERE {_KEY}", _key(repository))


def _key(repository: Repository) -> tuple[str, str, str]:
    return repository.account, repository.region, repository.name


def _repository(row: Row) -> Repository:
    account, region, name, created_at_ms, settings, policy, lifecycle_policy, evaluated_at_ms, tags = row
    return Repository(
        account=account,
        region=region,
        name=name,
        created_at_ms=created_at_ms,
        settings=json.loads(settings),
        policy=policy,
        lifecycle_policy=lifecycle_policy,
        lifecycle_evaluated_at_ms=evaluated_at_ms,
        tags=json.loads(tags),
    )
