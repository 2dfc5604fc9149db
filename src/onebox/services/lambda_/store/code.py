"""Archives of functions and layers in the database: in pieces, each archive once, however many versions have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from onebox.services.lambda_.package import Package
from onebox.services.pieces import PIECE_BYTES
from onebox.storage.database import Storage

_UNUSED = "NOT EXISTS (SELECT 1 FROM lambda_code AS c WHERE c.archive_id = a.archive_id)"


@dataclass(frozen=True, slots=True)
class StoredArchive:
    """An archive that is stored as a whole."""

    archive_id: int
    archive_bytes: int

    @property
    def pieces(self) -> range:
        """The positions of its pieces."""
        return range(-(-self.archive_bytes // PIECE_BYTES))


class CodeStore:
    """Rows in, values out. Writes belong inside ``storage.run``."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._on_unused: Callable[[], None] | None = None

    def watch(self, on_unused: Callable[[], None]) -> None:
        """Have ``on_unused`` called after the commit with which an archive is no longer used."""
        self._on_unused = on_unused

    def insert_empty(self, archive_bytes: int) -> int:
        """An archive whose pieces are still to come; its id."""
        self._storage.execute("INSERT INTO lambda_archive (archive_bytes) VALUES (?)", (archive_bytes,))
        return self._storage.last_insert_id()

    def add_piece(self, archive_id: int, position: int, piece: bytes) -> None:
        """Add one piece."""
        self._storage.execute(
            "INSERT INTO lambda_archive_piece (archive_id, position, bytes) VALUES (?, ?, ?)",
            (archive_id, position, piece),
        )

    def save(self, package: Package, archive_id: int | None) -> None:
        """Make an archive the code of its hash, unless that is stored: the one that was stored ahead, else now."""
        if self.find(package.sha256) is not None:
            return
        if archive_id is None:
            archive_id = self.insert_empty(len(package.archive))
            for position, piece in enumerate(package.archive):
                self.add_piece(archive_id, position, piece)
        self._storage.execute(
            "INSERT INTO lambda_code (sha256, archive_id, unzipped_bytes) VALUES (?, ?, ?)",
            (package.sha256, archive_id, package.unzipped_bytes),
        )

    def find(self, sha256: str) -> StoredArchive | None:
        """The archive of a hash, if it is stored."""
        row = self._storage.first(
            "SELECT a.archive_id, a.archive_bytes FROM lambda_code AS c JOIN lambda_archive AS a USING (archive_id) "
            "WHERE c.sha256 = ?",
            (sha256,),
        )
        return None if row is None else StoredArchive(*row)

    def read_piece(self, archive_id: int, position: int) -> bytes | None:
        """One piece; None if the archive is gone."""
        row = self._storage.first(
            "SELECT bytes FROM lambda_archive_piece WHERE archive_id = ? AND position = ?", (archive_id, position)
        )
        return None if row is None else row[0]

    def sum_unzipped_bytes(self, hashes: Iterable[str]) -> int:
        """The size of stored archives, unpacked."""
        total = 0
        for sha256 in hashes:
            row = self._storage.first("SELECT unzipped_bytes FROM lambda_code WHERE sha256 = ?", (sha256,))
            total += 0 if row is None else int(row[0])
        return total

    def delete_if_unused(self, sha256: str) -> None:
        """Let go of an archive that no version runs or has as a layer, and that no layer offers. Its pieces are
        deleted afterwards, a few at a time."""
        self._storage.execute(
            """DELETE FROM lambda_code WHERE sha256 = ?1
            AND NOT EXISTS (SELECT 1 FROM lambda_versions WHERE code_sha256 = ?1)
            AND NOT EXISTS (SELECT 1 FROM lambda_layer_versions WHERE code_sha256 = ?1)
            AND NOT EXISTS (SELECT 1 FROM lambda_layer_uses WHERE code_sha256 = ?1)""",
            (sha256,),
        )
        if self._storage.changes() and self._on_unused is not None:
            self._storage.after_commit(self._on_unused, patient=True)

    def list_unused(self) -> list[int]:
        """The archives that are the code of no hash: those being stored are among them."""
        return [row[0] for row in self._storage.all(f"SELECT archive_id FROM lambda_archive AS a WHERE {_UNUSED}")]

    def delete_pieces(self, archive_id: int, limit: int) -> bool:
        """Delete a few pieces of an archive, and the archive with its last ones; whether some are left."""
        positions: Sequence[tuple[int]] = self._storage.all(
            "SELECT position FROM lambda_archive_piece WHERE archive_id = ? LIMIT ?", (archive_id, limit)
        )
        self._storage.executemany(
            "DELETE FROM lambda_archive_piece WHERE archive_id = ? AND position = ?",
            [(archive_id, position) for (position,) in positions],
        )
        if len(positions) == limit:
            return True
        self._storage.execute("DELETE FROM lambda_archive WHERE archive_id = ?", (archive_id,))
        return False
