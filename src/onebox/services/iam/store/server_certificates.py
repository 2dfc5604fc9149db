"""The table of server certificates."""

from __future__ import annotations

import json

from onebox.services.iam.model import ServerCertificate
from onebox.storage.database import Row, Storage

_COLUMNS = "account, name, path, certificate_id, arn, created_at_ms, body, chain, expires_at_ms, tags"


class ServerCertificateStore:
    """Server certificates of all accounts."""

    def __init__(self, storage: Storage) -> None:
        self._db = storage

    def find(self, account: str, name: str) -> ServerCertificate | None:
        """A certificate by name, in any case."""
        row = self._db.first(
            f"SELECT {_COLUMNS} FROM iam_server_certificate WHERE account = ? AND name = ?", (account, name)
        )
        return _certificate(row) if row else None

    def list_page(self, account: str, path_prefix: str, after: str, limit: int) -> list[ServerCertificate]:
        """Certificates under a path by name, after a name."""
        rows = self._db.all(
            f"SELECT {_COLUMNS} FROM iam_server_certificate WHERE account = ? AND name > ? AND substr(path, 1, ?) = ?"
            " ORDER BY name LIMIT ?",
            (account, after, len(path_prefix), path_prefix, limit),
        )
        return [_certificate(row) for row in rows]

    def insert(self, certificate: ServerCertificate) -> None:
        """Add a certificate."""
        values = (
            certificate.account,
            certificate.name,
            certificate.path,
            certificate.id,
            certificate.arn,
            certificate.created_at_ms,
            certificate.body,
            certificate.chain,
            certificate.expires_at_ms,
            json.dumps(certificate.tags),
        )
        marks = ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO iam_server_certificate ({_COLUMNS}) VALUES ({marks})", values)

    def update(self, certificate: ServerCertificate) -> None:
        """Write all that may change."""
        self._db.execute(
            "UPDATE iam_server_certificate SET name = ?, path = ?, arn = ?, tags = ? WHERE certificate_id = ?",
            (certificate.name, certificate.path, certificate.arn, json.dumps(certificate.tags), certificate.id),
        )

    def delete(self, certificate: ServerCertificate) -> None:
        """Remove a certificate."""
        self._db.execute("DELETE FROM iam_server_certificate WHERE certificate_id = ?", (certificate.id,))


def _certificate(row: Row) -> ServerCertificate:
    account, name, path, certificate_id, arn, created_at_ms, body, chain, expires_at_ms, tags = row
    return ServerCertificate(
        account=account,
        name=name,
        path=path,
        id=certificate_id,
        arn=arn,
        created_at_ms=created_at_ms,
        body=body,
        chain=chain,
        expires_at_ms=expires_at_ms,
        tags=json.loads(tags),
    )
