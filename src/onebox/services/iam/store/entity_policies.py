"""The policies of roles, users and groups: inline ones, and attachments of managed ones."""

from __future__ import annotations

from collections import Counter

from onebox.services.iam.model import Entity
from onebox.storage.database import Storage


class EntityPolicyStore:
    """Inline policies and attachments, by the unique id of their owner."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def list_inline(self, entity: Entity) -> list[tuple[str, str]]:
        """Pairs of name and document, by name."""
        rows = self._db.all(
            "SELECT name, document FROM iam_inline_policy WHERE owner_id = ? ORDER BY name", (entity.id,)
        )
        return [(name, document) for name, document in rows]

    def put_inline(self, entity: Entity, name: str, document: str) -> None:
        """Add a policy, or replace the one of that name."""
        self._db.execute(
            "INSERT INTO iam_inline_policy (owner_id, name, document) VALUES (?, ?, ?)"
            " ON CONFLICT (owner_id, name) DO UPDATE SET document = excluded.document",
            (entity.id, name, document),
        )

    def delete_inline(self, entity: Entity, name: str) -> bool:
        """Remove a policy; whether there was one."""
        self._db.execute("DELETE FROM iam_inline_policy WHERE owner_id = ? AND name = ?", (entity.id, name))
        return self._db.changes() > 0

    def list_attached(self, entity: Entity) -> list[str]:
        """The ARNs of the attached managed policies, in order."""
        rows = self._db.all(
            "SELECT policy_arn FROM iam_attachment WHERE owner_id = ? ORDER BY policy_arn", (entity.id,)
        )
        return [arn for (arn,) in rows]

    def count_attachments(self, account: str, policy_arn: str) -> int:
        """How many entities of the account have the policy."""
        row = self._db.first(
            "SELECT count(*) FROM iam_attachment WHERE account = ? AND policy_arn = ?", (account, policy_arn)
        )
        assert row is not None
        return int(row[0])

    def count_all_attachments(self, account: str) -> Counter[str]:
        """The same for every policy that an entity has."""
        rows = self._db.all(
            "SELECT policy_arn, count(*) FROM iam_attachment WHERE account = ? GROUP BY policy_arn", (account,)
        )
        return Counter(dict(rows))

    def attach(self, entity: Entity, policy_arn: str) -> None:
        """Attach a managed policy; once is enough."""
        self._db.execute(
            "INSERT OR IGNORE INTO iam_attachment (account, owner_id, policy_arn) VALUES (?, ?, ?)",
            (entity.account, entity.id, policy_arn),
        )

    def detach(self, entity: Entity, policy_arn: str) -> bool:
        """Detach a managed policy; whether it was attached."""
        self._db.execute("DELETE FROM iam_attachment WHERE owner_id = ? AND policy_arn = ?", (entity.id, policy_arn))
        return self._db.changes() > 0
