"""The table of service-specific credentials."""

from __future__ import annotations

from onebox.services.iam.model import ServiceCredential, User
from onebox.storage.database import Row, Storage

_COLUMNS = "credential_id, user_id, service, user_name, is_active, created_at_ms"


class ServiceCredentialStore:
    """Service-specific credentials of all users."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, user: User, credential_id: str) -> ServiceCredential | None:
        """A credential of the user."""
        row = self._db.first(
            f"SELECT {_COLUMNS} FROM iam_service_credential WHERE credential_id = ? AND user_id = ?",
            (credential_id, user.id),
        )
        return _credential(row) if row else None

    def list_of_user(self, user: User, service: str | None = None) -> list[ServiceCredential]:
        """A user's credentials, of one service or of all."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_service_credential WHERE user_id = ? AND (? IS NULL OR service = ?)"
            " ORDER BY created_at_ms, credential_id",
            (user.id, service, service),
        )
        return [_credential(row) for row in rows]

    def insert(self, credential: ServiceCredential) -> None:
        """Add a credential."""
        values = (
            credential.credential_id,
            credential.user_id,
            credential.service,
            credential.user_name,
            credential.is_active,
            credential.created_at_ms,
        )
        self._db.execute(f"INSERT INTO iam_service_credential ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", values)

    def set_active(self, credential: ServiceCredential, is_active: bool) -> None:
        """Switch a credential on or off."""
        self._db.execute(
            "UPDATE iam_service_credential SET is_active = ? WHERE credential_id = ?",
            (is_active, credential.credential_id),
        )

    def delete(self, credential: ServiceCredential) -> None:
        """Remove a credential."""
        self._db.execute("DELETE FROM iam_service_credential WHERE credential_id = ?", (credential.credential_id,))


def _credential(row: Row) -> ServiceCredential:
    credential_id, user_id, service, user_name, is_active, created_at_ms = row
    return ServiceCredential(
        credential_id=credential_id,
        user_id=user_id,
        service=service,
        user_name=user_name,
        is_active=bool(is_active),
        created_at_ms=created_at_ms,
    )
